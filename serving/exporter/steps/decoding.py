"""Scores of one window's steps to spans inside the graph: what `res3d.spans.decode` does, with core ops only.

Every stretch [start, end) of a window has its place in a table (steps, steps + 1), an instant the place (step, step);
candidates are strengths in it, and the best is taken from it until none is left. float64 throughout, as there.
"""

import numpy as np
import tensorflow as tf

from res3d.spans.contract import SpanSpec
from res3d.spans.decoding import EDGE

NOTHING = -np.inf


def decode_window(scores: tf.Tensor, spec: SpanSpec, most: int) -> dict:
    """The best spans of each window, by falling score.

    Args:
        scores: float64 `(batch, spec.window, classes)`, probabilities.
        spec: SpanSpec.
        most: int. Spans of a window; where there are fewer, the rest has label "" and score 0.

    Returns:
        {"starts", "ends": seconds from the window's first step, "labels", "scores"}, each `(batch, most)`.
    """
    steps, labels = spec.window, len(spec.labels)
    curves = tf.transpose(scores[..., int(spec.none_class):], (0, 2, 1))
    instants = np.array([label in spec.instants for label in spec.labels])[:, None, None]
    strengths = tf.where(instants, _peaks(curves, spec), _runs(_smoothed(curves, spec), spec))
    kept = _kept(tf.reshape(strengths, (-1, labels, steps * (steps + 1))), instants[..., 0], spec)
    order = sorted(range(labels), key=lambda place: spec.labels[place])  # of spans alike in score and start
    table = tf.gather(tf.reshape(kept, (-1, labels, steps, steps + 1)), order, axis=1)
    flat = tf.reshape(tf.transpose(table, (0, 2, 1, 3)), (-1, steps * labels * (steps + 1)))
    best = tf.math.top_k(flat, min(most, flat.shape[1]))
    found = best.values > NOTHING
    starts, rest = best.indices // (labels * (steps + 1)), best.indices % (labels * (steps + 1))
    names = tf.gather(tf.constant([spec.labels[place] for place in order]), rest // (steps + 1))
    ends = rest % (steps + 1)
    return {"starts": _seconds(starts, found, spec), "ends": _seconds(ends, found, spec),
            "labels": tf.where(found, names, ""), "scores": tf.cast(_where(found, best.values, 0.0), tf.float32)}


def _where(condition, values, other=NOTHING):
    return tf.where(condition, values, tf.constant(other, values.dtype))


def _seconds(steps, found, spec):
    return tf.cast(_where(found, tf.cast(steps, tf.float64) / spec.rate, 0.0), tf.float32)


def _smoothed(curves, spec):
    """Curves `(batch, labels, steps)` under a running mean, which at the ends is of the steps that there are."""
    side = round(spec.smooth_seconds * spec.rate) // 2
    if not side:
        return curves
    place = np.arange(spec.window)
    near = (np.abs(place[:, None] - place) <= side).astype("float64")
    return tf.tensordot(curves, near / near.sum(axis=0), 1)


def _runs(curves, spec):
    """Strengths of the stretches at or above any of the levels."""
    starts, ends = _places(spec)
    candidates = tf.zeros((1, *starts.shape), tf.bool)
    for level in spec.levels:
        candidates |= _above(curves >= level)
    candidates &= (ends - starts) / spec.rate >= spec.least_seconds - 1e-9
    sums = tf.concat([tf.zeros_like(curves[..., :1]), tf.cumsum(curves, -1)], -1)
    inside = _between(sums, starts, ends) / np.maximum(ends - starts, 1.0)
    if spec.scoring == "mean":
        return _where(candidates, inside)
    margin = np.maximum(np.ceil((ends - starts) * EDGE).astype(int), 1)
    left, right = np.maximum(starts - margin, 0), np.minimum(ends + margin, spec.window)
    width = (right - ends) + (starts - left)
    around = _between(sums, ends, right) + _between(sums, left, starts)
    return _where(candidates, inside - around / np.maximum(width, 1.0))


def _between(sums, starts, ends):
    return tf.gather(sums, ends, axis=-1) - tf.gather(sums, starts, axis=-1)


def _above(high):
    """Which places of the table are whole stretches of a bool curve `(..., steps)`."""
    steps = high.shape[-1]
    opens = tf.concat([high[..., :1], high[..., 1:] & ~high[..., :-1]], -1)
    low = tf.where(high, steps, tf.range(steps))[..., None, :]  # where the curve is low, as numbers of steps
    close = tf.reduce_min(tf.where(np.triu(np.ones((steps, steps), bool)), low, steps), -1)
    return opens[..., None] & (close[..., None] == tf.range(steps + 1))


def _peaks(curves, spec):
    """Strengths of the local maxima: the scores there, at the places of instants."""
    edge = tf.fill(tf.shape(curves[..., :1]), tf.constant(NOTHING, tf.float64))
    before, after = tf.concat([edge, curves[..., :-1]], -1), tf.concat([curves[..., 1:], edge], -1)
    tops = (curves > before) & (curves >= after) & (curves >= spec.keep)
    starts, ends = _places(spec)
    return _where((starts == ends) & tops[..., None], curves[..., None])


def _places(spec):
    return np.indices((spec.window, spec.window + 1))


def _kept(strengths, instants, spec):
    """`strengths` `(batch, labels, places)` of what stays when the best leaves out what conflicts with it."""
    starts, ends = (part.reshape(-1).astype("float64") for part in _places(spec))
    # In whole steps: a graph turns a division by a constant into a product, which differs in the last digit.
    reach = max(steps for steps in range(spec.window + 1) if steps / spec.rate <= spec.apart_seconds)

    def left(strengths, _):
        return tf.reduce_any(tf.reduce_max(strengths, -1) >= spec.keep)

    def take(strengths, kept):
        place = tf.argmax(strengths, -1)
        score = tf.reduce_max(strengths, -1, keepdims=True)
        mine = tf.one_hot(place, len(starts), True, False) & (score >= spec.keep)
        kept = tf.where(mine, strengths, kept)
        start, end = (tf.gather(part, place)[..., None] for part in (starts, ends))
        near = tf.abs(starts - start) <= reach
        shared = tf.maximum(tf.minimum(end, ends) - tf.maximum(start, starts), 0)
        covered = (end - start) + (ends - starts) - shared
        shared = tf.math.divide_no_nan(shared, covered)
        if spec.soft > 0:
            lasting = _where(strengths > NOTHING, strengths * tf.exp(-shared**2 / spec.soft))
        else:
            lasting = _where(shared <= spec.overlap, strengths)
        rest = tf.where(instants, _where(~near, strengths), lasting)
        return _where(~mine & (score >= spec.keep), rest), kept

    return tf.while_loop(left, take, (strengths, tf.fill(tf.shape(strengths), tf.constant(NOTHING, tf.float64))))[1]
