"""A trained model to a version folder that TensorFlow Serving loads as it is, checked before it gets its number."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from pipelines.storage.addresses import on_disk
from res3d.geometry import ClipSpec
from res3d.quiet import logged_from
from serving.exporter import model_reading, staging
from serving.exporter.card import MODEL_CARD_FILE, make_card, to_json
from serving.exporter.precision import eager, prepare
from serving.exporter.reference import Reference
from serving.exporter.signature import make_signatures
from serving.tensors import tfrecord
from serving.verify import compare, warmup_requests
from serving.verify.known_answers import KnownAnswers

STEPS = ("folding", "writing", "comparing", "verifying")
BFLOAT16_TOLERANCE = 0.05  # 8 bits of mantissa; a fused graph rounds in other places than one op after another


def export(model: keras.Model, directory: str | os.PathLike, labels: Sequence[str] | None = None,
           version: int | None = None, *, clip: ClipSpec | None = None, multi_label: bool | None = None, top: int = 5,
           fold: bool = True, dtype: str = "float32", quantize: str | None = None, warmup_batches: Sequence[int] = (1,),
           samples: np.ndarray | tuple | None = None, card: dict | None = None, verified: bool = True,
           runtime: str | os.PathLike | None = None, activation: str | None = None,
           progress: Callable | None = None) -> str:
    """Writes `directory/VERSION`, a SavedModel with every signature of `serving.exporter`.

    The folder is written under a name that no server takes for a version, loaded in a fresh process by TensorFlow's C++
    session, every signature is compared with Keras at batch 1 and 2, the warm-up requests are run; then it is renamed.

    Args:
        model: Keras model, uint8 clips in and logits (or softmax, or sigmoid) out, as `res3d.build` makes it.
        directory: the model's folder; its name is the name it is served under.
        labels: strings, one an output, in their order; None numbers them.
        version: int or None. None takes the next free number.
        clip: ClipSpec, or None to read the one inside the model.
        multi_label: bool or None. Scores by sigmoid; None takes it where the model gives sigmoids.
        top: int. Labels named in `top_classes`.
        fold: bool. Fold batch norms into convolutions, if all scores stay within 1e-5.
        dtype: "float32" or "bfloat16". What the layers compute in, also if they were trained in another precision.
        quantize: None or "int8". Convolution kernels saved in 8 bits and widened at loading: a quarter of the file.
        warmup_batches: ints. Batch sizes of the warm-up requests, for each signature.
        samples: uint8 clips `(n, *clip.shape)`, or (clips, int labels): what a change of precision is measured on.
        card: dict of JSON values to add to the model card, such as metrics.
        verified: bool. False skips the verification, and the card says so.
        runtime: folder of another TensorFlow package whose library verifies the export, or None.
        activation: "logits", "softmax" or "sigmoid", what the model's numbers are; None judges by how it is made and by
            what it gives for some clips, and refuses to guess.
        progress: None, or a function that is called with the name of each step as it begins: one of `STEPS`.

    Returns:
        The path of the version folder.

    Raises:
        ValueError: for a model, labels or clip that do not fit each other, or an export that fails its verification;
            nothing is left behind.
        FileExistsError: if the version is there already.
    """
    directory = destination(directory, version)
    if type(top) is not int or top < 1:
        raise ValueError(f"`top` must be an int of at least 1. Received: top={top!r}.")
    clip = model_reading.read_clip(model) if clip is None else clip
    model_reading.check_ends(model, clip)
    labels = model_reading.check_labels(labels, model.output_shape[-1])
    step = progress or (lambda name: None)
    step("folding")
    reference = Reference(model, clip, activation)
    multi_label = reference.multi_label(multi_label)

    network, precision = prepare(model, clip, activation=reference.activation, fold=fold, dtype=dtype,
                                 quantize=quantize, multi_label=multi_label, samples=samples)
    facts, extra = make_card(model, clip, labels, multi_label, precision), card or {}
    text = to_json({**facts, **extra})  # what the model says of itself: it cannot know yet how it will be verified
    signatures = make_signatures(network, clip, labels, text, network.features, multi_label, top)
    names = {name: function.input_signature[0].name for name, function in signatures.items()}

    def logs():
        step("comparing")
        features = eager(network.features) if network.features is not None else None
        known = KnownAnswers(eager(network), features, clip, labels, text, multi_label, top)
        reference.compare(known, precision)
        step("verifying")
        return known.logs(names)

    step("writing")
    return write_version(directory, version, network.variables, signatures, clip, labels,
                         {**facts, "signatures": names}, extra, logs=logs if verified else None,
                         warmup_batches=warmup_batches, dtype=dtype, runtime=runtime)


def write_version(directory, version, variables, signatures, clip, labels, facts, extra, *, logs=None,
                  warmup_batches=(1,), dtype="float32", runtime=None, files=None):
    """Writes a version folder aside, verifies it, and gives it its number; returns its path.

    Args:
        directory, version, clip, labels, warmup_batches, dtype, runtime: as of `export`.
        variables: what the signatures read.
        signatures: {name: tf.function}.
        facts, extra: dicts of the model card, of which the latter comes last; `facts["signatures"]` has the aliases.
        logs: function that gives the requests with their answers to verify with, or None not to.
        files: {name: text} of further files beside the labels.
    """
    names = facts["signatures"]
    with staging.staged(directory) as folder:
        _save(folder, variables, signatures)
        _write_warmup(folder, names, clip, warmup_batches)
        report = None if logs is None else _verify(folder, directory, logs(), dtype, runtime)
        _write_assets(folder, clip, labels, to_json({**facts, "verified": report, **extra}), files or {})
        path = staging.publish(folder, directory, version)
    logging.debug("Exported %s: %s", path, _summary(report))
    return str(path)


def _save(folder, variables, signatures):
    module = tf.Module()
    module.read = variables  # the variables themselves: held by a Keras model they would not be found by the C++ loader
    module.functions = signatures
    try:
        with logged_from(logging.WARNING):  # it tells of every function whose captured weights have no name
            tf.saved_model.save(module, str(folder), signatures=signatures)
    except tf.errors.OpError as error:  # how TensorFlow tells of a full disk
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(f"An export must be written whole to '{folder.parent}'. Writing failed: {reason}. Nothing was "
                      "left there. Make room, or name another folder.") from error


def _write_warmup(folder, names, clip, batches):
    """The warm-up requests of every signature, where TensorFlow Serving looks for them."""
    picture = tf.io.encode_jpeg(np.full(clip.shape[1:], 128, np.uint8)).numpy()
    (folder / "assets.extra").mkdir()
    tfrecord.write(folder / "assets.extra" / warmup_requests.WARMUP_FILE,
                   (log.SerializeToString()
                    for log in warmup_requests.warmup_requests(names, clip, picture, batches)))


def _verify(folder, directory, logs, dtype, runtime):
    tolerance = compare.TOLERANCE if dtype == "float32" else BFLOAT16_TOLERANCE
    with tempfile.TemporaryDirectory() as aside:
        answers = os.path.join(aside, "answers.tfrecord")
        tfrecord.write(answers, (log.SerializeToString() for log in logs))
        try:
            report = compare.verify_version(folder, answers, tolerance, runtime)
        except compare.VerificationError as error:
            raise compare.VerificationError(
                f"An export must load in TensorFlow Serving and answer as Keras does. The export to '{directory}' was "
                f"refused: {error}. Nothing was left there.") from None
    if report["without_c_library"]:
        logging.warning("Verified by %s: %s", report["runtime"], report["without_c_library"])
    return report


def _write_assets(folder, clip, labels, card, files):
    """labels.txt, clip.json, model card and `files`, where SavedModel keeps files and where TensorFlow Serving does."""
    for place in (folder / "assets", folder / "assets.extra"):
        place.mkdir(exist_ok=True)
        clip.save(place / "clip.json")
        (place / "labels.txt").write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
        for name, text in {MODEL_CARD_FILE: card, **files}.items():
            (place / name).write_text(text, encoding="utf-8")


def destination(directory, version):
    """The folder that a version goes into, as a path.

    Raises:
        ValueError: under another backend of Keras than the one that writes SavedModels, for a folder that is on no
            disk, or what is no version number.
        FileExistsError: for a version that is there already.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError("An export is written by the TensorFlow backend of Keras. Received: "
                         f"KERAS_BACKEND={keras.backend.backend()}. Save the model with model.save('M.keras') and run: "
                         "res3d export --model=M.keras --output=DIR/NAME")
    directory = pathlib.Path(on_disk(directory, "An export"))
    if version is not None and (type(version) is not int or not 0 <= version < 2**63):
        raise ValueError("`version` must be an int from 0 to 2**63 - 1, which is what servers read, or None. "
                         f"Received: version={version!r}.")
    if version in staging.versions(directory):
        raise FileExistsError(f"An export needs a version number that is free. Version {version} is in '{directory}' "
                              "already. Leave `version` out to take the next.")
    return directory


def _summary(report):
    if report is None:
        return "not verified"
    largest = max(check["difference"] for check in report["checks"])
    return (f"{len(report['checks'])} requests within {largest:.2g} of Keras, {report['warmup']} warm-up requests, "
            f"verified by {report['runtime']}")
