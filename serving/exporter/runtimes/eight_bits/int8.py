"""A file in 8-bit arithmetic, in the place of the float32 one: calibrated on clips, and judged by what it changes."""

import dataclasses
import importlib.util
import math
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
LOSS = 0.01  # of top-1, beyond which the worst layers stay in float
SHARES = (0.1, 0.25)  # of the layers: how many, at the first attempt and at the second
EXAMINED = 16  # clips on which layers' errors are measured
NAMED = 5  # layers in the card, the worst ones
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


def quantize_file(path, facts, eight, clips, judged, truth=None):
    """Puts a model in 8-bit arithmetic in the place of the float32 one at `path`.

    If that loses more than `LOSS`, the error that each layer adds is measured, and the worst layers are left in float:
    a tenth of them, and a quarter if that is not enough.

    Args:
        path: the float32 file; it is replaced.
        facts: `contract.Facts`, whose card is told the change.
        eight: `writers.EightBits` of it.
        clips: uint8 `(n, *clip.shape)`, of which the ranges are taken.
        judged: uint8 clips on which the change is measured, best others than those.
        truth: int labels of `judged`, or None.

    Returns: dict, as of `precision.change_of_scores`, with `left_in_float`, names of layers, and with `worst_layers`,
        {name: error}, where errors were measured.
    """
    before, aside, errors = _scores(path, judged), path.with_name(f"int8-{path.name}"), {}
    for share in (0, *SHARES):
        keep = list(errors)[:math.ceil(share * len(errors))]
        eight.write(aside, facts.to_texts(), clips[:MOST], keep)
        change = change_of_scores(before, _scores(aside, judged), truth) | {"left_in_float": keep}
        if truth is None or change["top1_before"] - change["top1_after"] <= LOSS:
            break
        errors = errors or eight.errors(aside, clips[:EXAMINED])
        logging.warning("8-bit arithmetic with %d of %d layers in float: top-1 %.3f before, %.3f after, on %d clips",
                        len(keep), len(errors), change["top1_before"], change["top1_after"], len(judged))
    if errors:
        change["worst_layers"] = {name: round(errors[name], 4) for name in list(errors)[:NAMED]}
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
