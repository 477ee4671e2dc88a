"""False alarms an hour, and the threshold that keeps them to a number."""

from collections.abc import Iterable

import numpy as np

from res3d.evaluation.spans.matching import by_either, by_video, matched, ranked
from res3d.spans.span import checked_spans


def alarms_per_hour(detections: Iterable, truths: Iterable, hours: float, threshold: float = 0.0, overlap: float = 0.1,
                    tolerance: float = 1.0) -> float:
    """Detections of `threshold` and above that have found nothing, for each hour of video.

    Args:
        detections, truths: as of `span_map`, spans and instants.
        hours: float. Of video that was looked at.
        threshold: float. Scores below it are no alarms.
        overlap: float. What a span must overlap to have found a truth.
        tolerance: float. How many seconds an instant may be off.

    Raises:
        ValueError: for no time, or a span that is none.

    >>> from res3d.spans import Span
    >>> alarms_per_hour([Span(0, 2, "a", 0.9), Span(8, 9, "a", 0.4)], [Span(0, 2, "a")], hours=0.5)
    2.0
    """
    scores = false_scores(detections, truths, overlap, tolerance)
    return float((scores >= threshold).sum()) / _checked_hours(hours)


def threshold_for(detections: Iterable, truths: Iterable, hours: float, most_per_hour: float, overlap: float = 0.1,
                  tolerance: float = 1.0) -> float:
    """The least threshold that leaves at most `most_per_hour` false alarms an hour.

    It is the smallest score of a detection that does, or, where the strongest is one too many, a little above it.

    Args:
        detections, truths, hours, overlap, tolerance: as of `alarms_per_hour`.
        most_per_hour: float.

    Raises:
        ValueError: for no time, a number below 0, or a span that is none.

    >>> from res3d.spans import Span
    >>> found = [Span(0, 2, "a", 0.9), Span(8, 9, "a", 0.4), Span(5, 6, "a", 0.3)]
    >>> threshold_for(found, [Span(0, 2, "a")], hours=1, most_per_hour=1)
    0.4
    """
    if not most_per_hour >= 0:
        raise ValueError(f"`most_per_hour` must be 0 or more. Received: {most_per_hour!r}.")
    detections = checked_spans(detections, "detections")
    false = np.sort(false_scores(detections, truths, overlap, tolerance))[::-1]
    allowed = int(np.floor(most_per_hour * _checked_hours(hours) + 1e-9))
    scores = np.unique([span.score for span in detections])
    if allowed < len(false):
        scores = scores[scores > false[allowed]]
        if not len(scores):
            return float(np.nextafter(false[0], np.inf))
    return float(scores[0]) if len(scores) else 0.0


def false_scores(detections, truths, overlap=0.1, tolerance=1.0):
    """Scores of the detections that have found nothing, label by label."""
    detections, truths = checked_spans(detections, "detections"), checked_spans(truths, "truths")
    rule, scores = by_either(overlap, tolerance), []
    for label in {span.label for span in detections}:
        mine = ranked(detections, label)
        found = matched(mine, by_video(truths, label), rule)
        scores += [span.score for span, place in zip(mine, found) if place < 0]
    return np.array(scores, float)


def _checked_hours(hours):
    if not 0 < hours < np.inf:
        raise ValueError(f"`hours` must be above 0. Received: hours={hours!r}.")
    return hours
