"""Whether the videos are told apart by what they show or by what moves in them, as far as a linear classifier goes."""

import numpy as np

from res3d.evaluation.linear import parts_of, ridge_scores
from res3d.workflows.judging.baselines import LOOKS, looked, thinned

MOST = 300  # videos that are looked at
FEWEST = 20  # below which the figures would be chance
FOLDS = 5


def linear_accuracy(manifest, groups, workers=None):
    """Accuracy of linear classifiers on groups of `manifest` that they have not seen.

    Args:
        manifest: `Manifest` of the videos to train on, one label each.
        groups: names, one an entry.
        workers: int or None. Videos decoded at once.

    Returns:
        {"middle_frame", "frame_differences": float}; empty where there are too few videos or groups to tell.
    """
    manifest, groups = thinned(manifest, groups, MOST)
    rows, targets, names = looked(manifest, groups, workers)
    names = np.array(names)
    if len(names) < FEWEST or len(set(names)) < 2:
        return {}
    parts = parts_of(names, FOLDS)
    right = dict.fromkeys(LOOKS, 0)
    for part in range(parts.max() + 1):
        held, kept = parts == part, parts != part
        for look in LOOKS:
            scores = ridge_scores(rows[look][kept], targets[kept], names[kept], rows[look][held])
            right[look] += int((scores.argmax(axis=1) == targets[held].argmax(axis=1)).sum())
    return {look: count / len(names) for look, count in right.items()}
