"""How far a figure would move if other people or other recordings had been filmed: a bootstrap over groups."""

import numpy as np

ROUNDS, LEVEL, SEED = 2000, 0.95, 0


def interval(numerators, denominators, groups, rounds=ROUNDS, level=LEVEL, seed=SEED):
    """The interval of a ratio of sums when whole groups are drawn again with replacement.

    Videos of one group succeed and fail together, so the groups are counted and not the videos.

    Args:
        numerators: (videos,) or (videos, classes) floats, such as whether an answer is right.
        denominators: floats of the same shape, such as ones. Of several columns the mean of the ratios is taken, over
            those that have anything.
        groups: a name a video.

    Returns:
        (low, high) floats, the percentiles of `rounds` draws, the same for the same input; None for one group.

    Reference: Efron & Tibshirani, 1993, chapter 8; Field & Welsh, 2007, for whole clusters.

    >>> interval([1, 1, 1, 1], [1, 1, 1, 1], ["a", "a", "b", "b"])
    (1.0, 1.0)
    """
    names, where = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        return None
    tops, bottoms = (_by_group(values, where, len(names)) for values in (numerators, denominators))
    draws = np.random.default_rng(seed).integers(len(names), size=(rounds, len(names)))
    counts = np.zeros((rounds, len(names)))
    np.add.at(counts, (np.arange(rounds)[:, None], draws), 1)
    top, bottom = counts @ tops, counts @ bottoms
    there = bottom > 0
    ratios = np.where(there, top / np.where(there, bottom, 1), 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def accuracy_interval(right, groups):
    """The interval of a share of right answers: `right` (videos,) of 0 and 1, `groups` a name a video."""
    right = np.asarray(right, "float64")
    return interval(right, np.ones_like(right), groups)


def class_accuracy_interval(right, labels, groups):
    """The interval of the mean over classes of the share that is right; `labels` (videos,) ints."""
    hot = np.eye(int(np.max(labels)) + 1)[np.asarray(labels)]
    return interval(hot * np.asarray(right, "float64")[:, None], hot, groups)


def _by_group(values, where, count):
    values = np.asarray(values, "float64")
    sums = np.zeros((count, *values.shape[1:]))
    np.add.at(sums, where, values)
    return sums.reshape(count, -1)
