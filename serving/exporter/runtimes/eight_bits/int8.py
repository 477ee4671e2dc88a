"""A file in 8-bit arithmetic, in the place of the float32 one: calibrated on clips, and judged by what it changes."""

import dataclasses
import importlib.util
import os

import numpy as np
from absl import logging

from serving.exporter.precision import change_of_scores
from serving.exporter.runtimes.litert_file import with_metadata
from serving.exporter.runtimes.openvino_file import save
from serving.session.runtimes.contract import SCORES
from serving.session.runtimes.errors import not_installed
from serving.session.runtimes.opening import open_file, parts_of
from serving.session.runtimes.turns import in_turns

LEAST, MOST = 100, 500  # clips to calibrate on
LOSS = 0.01  # of top-1, beyond which the first convolution and the head stay in float
ENDS = ("first convolution", "head")
PACKAGES = {"onnx": ("onnxruntime", "onnx"), "openvino": ("nncf", "int8"), "litert": ("ai_edge_litert", "litert")}


def check_calibration(format, clips, clip):
    """Refuses too few clips, or clips of another shape, and a format whose quantizer is not installed.

    Raises:
        ImportError, ValueError: with what was expected and what arrived.
    """
    if len(clips) < LEAST:
        raise ValueError(f"8-bit arithmetic is calibrated on {LEAST} to {MOST} clips. Received: {len(clips)}. Name "
                         "more videos, or export in float32.")
    if clips.dtype != np.uint8 or clips.shape[1:] != clip.shape:
        raise ValueError(f"Clips to calibrate on must be uint8 of shape (n, {', '.join(map(str, clip.shape))}). "
                         f"Received: {clips.dtype} {clips.shape}.")
    check_quantizer(format)


def check_quantizer(format):
    """Raises ImportError if what calibrates for a format is not installed: before anything is computed."""
    package, extra = PACKAGES[format]
    if importlib.util.find_spec(package) is None:
        raise not_installed("`--quantize=int8`", package, extra)


def quantize_file(path, facts, write, clips, judged, truth=None):
    """Puts a model in 8-bit arithmetic in the place of the float32 one at `path`.

    Args:
        path: the float32 file; it is replaced.
        facts: `contract.Facts`, whose card is told the change.
        write: function of (path, texts, clips, keep) that writes the 8-bit form of it; with `keep` the first
            convolution and the head stay in float.
        clips: uint8 `(n, *clip.shape)`, of which the ranges are taken.
        judged: uint8 clips on which the change is measured, best others than those.
        truth: int labels of `judged`, or None.

    Returns: dict, as of `precision.change_of_scores`, with `left_in_float`: nothing, or `ENDS`.
    """
    before, aside = _scores(path, judged), path.with_name(f"int8-{path.name}")
    for keep in (False, True):
        write(aside, facts.to_texts(), clips[:MOST], keep)
        change = change_of_scores(before, _scores(aside, judged), truth)
        change["left_in_float"] = list(ENDS) if keep else []
        if truth is None or change["top1_before"] - change["top1_after"] <= LOSS:
            break
        logging.warning("8-bit arithmetic %s: top-1 %.3f before, %.3f after, on %d clips",
                        "with the first convolution and the head in float" if keep else "throughout",
                        change["top1_before"], change["top1_after"], len(judged))
    precision = {**facts.card["precision"], "quantize": "int8 arithmetic", "change": change}
    _replace(path, aside, dataclasses.replace(facts, card={**facts.card, "precision": precision}))
    return change


def _replace(path, aside, facts):
    """Puts the model at `aside`, with these facts, in the place of that at `path`; nothing stays at `aside`."""
    rewritten = path.with_name(f"final-{path.name}")
    RETELL[path.suffix](aside, rewritten, facts.to_texts())
    for part in parts_of(path):
        os.replace(rewritten.with_suffix(part.suffix), part)
        aside.with_suffix(part.suffix).unlink()


def _scores(path, clips):
    return in_turns(open_file(path), clips, 4)[SCORES]


def _onnx_with(source, path, texts):
    import onnx

    model = onnx.load(os.fspath(source))
    onnx.helper.set_model_props(model, texts)
    onnx.save_model(model, os.fspath(path))


def _openvino_with(source, path, texts):
    import openvino

    save(openvino.Core().read_model(os.fspath(source)), path, texts)


def _litert_with(source, path, texts):
    path.write_bytes(with_metadata(source.read_bytes(), texts))


RETELL = {".onnx": _onnx_with, ".xml": _openvino_with, ".tflite": _litert_with}  # the same model with other metadata
