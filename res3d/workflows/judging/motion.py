"""The same clips with their motion taken away or turned round: what a network answers then tells what it looks at."""

import numpy as np

from res3d.evaluation.metrics import summarise


def shuffled(views, position):
    """The frames of each clip in another order, which the video's position decides; the same for all its views.

    >>> shuffled(np.arange(2).reshape(1, 2, 1, 1, 1), 0).ravel().tolist()
    [1, 0]
    """
    frames = views.shape[1]
    rng, order = np.random.default_rng(position), np.arange(frames)
    while frames > 1 and (order[:-1] < order[1:]).all():
        order = rng.permutation(frames)
    return views[:, order]


def reversed_(views, position):
    """The frames of each clip from the last to the first."""
    return views[:, ::-1]


def stilled(views, position):
    """The middle frame of each clip in the place of all."""
    middle = views.shape[1] // 2
    return np.repeat(views[:, middle:middle + 1], views.shape[1], axis=1)


CHANGES = {"shuffled": shuffled, "reversed": reversed_, "stilled": stilled}


def motion_figures(scored, truth, multi_label):
    """{change: figures} of clips that were changed, with `same_answer`, the share of videos whose best class stays.

    Args:
        scored: `Scored`, with `CHANGES` as its changes.
        truth: label ids, or rows of 0 and 1 for several labels.
        multi_label: bool.
    """
    found, answers = {}, scored.predictions.predicted
    for name, scores in scored.changed.items():
        figures = summarise(scores, truth, multi_label)
        kept = ("mean_average_precision",) if multi_label else ("top1", "top5", "mean_class_accuracy")
        found[name] = {figure: figures[figure] for figure in kept}
        found[name]["same_answer"] = float((scores.argmax(axis=1) == answers).mean())
    return found
