"""A span of a video: what a label says of a stretch of time, or of one moment."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np


class Span(NamedTuple):
    """Something that lasts from `start` to `end`, both in seconds of its video; an instant has both alike.

    Spans are half-open, [start, end): the frame of a clip at time t covers [t, t + 1 / rate).

    Args:
        start, end: floats. Seconds.
        label: str, or anything that can be compared.
        score: float. How sure; a truth has no use for it.
        video: what it is a span of, such as a path.

    >>> Span(1.0, 2.5, "serve").seconds, Span(3.0, 3.0, "bounce").instant
    (1.5, True)
    """

    start: float
    end: float
    label: Hashable
    score: float = 1.0
    video: Hashable = ""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start

    @property
    def instant(self) -> bool:
        """Whether it is a moment."""
        return self.end == self.start


def as_dict(span: Span) -> dict:
    """A span as JSON-ready values, times to the millisecond: what is shown and written of one that was found.

    >>> as_dict(Span(1.00049, 2.5, "serve", 0.123456, "a.mp4"))
    {'video': 'a.mp4', 'start': 1.0, 'end': 2.5, 'label': 'serve', 'score': 0.1235}
    """
    return {"video": span.video, "start": round(span.start, 3), "end": round(span.end, 3), "label": span.label,
            "score": round(span.score, 4)}


def checked_spans(spans: Iterable, name: str = "spans") -> list:
    """The spans as a list.

    Args:
        spans: objects with `start`, `end`, `label` and the rest of a `Span`.
        name: str. What the message calls them.

    Raises:
        ValueError: for a time or a score that is no number, or an end before its start.
    """
    spans = list(spans)
    for span in spans:
        if not np.isfinite([span.start, span.end]).all() or span.end < span.start:
            raise ValueError(f"`{name}` must start and end at numbers of seconds, the end not before the start. "
                             f"Received: {span}.")
        score = getattr(span, "score", None)
        if score is not None and np.isnan(score):
            raise ValueError(f"`{name}` must have numbers for scores. Received: {span}. The network that gave "
                             "it has diverged.")
    return spans


def temporal_iou(start: float, end: float, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Time shared over time covered of one span with each of others; 0 where neither lasts.

    Args:
        start, end: floats. Of the one.
        starts, ends: arrays (n,). Of the others.

    Returns: float64 array (n,).

    >>> temporal_iou(0, 2, np.array([1.0, 0.0, 5.0]), np.array([3.0, 2.0, 6.0])).round(3).tolist()
    [0.333, 1.0, 0.0]
    """
    starts, ends = np.asarray(starts, "float64"), np.asarray(ends, "float64")
    shared = np.maximum(np.minimum(end, ends) - np.maximum(start, starts), 0.0)
    covered = (end - start) + (ends - starts) - shared
    return np.divide(shared, covered, out=np.zeros_like(shared), where=covered > 0)
