"""What went wrong, by kind: missed, wrong class, misplaced, doubled, background."""

import collections
from collections.abc import Iterable

import numpy as np

from res3d.evaluation.spans.matching import SLACK, by_either, by_video, matched, ranked
from res3d.spans.span import Span, checked_spans, temporal_iou

KINDS = ("right", "doubled", "wrong_class", "misplaced", "background", "missed")


def count_errors(detections: Iterable, truths: Iterable, threshold: float = 0.0, overlap: float = 0.5,
                 least: float = 0.1, tolerance: float = 1.0) -> dict[str, int]:
    """How many detections are of each kind, and how many truths were missed.

    A detection that takes a free truth of its label is "right". Of the others, by what they overlap: `overlap` or more
    of a truth that is taken, "doubled"; as much of one of another label, "wrong_class"; at least `least` of one of its
    own label, "misplaced"; as much of another's, "wrong_class" again; else "background". Each truth that nothing took
    is "missed".

    Args:
        detections, truths: as of `span_map`, spans and instants.
        threshold: float. Detections of lower scores are left out.
        overlap: float. Temporal intersection over union of one that is right.
        least: float. Below this nothing is overlapped.
        tolerance: float. How many seconds an instant may be off; one that is not is where a truth is, for all kinds.

    Returns:
        dict of the counts of `KINDS`.

    Reference: Alwassel et al., 2018 (arXiv 1807.10706), whose kinds these are.

    >>> from res3d.spans import Span
    >>> count_errors([Span(0, 2, "a"), Span(0, 2, "b"), Span(8, 9, "a")], [Span(0, 2, "a"), Span(4, 5, "a")])
    {'right': 1, 'doubled': 0, 'wrong_class': 1, 'misplaced': 0, 'background': 1, 'missed': 1}
    """
    counts = collections.Counter(kind for _, kind in judged(detections, truths, threshold, overlap, least, tolerance))
    return {kind: counts[kind] for kind in KINDS}


def judged(detections, truths, threshold=0.0, overlap=0.5, least=0.1, tolerance=1.0):
    """[(span, kind)] of the detections, and behind them of the truths that were missed; arguments as above."""
    truths = checked_spans(truths, "truths")
    detections = [span for span in checked_spans(detections, "detections") if span.score >= threshold]
    labels = dict.fromkeys(span.label for span in [*detections, *truths])
    table = {label: by_video(truths, label) for label in labels}
    rows, missed = [], []
    for label in labels:
        mine, own = ranked(detections, label), table[label]
        found = matched(mine, own, by_either(overlap, tolerance))
        others = [spans for other, spans in table.items() if other != label]
        taken = {(span.video, place) for span, place in zip(mine, found)}
        for span, place in zip(mine, found):
            kind = "right" if place >= 0 else _kind(_most(span, [own], tolerance), _most(span, others, tolerance),
                                                    overlap, least)
            rows.append((span, kind))
        missed += [(Span(float(start), float(end), label, video=video), "missed") for video, spans in own.items()
                   for place, (start, end) in enumerate(zip(*spans)) if (video, place) not in taken]
    return rows + missed


def _most(span, tables, tolerance):
    """The most that a detection overlaps of any truth of its video; all, for an instant that is near enough."""
    return max((_shared(span, *table[span.video], tolerance) for table in tables if span.video in table), default=0.0)


def _shared(span, starts, ends, tolerance):
    if span.end == span.start:
        return float((np.abs(span.start - (starts + ends) / 2) <= tolerance + SLACK).any())
    return temporal_iou(span.start, span.end, starts, ends).max()


def _kind(own, other, overlap, least):
    if own >= overlap:
        return "doubled"
    if other >= overlap:
        return "wrong_class"
    if own >= least:
        return "misplaced"
    return "wrong_class" if other >= least else "background"
