"""Grouped and depthwise convolution that run everywhere, in the form that each backend is fast at.

TensorFlow has no grouped 3D convolution on a CPU other than through XLA, which takes tens of times as long. There a
depthwise one is a sum over temporal taps of depthwise 2D convolutions (`res3d.layers`). Groups of several channels are
convolved one by one and put side by side.
"""

import functools

import keras
from keras import ops

from res3d.layers.backends.taps import add_bias, over_moved_taps, over_taps, pad


def grouped_convolution(x, kernel, strides, groups, pads, bias=None):
    """Convolves each of `groups` slices of the channels with its own kernels.

    Args:
        x: (batch, *sizes, channels), one to three sizes.
        kernel: (*kernel_size, channels // groups, filters), as `keras.layers.Conv3D(groups=groups)` stores it.
        strides: one int a size.
        groups: int that divides channels and filters.
        pads: one (before, after) a size, zeros added to `x`.
        bias: (filters,) or None.

    Returns: (batch, *new_sizes, filters), new size = (size + before + after - kernel) // stride + 1.

    >>> x = ops.ones((1, 3, 1, 1, 2))
    >>> y = grouped_convolution(x, ops.ones((3, 1, 1, 1, 2)), (1, 1, 1), 2, ((1, 1), (0, 0), (0, 0)))
    >>> y[0, :, 0, 0, 0].numpy().tolist()
    [2.0, 3.0, 2.0]
    """
    backend = keras.backend.backend()
    if backend == "torch" or (backend == "jax" and kernel.shape[-2] > 1):  # their own are faster there
        return add_bias(ops.conv(pad(x, pads), kernel, strides, "valid"), bias)
    if kernel.shape[-2] > 1:
        return add_bias(_by_group(pad(x, pads), kernel, strides, groups), bias)
    rank = len(strides)
    if rank == 3:
        return depthwise_3d(x, kernel, strides, pads, groups, bias)
    for _ in range(2 - rank):
        x, kernel, strides, pads = ops.expand_dims(x, 1), ops.expand_dims(kernel, 0), (1, *strides), ((0, 0), *pads)
    y = add_bias(depthwise_2d(x, kernel, strides, pads, groups), bias)
    return ops.squeeze(y, 1) if rank == 1 else y


def depthwise_3d(x, kernel, strides, pads, groups, bias=None):
    """A depthwise 3D convolution by taps; TensorFlow's own 2D one, over frames and places, where it sees time alone."""
    if max(*kernel.shape[1:3], *strides[1:]) == 1 and keras.backend.backend() == "tensorflow":
        height, width, channels = ops.shape(x)[2:]
        y = ops.reshape(x, (-1, ops.shape(x)[1], height * width, channels))
        y = add_bias(depthwise_2d(y, kernel[:, 0], (strides[0], 1), (pads[0], (0, 0)), groups), bias)
        return ops.reshape(y, (-1, ops.shape(y)[1], height, width, ops.shape(y)[-1]))
    convolve = functools.partial(depthwise_2d, groups=groups)
    if x.shape[1] is None:
        return add_bias(over_taps(x, kernel, strides, pads, convolve), bias)
    return over_moved_taps(x, kernel, strides, pads, convolve, bias)


def depthwise_2d(x, kernel, strides, pads, groups):
    """A depthwise 2D convolution; filters of one channel stand side by side in either layout of the kernel."""
    kernel = ops.reshape(kernel, (*kernel.shape[:2], groups, kernel.shape[-1] // groups))
    if max(strides) == 1 and all(size // 2 == before == after for size, (before, after) in zip(kernel.shape, pads)):
        return ops.depthwise_conv(x, kernel, 1, "same")
    x = pad(x, pads)
    if strides[0] == strides[1]:
        return ops.depthwise_conv(x, kernel, strides, "valid")
    return ops.depthwise_conv(x, kernel, 1, "valid")[:, ::strides[0], ::strides[1]]


def _by_group(x, kernel, strides, groups):
    """One convolution a group, side by side."""
    parts = zip(ops.split(x, groups, axis=-1), ops.split(kernel, groups, axis=-1))
    return ops.concatenate([ops.conv(part, weights, strides, "valid") for part, weights in parts], axis=-1)
