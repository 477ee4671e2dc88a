"""A figure a class, and which class is taken for which."""

import numpy as np

from res3d.evaluation.metrics import average_precision, confusion_matrix


def class_rows(predictions, multi_label=False):
    """What is known of each class.

    Args:
        predictions: `Predictions`.
        multi_label: bool. Average precision in the place of accuracy.

    Returns:
        list of dicts, in the order of the labels: `label`, `videos`, `right` (None with several labels), `value` (None
        without videos), `answers` (how often it was the answer), `taken_for` and `times` (what it is confused with).
    """
    return _several(predictions) if multi_label else _single(predictions)


def matrix_of(predictions):
    """(truth, answer) counts of the videos that have an answer."""
    truth, answer = predictions.single, predictions.predicted
    return confusion_matrix(truth[answer >= 0], answer[answer >= 0], len(predictions.labels))


def _single(predictions):
    matrix, labels = matrix_of(predictions), predictions.labels
    totals = np.bincount(predictions.single, minlength=len(labels))
    wrong = matrix - np.diag(np.diag(matrix))
    rows = []
    for i, label in enumerate(labels):
        other = int(wrong[i].argmax())
        rows.append({"label": label, "videos": int(totals[i]), "right": int(matrix[i, i]),
                     "value": float(matrix[i, i] / totals[i]) if totals[i] else None,
                     "answers": int(matrix[:, i].sum()), "times": int(wrong[i, other]),
                     "taken_for": labels[other] if wrong[i, other] else ""})
    return rows


def _several(predictions):
    hot, scores = predictions.hot, predictions.scores
    return [{"label": label, "videos": int(hot[:, i].sum()), "right": None,
             "value": average_precision(scores[:, i], hot[:, i]) if hot[:, i].any() else None,
             "answers": int((scores[:, i] > 0.5).sum()), "taken_for": "", "times": 0}
            for i, label in enumerate(predictions.labels)]


def weakest(rows):
    """Those rows that have videos, the lowest figure first; of equals the one of more videos."""
    return sorted((row for row in rows if row["value"] is not None), key=lambda row: (row["value"], -row["videos"]))
