"""Weights of clips: by class, by mixture, by video, and in the order of the batches."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.dataset.weighing import balanced_weights, weighed


def batches(labels, size=2):
    return tf.data.Dataset.from_tensor_slices((np.zeros((len(labels), 1)), np.array(labels))).batch(size)


def weights_of(dataset):
    return np.concatenate([weights for _, _, weights in dataset]).tolist()


def test_balanced_classes_count_alike_and_the_mean_stays_one():
    counts = np.array([10, 30, 0, 60])
    found = balanced_weights(counts)
    np.testing.assert_allclose(found * counts, [100 / 3, 100 / 3, 0, 100 / 3], rtol=1e-6)


def test_ids_and_mixtures_have_the_weights_of_their_classes():
    assert weights_of(weighed(batches([0, 1, 1]), 2, of_classes=[1.0, 3.0])) == [1, 3, 3]
    mixed = batches(np.array([[1, 0], [0.5, 0.5]], "float32"))
    assert weights_of(weighed(mixed, 2, of_classes=[1.0, 3.0])) == [1, 2]


def test_own_weights_come_in_the_order_of_the_clips_and_multiply():
    assert weights_of(weighed(batches([0, 1, 1]), 2, of_clips=[1, 2, 0.5])) == [1, 2, 0.5]
    assert weights_of(weighed(batches([0, 1, 1]), 2, [1.0, 3.0], [1, 2, 0.5])) == [1, 6, 1.5]


def test_the_number_of_batches_stays_known():
    assert len(weighed(batches([0, 1, 1]), 2, of_clips=[1, 2, 0.5])) == 2
    assert len(weighed(batches([0, 1, 1]), 2, of_classes=[1, 2])) == 2


def test_a_class_of_none_weighs_nothing():
    assert balanced_weights([4, 0]).tolist() == pytest.approx([1, 0])
