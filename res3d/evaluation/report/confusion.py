"""A confusion matrix that can be read: classes that are taken for each other stand together, large ones as a map."""

import json

import numpy as np

from res3d.looks.pictures import data_uri

MOST_WRITTEN = 60  # classes up to which every cell is written
AROUND = 9  # classes a side that the lens over a map shows
GROUPS, GROUP_SIZE, TOGETHER = 8, 10, 0.05  # groups that are shown, classes in one, mean mutual confusion that joins


def confusion(matrix, labels):
    """What the page shows of a matrix.

    Args:
        matrix: (truth, answer) counts.
        labels: names of the classes.

    Returns:
        dict: `written`, rows of all cells (label, cells) up to `MOST_WRITTEN` classes, else None; `columns`; `map`, the
        picture of a large one and `cells`, its numbers as JSON; `groups`, matrices of classes taken for each other.
    """
    order, groups = clustered(matrix)
    sorted_matrix, names = matrix[np.ix_(order, order)], [labels[i] for i in order]
    small = len(labels) <= MOST_WRITTEN
    cells = [[int(i), int(j), int(sorted_matrix[i, j])] for i, j in zip(*np.nonzero(sorted_matrix))]
    return {"columns": names, "many": len(labels) > 24, "written": _rows(sorted_matrix, names) if small else None,
            "map": None if small else matrix_picture(sorted_matrix),
            "cells": None if small else json.dumps({"labels": names, "cells": cells, "around": AROUND}).replace(
                "<", "\\u003c"),
            "groups": [] if small else [_part(matrix, labels, group) for group in groups[:GROUPS]]}


def clustered(matrix):
    """(order, groups): the classes so that those taken for each other stand together, and the groups of such.

    The likeness of two classes is the mean of both shares that are taken for the other; groups join by the mean
    likeness of their members, as long as there is any. `groups` are lists of class ids, the most confused first.

    >>> order, groups = clustered(np.array([[5, 0, 5], [0, 9, 0], [5, 0, 5]]))
    >>> order.tolist(), groups
    ([0, 2, 1], [[0, 2]])
    """
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    likeness = (share + share.T) / 2
    np.fill_diagonal(likeness, -1.0)
    mutual = np.maximum(likeness, 0)
    members, groups = {i: [i] for i in range(len(matrix))}, {}
    while len(members) > 1:
        first, second = sorted(divmod(int(likeness.argmax()), len(matrix)))
        best = likeness[first, second]
        if best <= 0:
            break
        one, two = len(members[first]), len(members[second])
        joined = (one * likeness[first] + two * likeness[second]) / (one + two)
        likeness[first], likeness[:, first] = joined, joined
        likeness[second], likeness[:, second], likeness[first, first] = -1.0, -1.0, -1.0
        members[first] += members.pop(second)
        if best >= TOGETHER and len(members[first]) <= GROUP_SIZE:
            groups[first] = list(members[first])
            groups.pop(second, None)
    order = np.array([i for leader in sorted(members, key=lambda m: (-len(members[m]), m)) for i in members[leader]])
    found = sorted(groups.values(), key=lambda group: -mutual[np.ix_(group, group)].sum())
    return order, found


def matrix_picture(matrix):
    """A PNG with one pixel a cell, rows the truth: blue is right, red is wrong, denser is a larger share of the row.

    Its ground is clear, so that it lies on a light page and on a dark one.
    """
    share = np.sqrt(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))  # so that a hundredth can still be seen
    ink = np.where(np.eye(len(matrix), dtype=bool)[..., None], (59, 125, 216), (217, 72, 38))
    return data_uri(np.concatenate([ink, np.round(255 * share[..., None])], axis=-1).astype("uint8"), "PNG")


def _part(matrix, labels, group):
    """The square of a group out of the whole matrix; shares are of the whole rows."""
    part = matrix[np.ix_(group, group)]
    names = [labels[i] for i in group]
    return {"columns": names, "written": _rows(part, names, matrix[group].sum(axis=1))}


def _rows(matrix, names, totals=None):
    totals = matrix.sum(axis=1) if totals is None else totals
    return [(name, [(int(n), round(100 * float(np.sqrt(n / total)), 1) if total else 0, i == j)
                    for j, n in enumerate(row)])
            for i, (name, row, total) in enumerate(zip(names, matrix, totals))]
