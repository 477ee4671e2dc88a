"""Figures of per-step answers: mean average precision over frames, and those that segmentation is reported with."""

import itertools
from collections.abc import Sequence

import numpy as np

from res3d.evaluation.metrics import mean_average_precision
from res3d.spans.span import temporal_iou


def frame_map(scores: np.ndarray, positives: np.ndarray) -> float:
    """Mean average precision over steps: every step of every video is one example of each class (Charades).

    Args:
        scores: (steps, classes). The steps of all videos, one behind the other.
        positives: (steps, classes) of 0 and 1.

    Returns: float; classes without a positive step are left out, and without any it is 0.

    >>> frame_map(np.array([[0.9], [0.8], [0.7]]), np.array([[1], [0], [1]]))
    0.8333333333333333
    """
    return mean_average_precision(np.asarray(scores, "float64"), np.asarray(positives))


def step_accuracy(predicted: Sequence, truth: Sequence) -> float:
    """Share of the steps of one video whose class is right; 0 of none.

    Args:
        predicted, truth: ints, the class of each step.
    """
    mine, theirs = _alike(predicted, truth)
    return float(np.mean(mine == theirs)) if theirs.size else 0.0


def runs(classes: Sequence, background: int | None = None) -> list[tuple[int, int, int]]:
    """(class, first step, step after the last) of each stretch of one class, without those of `background`.

    >>> runs([0, 1, 1, 0, 2], background=0)
    [(1, 1, 3), (2, 4, 5)]
    """
    steps = np.asarray(classes)
    edges = [0, *(np.flatnonzero(steps[1:] != steps[:-1]) + 1), len(steps)] if len(steps) else []
    return [(int(steps[start]), int(start), int(end)) for start, end in itertools.pairwise(edges)
            if background is None or steps[start] != background]


def edit_score(predicted: Sequence, truth: Sequence, background: int | None = None) -> float:
    """100 x (1 - edit distance of the two orders of stretches / the longer one); 100 where both have none.

    Args:
        predicted, truth: ints, the class of each step of one video.
        background: int or None. The class of steps at which nothing happens; None counts all.

    Reference: Lea et al., 2016 (arXiv 1608.08242), as MS-TCN evaluates it.

    >>> edit_score([0, 1, 1, 0, 2], [0, 1, 1, 1, 0], background=0)
    50.0
    """
    given, wanted = ([row[0] for row in runs(steps, background)] for steps in _alike(predicted, truth))
    if not given and not wanted:
        return 100.0
    before = list(range(len(wanted) + 1))
    for i, mine in enumerate(given, 1):
        now = [i]
        for j, theirs in enumerate(wanted, 1):
            now.append(min(before[j] + 1, now[j - 1] + 1, before[j - 1] + (mine != theirs)))
        before = now
    return 100.0 * (1 - before[-1] / max(len(given), len(wanted)))


def segment_f1(videos: Sequence[tuple[Sequence, Sequence]], overlap: float = 0.5,
               background: int | None = None) -> float:
    """100 x F1 of stretches of one class: F1@50 with an overlap of 0.5, and so on.

    In the order of time each stretch looks at the true one of its class that it overlaps most, and is right if that is
    by `overlap` and nobody before had it. Counts are summed over the videos.

    Args:
        videos: (predicted, truth) of each, ints, the class of each step.
        overlap: float. Intersection over union.
        background: int or None. As of `edit_score`.

    Returns: float; 0 where nothing is right.

    Reference: Lea et al., 2017 (arXiv 1611.05267).

    >>> segment_f1([([0, 1, 1, 0, 2], [0, 1, 1, 1, 0])], 0.5, background=0)
    66.666...
    """
    right = given = wanted = 0
    for predicted, truth in videos:
        mine, theirs = (runs(steps, background) for steps in _alike(predicted, truth))
        given, wanted, taken = given + len(mine), wanted + len(theirs), set()
        for label, start, end in mine:
            own = [(place, row) for place, row in enumerate(theirs) if row[0] == label]
            if not own:
                continue
            found = temporal_iou(start, end, *np.array([row[1:] for _, row in own], float).T)
            place = own[int(found.argmax())][0]
            if found.max() >= overlap and place not in taken:
                taken.add(place)
                right += 1
    return 200.0 * right / (given + wanted) if right else 0.0


def _alike(predicted, truth):
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    if predicted.ndim != 1 or predicted.shape != truth.shape:
        raise ValueError("`predicted` and `truth` must be the classes of the same steps of one video. Received shapes: "
                         f"{predicted.shape} and {truth.shape}.")
    return predicted, truth
