"""Batch norm statistics of the weights as they are, instead of running ones that lag behind them.

Reference: Wu and Johnson, 2021 (arXiv 2105.07576), "precise" batch norm.
"""

import contextlib
import itertools

import keras
import numpy as np
from keras import ops

from res3d.private_keras import layers_inside


class Learning(keras.Model):
    """`model` as it is in training, whatever it is called for: `predict` compiles it, once, on any backend."""

    def __init__(self, model):
        super().__init__(name="learning")
        self.model = model

    def call(self, clips):
        return self.model(clips, training=True)


def batch_statistics(learning, batches, count):
    """Mean and variance of every batch norm that trains, over `count` batches, each normed by its own moments.

    Weights, running statistics and random states are as before afterwards.

    Args:
        learning: `Learning` of a model.
        batches: iterable of (clips, ...).
        count: int. How many of them to look at; fewer if there are fewer.

    Returns:
        list of (moving variable, NumPy array of what it should hold).

    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.BatchNormalization()(inputs))
    >>> found = batch_statistics(Learning(model), [(np.array([[0.0, 1.0], [2.0, 1.0]], "float32"),)], 1)
    >>> [value.round(3).tolist() for _, value in found]
    [[1.0, 1.0], [1.0, 0.0]]
    """
    norms = [layer for layer in layers_inside(learning) if isinstance(layer, keras.layers.BatchNormalization)
             and layer.trainable]
    if not norms or not count:
        return []
    sums = [np.zeros((2, layer.moving_mean.shape[0])) for layer in norms]
    total = 0
    kept = [(variable, ops.copy(variable.value)) for variable in learning.non_trainable_variables]
    try:
        for clips, *_ in itertools.islice(batches, count):
            for layer in norms:  # so that a step leaves 1 - momentum of the batch's own moments
                layer.moving_mean.assign(ops.zeros_like(layer.moving_mean.value))
                layer.moving_variance.assign(ops.zeros_like(layer.moving_variance.value))
            learning.predict_on_batch(np.asarray(clips))  # Keras's trainer on JAX takes no tensor of TensorFlow's here
            total += len(clips)
            for layer, added in zip(norms, sums):
                mean, variance = (_float64(variable) / (1 - layer.momentum)
                                  for variable in (layer.moving_mean, layer.moving_variance))
                added += len(clips) * np.stack([mean, variance + mean**2])
    finally:
        for variable, value in kept:
            variable.assign(value)
    if not total:
        return []
    found = []
    for layer, added in zip(norms, sums):
        mean, square = added / total
        found += [(layer.moving_mean, mean), (layer.moving_variance, np.maximum(square - mean**2, 0))]
    return found


@contextlib.contextmanager
def statistics_in(statistics):
    """With it, the moving variables hold what `batch_statistics` gave; after it, what they held before."""
    kept = [(variable, ops.copy(variable.value)) for variable, _ in statistics]
    try:
        for variable, value in statistics:
            variable.assign(ops.cast(value, variable.dtype))
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def _float64(variable):
    return ops.convert_to_numpy(ops.cast(variable.value, "float32")).astype(np.float64)
