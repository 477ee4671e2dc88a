"""The loss and the running top-k against plain NumPy."""

import keras
import numpy as np
import pytest

from res3d.evaluation.metrics import mean_average_precision, top_k_accuracy
from res3d.training.losses import ClassificationLoss, MeanAveragePrecision, TopK, make_loss, make_metrics
from res3d.training.recipe import find_recipe

LOGITS = np.array([[2.0, 0.5, -1.0], [0.0, 3.0, 1.0]], "float32")


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@pytest.mark.parametrize("labels", [np.array([0, 2]), np.array([[0], [2]]), np.eye(3, dtype="float32")[[0, 2]]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ids_columns_and_rows_mean_the_same(labels, smoothing):
    target = np.eye(3)[[0, 2]] * (1 - smoothing) + smoothing / 3
    expected = -(target * log_softmax(LOGITS)).sum(-1).mean()
    assert float(ClassificationLoss(smoothing)(labels, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_mixtures_are_targets():
    target = np.array([[0.3, 0.7, 0.0], [0.0, 0.5, 0.5]], "float32")
    expected = -(target * log_softmax(LOGITS)).sum(-1).mean()
    assert float(ClassificationLoss()(target, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_several_labels_are_as_many_sigmoids():
    target = np.array([[1, 1, 0], [0, 0, 1]], "float32")
    chance = 1 / (1 + np.exp(-LOGITS))
    expected = -(target * np.log(chance) + (1 - target) * np.log(1 - chance)).mean()
    assert float(ClassificationLoss(multi_label=True)(target, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_half_precision_logits_are_widened():
    loss = ClassificationLoss()(np.array([0, 1]), keras.ops.cast(LOGITS, "float16"))
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"


@pytest.mark.parametrize(("k", "expected"), [(1, 0.5), (2, 0.5), (3, 1.0), (5, 1.0)])
def test_top_k_is_right_with_fewer_classes_than_k(k, expected):
    metric = TopK(k)
    metric.update_state(np.array([0, 0]), LOGITS)
    assert float(metric.result()) == expected


def test_a_row_that_is_no_number_is_wrong():
    metric = TopK(5)
    metric.update_state(np.array([0]), np.full((1, 3), np.nan, "float32"))
    assert float(metric.result()) == 0.0


def test_equal_logits_are_one_answer_and_not_all():
    """The rule of evaluation: the lower id first."""
    metric = TopK(2)
    metric.update_state(np.arange(4), np.zeros((4, 4), "float32"))
    assert float(metric.result()) == 0.5


@pytest.mark.parametrize("k", [1, 2, 5])
def test_it_is_what_evaluation_finds(k):
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 3, (50, 6)).astype("float32"), rng.integers(0, 6, 50)
    scores[::9, 2] = np.nan
    metric = TopK(k)
    metric.update_state(labels, scores)
    assert float(metric.result()) == pytest.approx(top_k_accuracy(scores, labels, k))


def test_classes_without_a_positive_clip_do_not_lower_the_mean_precision():
    rng = np.random.default_rng(0)
    hot, logits = rng.integers(0, 2, (64, 6)), rng.normal(size=(64, 6)).astype("float32")
    hot[:, [1, 4]] = 0
    metric = MeanAveragePrecision(6)
    metric.update_state(hot, logits)
    assert float(metric.result()) == pytest.approx(mean_average_precision(logits, hot), abs=0.02)
    metric.reset_state()
    metric.update_state(np.zeros_like(hot), logits)
    assert float(metric.result()) == 0.0


def test_a_mixture_counts_as_its_largest_label():
    metric = TopK(1)
    metric.update_state(np.array([[0.3, 0.7, 0.0], [0.0, 0.6, 0.4]], "float32"), LOGITS)
    assert float(metric.result()) == 0.5


def test_they_are_saved_by_name():
    for thing in (ClassificationLoss(0.1, True), TopK(5), MeanAveragePrecision(3)):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(thing))
        assert again.get_config() == thing.get_config()


def test_a_recipe_chooses():
    assert [m.name for m in make_metrics(find_recipe("demo"), 8)] == ["accuracy", "top5"]
    several = find_recipe("demo", ["loss.multi_label=true"])
    assert make_loss(several).multi_label
    assert [m.name for m in make_metrics(several, 8)] == ["mean_average_precision"]
