"""A trained model to a file for another runtime, compared with Keras before it gets its name."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Sequence

import keras
import numpy as np

from pipelines.storage.addresses import on_disk
from res3d.four_axes import without_rule
from res3d.geometry import ClipSpec
from serving.exporter import model_reading, staging
from serving.exporter.card import make_card
from serving.exporter.precision import eager, prepare
from serving.exporter.reference import Reference
from serving.exporter.runtimes.eight_bits import int8, writers
from serving.exporter.runtimes.graph import answering
from serving.exporter.runtimes.litert_file import write_litert
from serving.exporter.runtimes.onnx_file import write_onnx
from serving.exporter.runtimes.openvino_file import write_openvino
from serving.session.runtimes.contract import LOGITS, SCORES, Facts
from serving.session.runtimes.opening import open_file
from serving.session.runtimes.turns import in_turns
from serving.verify.files import verify_file
from serving.verify.fresh import VerificationError
from serving.verify.known_answers import KnownAnswers

STEPS = ("folding", "comparing", "writing", "verifying", "calibrating")
FORMATS: dict[str, tuple[str, Callable]] = {  # name: (suffix, writer)
    "onnx": (".onnx", write_onnx), "openvino": (".xml", write_openvino), "litert": (".tflite", write_litert)}


def export_file(model: keras.Model, path: str | os.PathLike, labels: Sequence[str] | None = None, *, format: str,
                clip: ClipSpec | None = None, multi_label: bool | None = None, batch: int | None = None,
                axes: int | None = None, fold: bool = True, activation: str | None = None, card: dict | None = None,
                calibration: np.ndarray | None = None,
                judged: tuple[np.ndarray, np.ndarray | None] | None = None,
                progress: Callable | None = None) -> tuple[str, dict]:
    """Writes a file that ONNX Runtime, OpenVINO or LiteRT runs: uint8 clips in, float32 `scores` and `logits` out.

    The file is written aside, loaded in a fresh process by the runtime that it is for, and compared with Keras on made
    clips: the same best label, and logits that differ by at most 1e-4 of their range. Then it gets its name, in the
    place of a former file of that name. Labels, clip and model card lie in its metadata.

    Args:
        model: Keras model, uint8 clips in and logits (or softmax, or sigmoid) out, as `res3d.build` makes it.
        path: the file; the suffix of its format is appended where it is missing.
        labels: strings, one an output, in their order; None numbers them.
        format: "onnx", "openvino" (`NAME.xml`, with `NAME.bin` beside it) or "litert" (`NAME.tflite`).
        clip, multi_label, fold, activation, card: as of `serving.export`.
        batch: int. The clips that the file takes at once; None leaves that open, and is one for LiteRT and four axes.
        axes: 5, or 4 for a graph without 3D convolutions: frames stand on the batch axis, and its input is `(batch *
            frames, height, width, channels)`. None is 4 for LiteRT, and for ONNX in 8 bits, if every layer is of the
            family, and 5 else.
        calibration: uint8 clips `(n, *clip.shape)`, 100 or more, by which the file is put into 8-bit
            arithmetic, or None. Its answers are its own then, and what the fresh process must give again.
        judged: (uint8 clips, int labels or None) on which the change by 8 bits is measured; None is `calibration`.
        progress: as of `serving.export`; one of `STEPS`.

    Returns:
        (the path, what verified it: {"runtime", "checks": [{"batch", "difference"}], "axes"}, and in 8 bits "change").

    Raises:
        ImportError: without the packages of the format's extra.
        ValueError: for a model, labels or clip that do not fit each other, an operation that has no counterpart, or a
            file that fails its verification; nothing is left behind.
    """
    _check_arguments(format, batch, axes)
    suffix, write = FORMATS[format]
    target = pathlib.Path(f"{os.fspath(on_disk(path, 'An export')).removesuffix(suffix)}{suffix}")
    clip = model_reading.read_clip(model) if clip is None else clip
    model_reading.check_ends(model, clip)
    if calibration is not None:
        int8.check_calibration(format, calibration, clip)
    labels = model_reading.check_labels(labels, model.output_shape[-1])
    step = progress or (lambda name: None)
    step("folding")
    reference = Reference(model, clip, activation)
    multi_label = reference.multi_label(multi_label)
    if axes is None:  # 8 bits want convolutions of pictures in ONNX Runtime, which has none for 3D
        pictures = format == "litert" or (format == "onnx" and calibration is not None)
        axes = 4 if pictures and without_rule(model) is None else 5
    batch = 1 if (format == "litert" or axes == 4) and batch is None else batch  # kernels then know sizes
    network, precision = prepare(model, clip, activation=reference.activation, fold=fold, multi_label=multi_label)
    facts = Facts(clip, tuple(labels), {**make_card(model, clip, labels, multi_label, precision), **(card or {})}, axes)
    step("comparing")
    known = KnownAnswers(eager(network), None, clip, labels, "", multi_label, 1)
    reference.compare(known, precision)
    clips, answers = known.for_serving_default()
    function = answering(network, clip, multi_label, batch, axes)
    step("writing")
    with staging.staged(target.parent) as folder:
        aside = folder / target.name
        write(function, aside, facts.to_texts(), network.variables)
        step("verifying")
        report = _verify(aside, clips, answers, target)
        if calibration is not None:
            step("calibrating")
            eight = writers.eight_bits(format, aside, function, network.variables, batch, axes)
            change = int8.quantize_file(aside, facts, eight, calibration, *(judged or (calibration, None)))
            own = in_turns(open_file(aside), clips)  # for a fresh process to give again
            report = _verify(aside, clips, own, target) | {"change": change}
        for file in sorted(folder.iterdir()):  # NAME.bin before NAME.xml, which is what names the model
            os.replace(file, target.with_name(file.name))
    return str(target), report | {"axes": axes}


def _check_arguments(format, batch, axes):
    """Raises ValueError for a format, a backend, a batch or axes that cannot be."""
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {', '.join(FORMATS)}. Received: format={format!r}.")
    if keras.backend.backend() != "tensorflow":
        raise ValueError("An export is written by the TensorFlow backend of Keras. Received: "
                         f"KERAS_BACKEND={keras.backend.backend()}. Save the model with model.save('M.keras') and run: "
                         f"res3d export --format={format} --model=M.keras --output=M{FORMATS[format][0]}")
    if batch is not None and (type(batch) is not int or batch < 1):
        raise ValueError(f"`batch` must be an int of at least 1, or None. Received: batch={batch!r}.")
    if axes not in (None, 4, 5):
        raise ValueError(f"`axes` must be 4 or 5, or None. Received: axes={axes!r}.")


def _verify(file, clips, answers, target):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "answers.npz")
        np.savez(path, clips=clips, scores=answers[SCORES], logits=answers[LOGITS])
        try:
            return verify_file(file, path)
        except VerificationError as error:
            raise VerificationError(
                f"An export must load in its runtime and answer as Keras does. The export to '{target}' was refused: "
                f"{error}. Nothing was written.") from None
