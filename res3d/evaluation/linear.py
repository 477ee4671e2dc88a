"""A linear classifier with a penalty chosen on groups it has not seen: how far a sum of pixels goes."""

import numpy as np

PENALTIES = tuple(10.0 ** power for power in range(-3, 5))  # times the mean squared length of a row
FOLDS = 5


def ridge_scores(features, targets, groups, others, penalties=PENALTIES, folds=FOLDS):
    """Scores that ridge regression, fitted to one set of rows, gives another.

    The regression is on the classes as columns of 0 and 1. The penalty is the one whose best classes are right most
    often when whole groups are left out in turn; of equals it is the largest, which makes the plainest classifier.

    Args:
        features: (n, d) floats of the rows to fit.
        targets: (n, classes) of 0 and 1.
        groups: n names; rows of one name are left out together.
        others: (m, d) floats of the rows to score.
        penalties: floats, tried in turn, relative to the mean squared length of a row.
        folds: int. Parts that the groups make, at the most.

    Returns:
        (m, classes) float64. Only their order means something.

    >>> rows = np.array([[0.0], [1.0], [0.1], [0.9]])
    >>> ridge_scores(rows, np.eye(2)[[0, 1, 0, 1]], list("aabb"), np.array([[0.2], [0.8]])).argmax(axis=1)
    array([0, 1])
    """
    features, targets = np.asarray(features, "float32"), np.asarray(targets, "float64")
    centre, usual = features.mean(axis=0), targets.mean(axis=0)
    features = features - centre
    products = (features @ features.T).astype("float64")
    scale = max(products.trace() / len(products), np.finfo("float64").tiny)
    penalty = scale * _best_penalty(products / scale, targets, parts_of(groups, folds), penalties)
    weights = _solver(products, targets - usual)(penalty)
    return ((np.asarray(others, "float32") - centre) @ features.T).astype("float64") @ weights + usual


def parts_of(groups, folds):
    """Which of a few parts each row belongs to; a group is in one of them, and parts are of about equal size."""
    names, where, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    count = min(folds, len(names))
    filled, part_of = np.zeros(count), np.zeros(len(names), int)
    for name in np.argsort(-sizes, kind="stable"):
        part_of[name] = int(filled.argmin())
        filled[part_of[name]] += sizes[name]
    return part_of[where]


def _best_penalty(products, targets, parts, penalties):
    """The penalty with most right answers over the parts; the middle one where there is one part only."""
    if parts.max() == 0:
        return penalties[len(penalties) // 2]
    right = np.zeros(len(penalties))
    for part in range(parts.max() + 1):
        held, kept = parts == part, parts != part
        usual = targets[kept].mean(axis=0)
        # Inner products about the mean of the rows kept, out of those about the mean of all.
        shift = products[:, kept].mean(axis=1)
        level = shift[kept].mean()
        inner = products[np.ix_(kept, kept)] - shift[kept][:, None] - shift[kept] + level
        outer = products[np.ix_(held, kept)] - shift[held][:, None] - shift[kept] + level
        solve = _solver(inner, targets[kept] - usual)
        for place, penalty in enumerate(penalties):
            best = (outer @ solve(penalty) + usual).argmax(axis=1)
            right[place] += (targets[held][np.arange(held.sum()), best] > 0).sum()
    return penalties[len(penalties) - 1 - int(right[::-1].argmax())]


def _solver(products, targets):
    """Function of a penalty -> the weights of the rows, one decomposition serving all penalties."""
    values, vectors = np.linalg.eigh(products)
    turned = vectors.T @ targets
    return lambda penalty: vectors @ (turned / (np.maximum(values, 0)[:, None] + penalty))
