"""Figures of merit against other ways to compute them."""

import numpy as np
import pytest

from res3d.evaluation import metrics


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_ranks_equal_the_place_in_a_stable_sort(rng):
    scores = rng.integers(0, 4, (200, 6)).astype(float)  # few values, so many ties
    labels = rng.integers(0, 6, 200)
    order = np.argsort(-scores, axis=1, kind="stable")
    expected = [list(row).index(label) for row, label in zip(order, labels)]
    np.testing.assert_array_equal(metrics.ranks(scores, labels), expected)


@pytest.mark.parametrize(("k", "expected"), [(1, 0.5), (2, 1.0), (5, 1.0)])
def test_top_k_accuracy_with_fewer_classes_than_k(k, expected):
    assert metrics.top_k_accuracy(np.array([[0.9, 0.1], [0.9, 0.1]]), [0, 1], k) == expected


def test_a_row_that_is_no_number_is_never_right():
    scores = np.array([[np.nan, 0.1], [0.9, 0.1]])
    assert metrics.top_k_accuracy(scores, [1, 0], 5) == 0.5


def test_mean_class_accuracy_weighs_classes_alike_and_skips_absent_ones():
    labels, predicted = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 2])
    matrix = metrics.confusion_matrix(labels, predicted, 4)
    np.testing.assert_array_equal(matrix, [[2, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert metrics.mean_class_accuracy(labels == predicted, labels) == pytest.approx((2 / 3 + 1) / 2)


def test_average_precision_by_thresholds(rng):
    for _ in range(20):
        scores, positives = rng.integers(0, 5, 30) / 5, rng.integers(0, 2, 30)
        if not positives.any():
            continue
        expected, before = 0.0, 0.0
        for threshold in sorted(set(scores), reverse=True):
            chosen = scores >= threshold
            recall = positives[chosen].sum() / positives.sum()
            expected += (recall - before) * positives[chosen].mean()
            before = recall
        assert metrics.average_precision(scores, positives) == pytest.approx(expected)


def test_classes_without_positives_do_not_count():
    scores, positives = np.array([[0.9, 0.1], [0.1, 0.2]]), np.array([[1, 0], [0, 0]])
    assert metrics.mean_average_precision(scores, positives) == 1.0


def test_calibration_error_by_hand():
    scores = np.array([[0.9, 0.1]] * 10)
    labels = [0] * 6 + [1] * 4
    assert metrics.calibration_error(scores, labels) == pytest.approx(0.3)
    assert metrics.calibration_error(np.eye(2), [0, 1]) == 0.0


def test_softmax_and_sigmoid_do_not_overflow():
    np.testing.assert_allclose(metrics.softmax(np.array([1000.0, 1000.0])), [0.5, 0.5])
    np.testing.assert_allclose(metrics.sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0.0, 0.5, 1.0])


def test_confused_pairs_come_largest_first():
    matrix = np.array([[5, 1, 3], [0, 5, 0], [2, 0, 5]])
    assert metrics.confused_pairs(matrix) == [(0, 2, 3), (2, 0, 2), (0, 1, 1)]
    assert metrics.confused_pairs(matrix, 1) == [(0, 2, 3)]


def test_the_summary_has_what_metrics_json_promises(rng):
    scores = metrics.softmax(rng.normal(size=(50, 8)))
    found = metrics.summarise(scores, rng.integers(0, 8, 50))
    assert set(found) == {"top1", "top5", "mean_class_accuracy", "calibration_error"}
    assert found["top1"] <= found["top5"]


def test_several_labels_a_clip(rng):
    scores = np.array([[0.9, 0.8, 0.1], [0.2, 0.7, 0.6]])
    hot = np.array([[1, 1, 0], [0, 0, 1]])
    found = metrics.summarise(scores, hot, multi_label=True)
    assert found["top1"] == 0.5
    assert found["top5"] == 1.0
    assert found["mean_average_precision"] == pytest.approx(np.mean([1.0, 1.0, 1.0]))
    assert found["mean_class_accuracy"] == pytest.approx(np.mean([1.0, 0.0, 0.0]))


@pytest.mark.parametrize("multi_label", [False, True])
def test_rows_that_are_no_numbers_are_wrong_in_every_figure(multi_label):
    scores = np.array([[np.nan, np.nan, np.nan], [0.1, 0.8, 0.1], [np.nan, 0.5, 0.5], [0.2, 0.2, 0.6]])
    labels = np.array([0, 1, 0, 2])
    found = metrics.summarise(scores, np.eye(3, dtype=int)[labels] if multi_label else labels, multi_label)
    assert (found["top1"], found["top5"]) == (0.5, 0.5)
    assert found["mean_class_accuracy"] == pytest.approx(2 / 3)
    assert all(np.isfinite(value) for value in found.values())
    if not multi_label:  # confidence 0.8 and 0.6, both right; two without any, both wrong
        assert found["calibration_error"] == pytest.approx((0.2 + 0.4) / 4)


def test_nothing_positive_and_a_single_class_have_figures():
    found = metrics.summarise(np.full((3, 2), 0.5), np.zeros((3, 2), int), multi_label=True)
    assert set(found.values()) == {0.0}
    found = metrics.summarise(np.ones((3, 1)), np.zeros(3, int))
    assert found == {"top1": 1.0, "top5": 1.0, "mean_class_accuracy": 1.0, "calibration_error": 0.0}


def test_equal_scores_count_alike_in_accuracy_by_clip_and_by_class():
    found = metrics.summarise(np.full((4, 4), 0.25), np.arange(4))
    assert found["top1"] == found["mean_class_accuracy"] == 0.25
    assert found["calibration_error"] == 0.0
