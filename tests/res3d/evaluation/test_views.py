"""Views to scores."""

import numpy as np
import pytest

from res3d.evaluation.views import average_views

LOGITS = np.array([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])


def test_probabilities_are_averaged():
    each = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(average_views(LOGITS), each.mean(0))


def test_logits_are_averaged():
    mean = np.exp(LOGITS.mean(0))
    np.testing.assert_allclose(average_views(LOGITS, "logits"), mean / mean.sum())


def test_several_labels_take_sigmoids():
    np.testing.assert_allclose(average_views(LOGITS, multi_label=True), (1 / (1 + np.exp(-LOGITS))).mean(0))


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match=r"`average` must be one of softmax, logits. Received: average='max'"):
        average_views(LOGITS, "max")
