"""Pools against plain NumPy, window by window, and what a head makes of several places."""

import itertools

import numpy as np
import pytest
from keras import ops

from res3d.layers.pooling import MaxPool, pool
from res3d.networks.classifier import PlacesClassifier, WindowPool


def windows(x, sizes, strides, pads, reduce, fill):
    """The definition: `reduce` of each window of `x`, `fill` outside it."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    shape = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], sizes, strides)]
    y = np.zeros((x.shape[0], *shape, x.shape[-1]))
    axes = tuple(range(1, len(sizes) + 1))
    for place in itertools.product(*map(range, shape)):
        window = (slice(None), *(slice(p * s, p * s + k) for p, s, k in zip(place, strides, sizes)))
        y[(slice(None), *place)] = reduce(x[window], axis=axes)
    return y


def below_zero(*shape):
    """Where zeros stood for what lies outside, they would be the largest."""
    return -1 - np.random.default_rng(0).random(shape).astype("float32")


@pytest.mark.parametrize(("sizes", "strides"), [
    ((3,), (2,)), ((2,), (2,)), ((3, 3), (2, 2)), ((2, 2), (2, 2)), ((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)),
    ((2, 1, 1), (2, 1, 1)), ((3, 1, 1), (1, 1, 1)), ((1, 3, 3), (2, 2, 2)), ((3, 2, 2), (1, 2, 2))])
def test_max_pool_centres_odd_windows_and_keeps_even_ones_inside(sizes, strides):
    x = below_zero(2, *(5, 6, 7)[-len(sizes):], 3)
    pads = [(size // 2, size // 2) if size % 2 else (0, 0) for size in sizes]
    layer = MaxPool(sizes, strides, len(sizes))
    expected = windows(x, sizes, strides, pads, np.max, -np.inf)
    np.testing.assert_array_equal(layer(x), expected.astype("float32"))
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_same_padding_of_a_max_pool_is_tensorflows():
    tf = pytest.importorskip("tensorflow")
    x = below_zero(2, 5, 6, 7, 3)
    for sizes, strides in (((3, 3, 3), (2, 2, 2)), ((1, 3, 3), (1, 2, 2)), ((2, 2, 2), (2, 2, 2))):
        layer = MaxPool(sizes, strides, 3, "same")
        expected = tf.nn.max_pool3d(x, sizes, strides, "SAME")
        np.testing.assert_array_equal(layer(x), expected)
        assert layer.compute_output_shape(x.shape) == tuple(expected.shape)


@pytest.mark.parametrize(("padding", "pads"), [("valid", [(0, 0)] * 3), ("same", [(0, 1), (0, 0), (0, 1)])])
def test_an_average_counts_what_lies_inside_only(padding, pads):
    x = below_zero(1, 5, 6, 7, 2)
    expected = windows(x, (2, 2, 2), (2, 2, 2), pads, np.nanmean, np.nan)
    np.testing.assert_allclose(pool(ops.average_pool, x, (2, 2, 2), (2, 2, 2), padding), expected, 1e-5)


def test_a_window_larger_than_its_input_is_cut_to_it():
    x = below_zero(2, 3, 4, 5, 6)
    np.testing.assert_allclose(WindowPool((4, 7, 7), 3)(x), x.mean((1, 2, 3)), 1e-5)
    expected = windows(x, (2, 3, 4), (1, 1, 1), [(0, 0)] * 3, np.mean, 0).reshape(2, -1, 6)
    kept = WindowPool((2, 3, 4), 3, keep=True)
    np.testing.assert_allclose(kept(x), expected, 1e-5)
    assert kept.compute_output_shape(x.shape) == expected.shape


@pytest.mark.parametrize(("activation", "score"), [
    ("softmax", lambda logits: np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)),
    ("sigmoid", lambda logits: 1 / (1 + np.exp(-logits)))])
@pytest.mark.parametrize("places", [1, 3])
def test_scores_of_places_are_averaged_after_their_activation(activation, score, places):
    x = np.random.default_rng(0).normal(size=(2, places, 5)).astype("float32")
    layer = PlacesClassifier(4, activation)
    layer.build(x.shape)
    expected = score(x @ np.asarray(layer.kernel)).mean(1)
    np.testing.assert_allclose(layer(x), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("layer", [MaxPool((1, 3, 3), (1, 2, 2), 3, name="p"), WindowPool((1, 3, 3), 3, name="p")])
def test_an_input_of_another_rank_is_refused(layer):
    with pytest.raises(ValueError, match=r"'p' takes inputs of shape \(batch, frames, height, width, channels\) with "
                                         r"known channels \(rank=3\)\. Received: \(1, 8, 8, 3\)"):
        layer(np.zeros((1, 8, 8, 3), "float32"))
