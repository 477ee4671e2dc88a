"""The parts of labelled long videos that no label touches, as clips of a class of their own."""

import dataclasses
import math

from pipelines.annotations.entries import Missing
from pipelines.annotations.spans import Span
from pipelines.storage.addresses import shown
from pipelines.video.info import VideoError
from pipelines.video.reading import probe

NONE = "none"


def with_background(spans, seconds, label=NONE):
    """`Spans` with one more for every so many seconds that no label touches, from each gap's beginning on.

    A video that has a label of all of it has no such part. One that cannot be read has none either, and is named in
    `missing`.

    Args:
        spans: `Spans` of long videos.
        seconds: float. Length of each part; what is left of a gap is no part.
        label: str. Their class.

    Raises:
        ValueError: for seconds that are not positive, or labels that have that class.
    """
    if not seconds > 0:
        raise ValueError(f"`none` must be the seconds of a part, above 0. Received: none={seconds!r}.")
    if label in spans.labels:
        raise ValueError(f"Parts without a label become the class '{label}'. Received labels that have it already. "
                         "Leave `none` out.")
    rows, missing = list(spans.rows), list(spans.missing)
    labelled: dict = {video: [] for video in [*spans.videos, *spans.empty]}
    for row in spans.rows:
        labelled[row.video].append(row)
    for video, mine in labelled.items():
        if any(row.start is None or row.end is None for row in mine):
            continue
        try:
            until = probe(video).duration_seconds
        except VideoError as error:
            missing.append(Missing(shown(video), f"its parts without a label are not known: {error.reason}"))
            continue
        like = mine[0] if mine else Span(video, None, None, label)
        rows += [dataclasses.replace(like, start=start, end=_before(start + seconds), label=label,
                                     subject=None, annotator=None, score=None)
                 for start in parts([(row.start, row.end) for row in mine], until, seconds)]
    return dataclasses.replace(spans, rows=rows, missing=missing, empty=[])


def parts(taken, until, seconds):
    """Where parts of so many seconds begin that lie between those taken, from 0 until the end, at whole milliseconds.

    >>> parts([(2.0, 3.0), (2.5, 4.0)], 9.0, 2.0), parts([(0.0, 1 / 3)], 2.5, 1.0)
    ([0.0, 4.0, 6.0], [0.334, 1.334])
    """
    found, reached = [], 0.0
    for start, end in [*sorted(taken), (until, until)]:
        while reached + seconds <= start + 1e-9:
            found.append(reached)
            reached = _after(reached + seconds)
        reached = max(reached, _after(end))
    return found


def _after(seconds):
    """The whole millisecond at or after a time, so that no part begins in what it follows."""
    return math.ceil(1e3 * seconds - 1e-6) / 1e3


def _before(seconds):
    """The whole millisecond at or before a time."""
    return math.floor(1e3 * seconds + 1e-6) / 1e3
