"""From the logits of a video's views to its scores, in the way the protocol's origin does it."""

import numpy as np

from res3d.evaluation.metrics import sigmoid, softmax

AVERAGES = ("softmax", "logits")


def average_views(logits, average="softmax", multi_label=False):
    """Scores of one video.

    A protocol that sums over views ranks as one that takes the mean; the mean is given, so that scores stay
    probabilities.

    Args:
        logits: (views, classes).
        average: "softmax" averages the probabilities of the views, as nearly all published protocols do; "logits"
            averages first and then takes the softmax.
        multi_label: bool. Sigmoid in the place of softmax.

    Returns:
        (classes,) float64 probabilities.

    >>> average_views([[0.0, 0.0], [0.0, 0.0]])
    array([0.5, 0.5])
    """
    if average not in AVERAGES:
        raise ValueError(f"`average` must be one of {', '.join(AVERAGES)}. Received: average={average!r}.")
    logits = np.asarray(logits, "float64")
    activate = sigmoid if multi_label else softmax
    if average == "logits":
        return activate(logits.mean(axis=0))
    return activate(logits).mean(axis=0)
