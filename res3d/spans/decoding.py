"""Probabilities of steps to spans and instants."""

from collections.abc import Iterable

import numpy as np

from res3d.spans.contract import SpanSpec
from res3d.spans.span import Span
from res3d.spans.suppression import suppressed

EDGE = 0.25  # of a span's length: how far on each side it is compared with what is around it


def decode(scores: np.ndarray, spec: SpanSpec, video: str = "") -> list[Span]:
    """The spans and instants of a video, by falling score.

    Args:
        scores: (steps, classes) probabilities, averaged over windows.
        spec: SpanSpec.
        video: what the spans are said to be of.

    Raises:
        ValueError: for scores of other classes, or that are no numbers.

    >>> spec = SpanSpec(("serve",), rate=10, window=8)
    >>> inside = np.array([0, 0, 0, .9, .9, .9, .9, 0, 0, 0])
    >>> [tuple(span) for span in decode(np.stack([1 - inside, inside], axis=1), spec)]
    [(0.3, 0.7, 'serve', 0.9, '')]
    """
    scores = np.asarray(scores, "float64")
    if scores.ndim != 2 or scores.shape[1] != spec.num_classes or not np.isfinite(scores).all():
        raise ValueError(f"`scores` must be numbers (steps, {spec.num_classes}). Received an array of shape "
                         f"{scores.shape}" + (", with NaN or infinity." if np.ndim(scores) == 2 else "."))
    found = []
    for place, label in enumerate(spec.labels):
        curve = scores[:, place + spec.none_class]
        rows = _peaks(curve, spec) if label in spec.instants else _runs(smoothed(curve, spec), spec)
        found += [Span(start, end, label, score, video) for start, end, score in rows]
    return sorted(found, key=lambda span: (-span.score, span.start, str(span.label)))


def reaching(spans: Iterable[Span], spec: SpanSpec) -> list[Span]:
    """Those of some spans that reach the contract's threshold, in the order of time.

    >>> spec = SpanSpec(("serve",), rate=10, window=8, threshold=0.5)
    >>> [span.start for span in reaching([Span(2, 3, "serve", 0.9), Span(1, 2, "serve", 0.6),
    ...                                   Span(0, 1, "serve", 0.2)], spec)]
    [1, 2]
    """
    return sorted((span for span in spans if span.score >= spec.threshold), key=lambda span: span.start)


def smoothed(curve, spec):
    """A curve under a running mean, which at the ends is of the steps that there are."""
    width = 2 * (round(spec.smooth_seconds * spec.rate) // 2) + 1
    if width == 1 or not len(curve):
        return curve
    ones = np.ones(width)
    side = width // 2
    total = np.convolve(curve, ones)[side:side + len(curve)]
    return total / np.convolve(np.ones(len(curve)), ones)[side:side + len(curve)]


def above(curve, level):
    """(first step, step after the last) of each stretch at or above `level`, int (n, 2).

    >>> above(np.array([0.1, 0.5, 0.6, 0.2, 0.9]), 0.5).tolist()
    [[1, 3], [4, 5]]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], curve >= level, [False]]).astype(int)))
    return edges.reshape(-1, 2)


def _runs(curve, spec):
    """(start, end, score) of the spans of one label: stretches above any of the levels, the best of those that
    overlap."""
    candidates = np.unique(np.concatenate([above(curve, level) for level in spec.levels]), axis=0)
    long_enough = (candidates[:, 1] - candidates[:, 0]) / spec.rate >= spec.least_seconds - 1e-9
    candidates = candidates[long_enough]
    scores = _strengths(curve, candidates, spec.scoring)
    return [(float(candidates[place, 0] / spec.rate), float(candidates[place, 1] / spec.rate), score)
            for place, score in suppressed(candidates, scores, spec.overlap, spec.soft, spec.keep)]


def _strengths(curve, candidates, scoring):
    """How sure each candidate is: the mean inside, or by how much that is above what lies on both sides."""
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    starts, ends = candidates.T
    inside = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
    if scoring == "mean":
        return inside
    margin = np.maximum(np.ceil((ends - starts) * EDGE).astype(int), 1)
    left, right = np.maximum(starts - margin, 0), np.minimum(ends + margin, len(curve))
    around = sums[right] - sums[ends] + sums[starts] - sums[left]
    width = (right - ends) + (starts - left)
    return inside - np.divide(around, width, out=np.zeros(len(inside)), where=width > 0)


def _peaks(curve, spec):
    """(time, time, score) of the instants of one label: local maxima, none within `apart_seconds` of a higher one."""
    padded = np.concatenate([[-np.inf], curve, [-np.inf]])
    tops = np.flatnonzero((curve > padded[:-2]) & (curve >= padded[2:]) & (curve >= spec.keep))
    found: list = []
    for step in sorted(tops, key=lambda step: (-curve[step], step)):
        if all(abs(step - other) / spec.rate > spec.apart_seconds for other in found):
            found.append(step)
    return [(float(step / spec.rate), float(step / spec.rate), float(curve[step])) for step in found]
