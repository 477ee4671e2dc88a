"""A network that scores the steps of long videos to a version folder, checked before it gets its number."""

import os
from collections.abc import Sequence

import keras

from res3d.geometry import ClipSpec
from res3d.spans.contract import SpanSpec
from serving.exporter import model_reading, saved_model
from serving.exporter.card import make_card, to_json
from serving.exporter.network import Network
from serving.exporter.precision import Precision, eager
from serving.exporter.steps.signature import MOST, make_span_signatures
from serving.verify.step_answers import StepAnswers

SPANS_FILE = "spans.json"


def export_spans(model: keras.Model, directory: str | os.PathLike, spec: SpanSpec, version: int | None = None, *,
                 clip: ClipSpec | None = None, warmup_batches: Sequence[int] = (1,), card: dict | None = None,
                 verified: bool = True, runtime: str | os.PathLike | None = None) -> str:
    """Writes `directory/VERSION`, a SavedModel that scores the steps of a window and finds the spans in it.

    As `serving.export`, every signature is compared with Keras, and `spans` with NumPy, before the version gets its
    number. Batch norms stay as they are, so that a video's spans are those of `res3d predict` to the last digit: a
    score that crosses a level by 1e-6 moves a span by a step. The contract is `spans.json` beside `clip.json`, and
    `spans` in the model card, which `describe` gives.

    Args:
        model: Keras model, uint8 windows in and logits `(batch, steps, classes)` out, as `res3d.step_classifier` makes.
        directory: the model's folder; its name is the name it is served under.
        spec: SpanSpec. How spans are read off the scores; the rate in steps a second.
        version: int or None. None takes the next free number.
        clip: ClipSpec, or None to read the one inside the model.
        warmup_batches: ints. Batch sizes of the warm-up requests, for each signature.
        card: dict of JSON values to add to the model card, such as metrics.
        verified: bool. False skips the verification, and the card says so.
        runtime: folder of another TensorFlow package whose library verifies the export, or None.

    Returns:
        The path of the version folder.

    Raises:
        ValueError: for a model, contract or clip that do not fit each other, or an export that fails its verification;
            nothing is left behind.
        FileExistsError: if the version is there already.
    """
    directory = saved_model.destination(directory, version)
    clip = model_reading.read_clip(model) if clip is None else clip
    _check(model, clip, spec)
    network = Network(model, clip, fold=False)
    facts = {**make_card(model, clip, spec.labels, not spec.none_class, Precision()), "spans": spec.to_dict()}
    extra = card or {}
    text = to_json({**facts, **extra})
    signatures = make_span_signatures(network, clip, spec, text)
    names = {name: function.input_signature[0].name for name, function in signatures.items()}

    def logs():
        return StepAnswers(eager(network), clip, spec, text, MOST).logs(names)

    return saved_model.write_version(directory, version, network.variables, signatures, clip, spec.labels,
                                     {**facts, "signatures": names}, extra, logs=logs if verified else None,
                                     warmup_batches=warmup_batches, runtime=runtime, files={SPANS_FILE: spec.to_json()})


def _check(model, clip, spec):
    """Raises ValueError where model, clip and contract are not of each other."""
    model_reading.check_ends(model, clip, steps=True)
    model_reading.check_labels(spec.labels, len(spec.labels))
    if model.output_shape[-1] != spec.num_classes or clip.frames != spec.window:
        raise ValueError(f"The contract is of windows of {spec.window} steps and {spec.num_classes} scores. Received: "
                         f"model '{model.name}' that takes {clip.frames} frames and gives {model.output_shape[-1]} "
                         "scores. Use the spans.json of the run that trained it.")
    ends = model_reading.output_activation(model)
    if ends is not None:
        raise ValueError(f"A model that finds spans gives logits. Received: model '{model.name}', which ends in a "
                         f"{ends}. Leave that out: the contract says how logits become scores.")
