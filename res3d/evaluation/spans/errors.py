"""What went wrong, by kind: missed, wrong class, misplaced, doubled, background."""

import collections
from collections.abc import Iterable

from res3d.evaluation.spans.matching import by_overlap, by_video, matched, ranked
from res3d.spans.span import checked_spans, temporal_iou

KINDS = ("right", "doubled", "wrong_class", "misplaced", "background", "missed")


def count_errors(detections: Iterable, truths: Iterable, threshold: float = 0.0, overlap: float = 0.5,
                 least: float = 0.1) -> dict[str, int]:
    """How many detections are of each kind, and how many truths were missed.

    A detection that takes a free truth of its label is "right". Of the others, by what they overlap: `overlap` or more
    of a truth that is taken, "doubled"; as much of one of another label, "wrong_class"; at least `least` of one of its
    own label, "misplaced"; as much of another's, "wrong_class" again; else "background". Each truth that nothing took
    is "missed".

    Args:
        detections, truths: as of `span_map`; instants count as spans of no length, which overlap nothing.
        threshold: float. Detections of lower scores are left out.
        overlap: float. Temporal intersection over union of one that is right.
        least: float. Below this nothing is overlapped.

    Returns:
        dict of the counts of `KINDS`.

    Reference: Alwassel et al., 2018 (arXiv 1807.10706), whose kinds these are.

    >>> from res3d.spans import Span
    >>> count_errors([Span(0, 2, "a"), Span(0, 2, "b"), Span(8, 9, "a")], [Span(0, 2, "a"), Span(4, 5, "a")])
    {'right': 1, 'doubled': 0, 'wrong_class': 1, 'misplaced': 0, 'background': 1, 'missed': 1}
    """
    truths = checked_spans(truths, "truths")
    detections = [span for span in checked_spans(detections, "detections") if span.score >= threshold]
    counts: collections.Counter = collections.Counter()
    labels = {span.label for span in [*detections, *truths]}
    table = {label: by_video(truths, label) for label in labels}
    for label in labels:
        mine, own = ranked(detections, label), table[label]
        found = matched(mine, own, by_overlap(overlap))
        counts["right"] += int((found >= 0).sum())
        counts["missed"] += sum(len(starts) for starts, ends in own.values()) - int((found >= 0).sum())
        for span, place in zip(mine, found):
            if place < 0:
                others = [spans for other, spans in table.items() if other != label]
                counts[_kind(_most(span, [own]), _most(span, others), overlap, least)] += 1
    return {kind: counts[kind] for kind in KINDS}


def _most(span, tables):
    """The most that a detection overlaps of any truth of its video."""
    return max((temporal_iou(span.start, span.end, *table[span.video]).max() for table in tables
                if span.video in table), default=0.0)


def _kind(own, other, overlap, least):
    if own >= overlap:
        return "doubled"
    if other >= overlap:
        return "wrong_class"
    if own >= least:
        return "misplaced"
    return "wrong_class" if other >= least else "background"
