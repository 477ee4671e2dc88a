"""Mean average precision of instants by how near they are: the rule of action spotting."""

from collections.abc import Iterable, Sequence

import numpy as np

from res3d.evaluation.spans.matching import by_distance, mean_precision


def spotting_map(detections: Iterable, truths: Iterable, tolerances: Sequence[float],
                 count_absent: bool = False) -> dict:
    """Mean average precision of found instants.

    Label by label, detections come by falling score, and each takes the nearest free truth of its video within the
    tolerance. Precision is interpolated at each truth found, summed, and divided by all truths.

    Args:
        detections, truths: as of `span_map`; what lasts counts by its middle.
        tolerances: seconds; frames divided by their rate.
        count_absent: bool. As of `span_map`.

    Returns:
        dict: `map`, the mean over labels and tolerances; `at`, {tolerance: mean over labels}; `labels`, {label: mean
        over tolerances}. Without truths all are 0.

    Raises:
        ValueError: for a span or a tolerance that is none.

    Reference: Hong et al., 2022 (arXiv 2207.10213).

    >>> from res3d.spans import Span
    >>> spotting_map([Span(1.04, 1.04, "hit", 0.9)], [Span(1, 1, "hit")], [0, 0.04, 0.08])["at"]
    {0.0: 0.0, 0.04: 1.0, 0.08: 1.0}
    """
    tolerances = [float(value) for value in tolerances]
    if not tolerances or not all(0 <= value < np.inf for value in tolerances):
        raise ValueError(f"`tolerances` must be seconds, 0 or more, one at least. Received: {tolerances}.")
    return mean_precision(detections, truths, by_distance, tolerances, count_absent)
