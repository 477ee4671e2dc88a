"""An OpenVINO model in 8-bit arithmetic, by NNCF: calibrated on clips, and judged by what it changes."""

import contextlib
import dataclasses
import io
import os

import numpy as np
from absl import logging

from serving.exporter.precision import change_of_scores
from serving.exporter.runtimes.openvino_file import save
from serving.session.runtimes.contract import SCORES
from serving.session.runtimes.errors import not_installed
from serving.session.runtimes.openvino_session import OpenVinoSession
from serving.session.runtimes.turns import in_turns

LEAST, MOST = 100, 500  # clips to calibrate on
LOSS = 0.01  # of top-1, beyond which the first convolution and the head stay in float
ENDS = ("first convolution", "head")


def check_calibration(clips, clip):
    """Refuses too few clips, or clips of another shape.

    Raises:
        ValueError: with what was expected and what arrived.
    """
    if len(clips) < LEAST:
        raise ValueError(f"8-bit arithmetic is calibrated on {LEAST} to {MOST} clips. Received: {len(clips)}. Name "
                         "more videos, or export in float32.")
    if clips.dtype != np.uint8 or clips.shape[1:] != clip.shape:
        raise ValueError(f"Clips to calibrate on must be uint8 of shape (n, {', '.join(map(str, clip.shape))}). "
                         f"Received: {clips.dtype} {clips.shape}.")


def quantize_file(path, facts, clips, judged, truth=None):
    """Puts the model at `path`, `NAME.xml`, into 8-bit arithmetic, in its place.

    Args:
        path: the float32 model, which `openvino_file.write_openvino` wrote; it is replaced.
        facts: `contract.Facts`, whose card is told the change.
        clips: uint8 `(n, *clip.shape)`, of which the ranges are taken.
        judged: uint8 clips on which the change is measured, best others than those.
        truth: int labels of `judged`, or None.

    Returns: dict, as of `precision.change_of_scores`, with `left_in_float`: nothing, or `ENDS`.

    Raises:
        ImportError: without NNCF.
    """
    before = _scores(path, judged)
    aside = path.with_name(f"int8-{path.name}")
    for keep in (False, True):
        _write(path, aside, facts, clips, keep)
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


def _write(path, aside, facts, clips, keep):
    """Writes the quantized model to `aside`; `keep` leaves its ends in float."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it draws bars
            import nncf
    except ImportError as error:
        raise not_installed("`--quantize=int8`", error.name, "int8") from None
    import openvino

    model = openvino.Core().read_model(os.fspath(path))
    heavy = [op.get_friendly_name() for op in model.get_ordered_ops()
             if op.get_type_name() in ("Convolution", "GroupConvolution", "MatMul")]
    kept = [heavy[0], heavy[-1]] if keep else []
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(model, nncf.Dataset([clip[np.newaxis] for clip in clips[:MOST]]),
                                  subset_size=min(len(clips), MOST), ignored_scope=nncf.IgnoredScope(names=kept))
    save(quantized, aside, facts.to_texts())


def _replace(path, aside, facts):
    """Puts the model at `aside`, with these facts, in the place of that at `path`; nothing stays at `aside`."""
    import openvino

    final = path.with_name(f"final-{path.name}")
    save(openvino.Core().read_model(os.fspath(aside)), final, facts.to_texts())
    for suffix in (".bin", ".xml"):
        os.replace(final.with_suffix(suffix), path.with_suffix(suffix))
        aside.with_suffix(suffix).unlink()


def _scores(path, clips):
    return in_turns(OpenVinoSession(path), clips, 4)[SCORES]
