"""Convolutions and pools of a clip made of those for pictures give what Keras's own give."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from res3d.four_axes.convolution import convolution, windows, with_borders

SIZES = (7, 6, 5)
CASES = [  # kernel, strides, pads, groups, dilation
    ((3, 3, 3), (1, 1, 1), ((1, 1),) * 3, 1, (1, 1, 1)),
    ((3, 3, 3), (2, 2, 2), ((1, 1),) * 3, 1, (1, 1, 1)),
    ((5, 1, 1), (4, 1, 1), ((2, 2), (0, 0), (0, 0)), 1, (1, 1, 1)),
    ((1, 3, 3), (1, 2, 2), ((0, 0), (1, 1), (0, 1)), 1, (1, 1, 1)),
    ((1, 1, 1), (2, 2, 1), ((0, 0),) * 3, 1, (1, 1, 1)),
    ((3, 1, 1), (1, 2, 2), ((1, 1), (0, 0), (0, 0)), 1, (1, 1, 1)),
    ((2, 3, 3), (1, 2, 2), ((0, 0),) * 3, 1, (1, 1, 1)),
    ((3, 3, 3), (1, 1, 1), ((2, 2),) * 3, 1, (2, 2, 2)),
    ((3, 1, 1), (1, 1, 1), ((2, 2), (0, 0), (0, 0)), 1, (2, 1, 1)),
    ((3, 3, 3), (1, 1, 1), ((1, 1),) * 3, 2, (1, 1, 1)),
    ((3, 3, 3), (2, 2, 2), ((1, 1),) * 3, 4, (1, 1, 1)),
    ((5, 1, 1), (1, 1, 1), ((2, 2), (0, 0), (0, 0)), 4, (1, 1, 1)),
]


def plain(x, kernel, strides, pads, groups, dilation):
    """The definition, place by place and tap by tap."""
    x = np.pad(x, (*pads, (0, 0)))
    reach = [(size - 1) * step + 1 for size, step in zip(kernel.shape, dilation)]
    shape = [(size - long) // stride + 1 for size, long, stride in zip(x.shape, reach, strides)]
    share, filters = kernel.shape[3], kernel.shape[4] // groups
    y = np.zeros((*shape, kernel.shape[4]))
    for place in itertools.product(*map(range, shape)):
        for tap in itertools.product(*map(range, kernel.shape[:3])):
            seen = x[tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilation))]
            for group in range(groups):
                out = slice(group * filters, (group + 1) * filters)
                y[place][out] += seen[group * share:(group + 1) * share] @ kernel[tap][:, out]
    return y


@pytest.mark.parametrize(("size", "strides", "pads", "groups", "dilation"), CASES)
def test_a_convolution(size, strides, pads, groups, dilation):
    rng = np.random.default_rng(0)
    x, bias = rng.normal(size=(*SIZES, 4)).astype("float32"), rng.normal(size=8).astype("float32")
    kernel = rng.normal(size=(*size, 4 // groups, 8)).astype("float32")
    found = convolution(ops.convert_to_tensor(x), ops.convert_to_tensor(kernel), bias, strides, pads, groups, dilation)
    np.testing.assert_allclose(found, plain(x, kernel, strides, pads, groups, dilation) + bias, atol=2e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_pools(padding):
    x = np.random.default_rng(0).normal(size=(1, *SIZES, 3)).astype("float32")
    for operation in (ops.max_pool, ops.average_pool):
        found = windows(operation, ops.convert_to_tensor(x[0]), (2, 3, 3), (2, 2, 2), padding)
        np.testing.assert_allclose(found, operation(x, (2, 3, 3), (2, 2, 2), padding)[0], atol=1e-6)


def test_repeated_borders_are_to_a_maximum_what_nothing_is():
    from res3d.layers.pooling import MaxPool

    x = -1 - np.random.default_rng(0).random((*SIZES, 3)).astype("float32")  # zeros would win
    found = windows(ops.max_pool, with_borders(ops.convert_to_tensor(x), (1, 2, 1)), (3, 5, 3), (2, 2, 1))
    np.testing.assert_array_equal(found, MaxPool((3, 5, 3), (2, 2, 1), 3)(x[None])[0])
    assert keras.ops.max(found) < 0
