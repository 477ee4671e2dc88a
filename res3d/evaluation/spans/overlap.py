"""Mean average precision of spans by how much they overlap: ActivityNet's rule, and what others threshold it at."""

from collections.abc import Iterable, Sequence

import numpy as np

from res3d.evaluation.spans.matching import by_overlap, mean_precision

THRESHOLDS = {  # by the data sets that are reported so
    "activitynet": tuple(np.linspace(0.5, 0.95, 10).round(2).tolist()),
    "thumos14": (0.3, 0.4, 0.5, 0.6, 0.7),
    "multithumos": tuple(np.linspace(0.1, 0.9, 9).round(1).tolist()),
    "epic": (0.1, 0.2, 0.3, 0.4, 0.5),
}


def span_map(detections: Iterable, truths: Iterable, thresholds: str | Sequence[float] = "thumos14",
             count_absent: bool = False) -> dict:
    """Mean average precision of found spans.

    Label by label and over all videos, detections come by falling score; each looks at the truths of its own video, the
    most overlapping first, and is right if one that overlaps by the threshold is still free. Precision is made
    non-increasing from the right, and its steps of recall are summed.

    Args:
        detections, truths: `res3d.spans.Span`s, or what has their fields. A truth that is listed twice counts once.
        thresholds: temporal intersection over union, or a row of `THRESHOLDS`: "activitynet" (HACS too), "thumos14",
            "multithumos" (Charades too), "epic" (Ego4D too).
        count_absent: bool. Labels that are found and stand in no truth count as 0; else they are left out.

    Returns:
        dict: `map`, the mean over labels and thresholds; `at`, {threshold: mean over labels}; `labels`, {label: mean
        over thresholds}. Without truths all are 0.

    Raises:
        ValueError: for a span or a threshold that is none.

    Reference: ActivityNet's evaluation (Caba Heilbron et al., 2015), as OpenTAD runs it.

    >>> from res3d.spans import Span
    >>> truths = [Span(0, 2, "a"), Span(5, 6, "a")]
    >>> span_map([Span(0, 2, "a", 0.9), Span(3, 4, "a", 0.8)], truths, [0.5])["map"]
    0.5
    """
    if isinstance(thresholds, str):
        if thresholds not in THRESHOLDS:
            raise ValueError(f"`thresholds` must be numbers or one of {', '.join(THRESHOLDS)}. Received: "
                             f"{thresholds!r}.")
        thresholds = THRESHOLDS[thresholds]
    thresholds = [float(value) for value in thresholds]
    if not thresholds or not all(0 < value <= 1 for value in thresholds):
        raise ValueError(f"`thresholds` must be above 0 and at most 1, one at least. Received: {thresholds}.")
    return mean_precision(detections, truths, by_overlap, thresholds, count_absent)
