"""Figures of merit from scores and labels, in NumPy.

Ties go to the lower class id, as `argmax` does; a row of scores that are no numbers is a wrong answer.
"""

import numpy as np


def softmax(logits):
    """Probabilities over the last axis, in float64.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    logits = np.asarray(logits, "float64")
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits):
    """One probability a class, in float64."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, "float64")))


def ranks(scores, labels):
    """How many classes come before the true one: 0 is a right answer.

    Args:
        scores: (clips, classes). Higher is better; a row with a NaN ranks last.
        labels: (clips,) ints.

    >>> ranks(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]), [2, 1])
    array([1, 1])
    """
    scores, labels = np.asarray(scores, "float64"), np.asarray(labels)
    scores = np.where(np.isfinite(scores).all(axis=-1, keepdims=True), scores, np.nan)
    own = np.take_along_axis(scores, labels[:, None], axis=-1)
    ties_before = (scores == own) & (np.arange(scores.shape[-1]) < labels[:, None])
    rank = ((scores > own) | ties_before).sum(axis=-1)
    return np.where(np.isnan(own[:, 0]), scores.shape[-1], rank)


def top_k(scores, k):
    """Ids of the `k` best classes along the last axis, best first, ties in the order of the ids.

    >>> top_k(np.array([0.2, 0.4, 0.4]), 2)
    array([1, 2])
    """
    return np.argsort(-np.asarray(scores), axis=-1, kind="stable")[..., :k]


def top_k_accuracy(scores, labels, k):
    """Share of clips whose label is among the `k` best; with fewer than `k` classes every finite row is right."""
    return float(np.mean(ranks(scores, labels) < min(k, np.shape(scores)[-1])))


def confusion_matrix(labels, predicted, num_classes):
    """Counts `(truth, predicted)`, int64."""
    matrix = np.zeros((num_classes, num_classes), "int64")
    np.add.at(matrix, (np.asarray(labels), np.asarray(predicted)), 1)
    return matrix


def mean_class_accuracy(right, labels):
    """Mean over the classes that have clips of the share of each that is `right`; both (clips,).

    >>> mean_class_accuracy(np.array([True, True, True, False, True]), np.array([0, 0, 0, 0, 1]))
    0.875
    """
    totals = np.bincount(labels)
    present = totals > 0
    return float(np.mean(np.bincount(labels, right)[present] / totals[present]))


def are_numbers(scores):
    """Which rows of scores (clips, classes) hold numbers only."""
    return np.isfinite(np.asarray(scores, "float64")).all(axis=1)


def average_precision(scores, positives):
    """Area under precision over recall for one class: the mean precision at the positives, best score first.

    Clips of equal score count as one threshold.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]))
    0.8333333333333333
    """
    scores, positives = np.asarray(scores, "float64"), np.asarray(positives).astype("float64")
    if not positives.sum():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    scores, positives = scores[order], positives[order]
    last = np.append(scores[1:] != scores[:-1], True)
    hits = np.cumsum(positives)[last]
    precision = hits / (np.flatnonzero(last) + 1)
    return float(np.sum(precision * np.diff(hits, prepend=0.0)) / positives.sum())


def mean_average_precision(scores, positives):
    """Mean of `average_precision` over the classes that have a positive clip; scores and positives (clips, classes)."""
    values = [average_precision(scores[:, i], positives[:, i]) for i in range(scores.shape[1])]
    values = [value for value in values if not np.isnan(value)]
    return float(np.mean(values)) if values else 0.0


def calibration_error(probabilities, labels, bins=15):
    """Expected gap between confidence and accuracy, over equal bins of confidence.

    Reference: Guo et al., 2017 (arXiv 1706.04599).

    >>> calibration_error(np.array([[0.8, 0.2], [0.8, 0.2]]), [0, 1])
    0.30000000000000004
    """
    probabilities, right = np.asarray(probabilities, "float64"), ranks(probabilities, labels) == 0
    confidence = np.where(are_numbers(probabilities), probabilities.max(axis=1), 0.0)
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for index in np.unique(bin_of):
        inside = bin_of == index
        error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(error)


def summarise(scores, labels, multi_label=False):
    """The figures of a set of clips or videos.

    Args:
        scores: (clips, classes) probabilities.
        labels: (clips,) ints, or (clips, classes) of 0 and 1 when `multi_label`.

    Returns:
        dict of floats: `top1`, `top5`, `mean_class_accuracy`, `calibration_error`; for several labels a clip
        `mean_average_precision`, and `top1` is the share of clips whose best class is one of theirs.
    """
    scores, labels = np.asarray(scores, "float64"), np.asarray(labels)
    if multi_label:
        numbers = are_numbers(scores)[:, None]
        order = top_k(scores, 5)
        hits, best = (np.take_along_axis(labels, order, axis=1) > 0) & numbers, order[:, 0]
        per_class = [np.mean(hits[mine, 0] & (best[mine] == i)) for i, mine in enumerate(labels.T > 0) if mine.any()]
        return {"mean_average_precision": mean_average_precision(scores, labels), "top1": float(hits[:, 0].mean()),
                "top5": float(hits.any(axis=1).mean()), "mean_class_accuracy": float(np.mean(per_class or [0.0]))}
    return {"top1": top_k_accuracy(scores, labels, 1), "top5": top_k_accuracy(scores, labels, 5),
            "mean_class_accuracy": mean_class_accuracy(ranks(scores, labels) == 0, labels),
            "calibration_error": calibration_error(scores, labels)}


def confused_pairs(matrix, most=20):
    """(truth, predicted, count) of the largest wrong cells, largest first."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [(int(i), int(j), int(wrong[i, j])) for i, j in zip(*np.unravel_index(order, wrong.shape))]
    return [cell for cell in cells if cell[2]]


def best(scores, labels, top):
    """The `top` best classes: `[{"label", "score"}, ...]`, best first, ties in the order of the labels.

    >>> best(np.array([0.25, 0.75]), ["run", "jump"], 1)
    [{'label': 'jump', 'score': 0.75}]
    """
    return [{"label": labels[i], "score": float(scores[i])} for i in top_k(scores, top)]
