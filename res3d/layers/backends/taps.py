"""3D convolution as a sum over temporal taps of 2D convolutions, which is exact.

Output frame t is the sum over taps k of the 2D convolution of input frame t * stride + k, counted in padded frames.
XLA compiles 2D convolutions for a CPU to fast library calls and several 3D ones to plain loops, above all the gradient
of one that strides.
"""

import keras
from keras import ops

from res3d.layers.backends.tensorflow_kernels import bias_add


def by_taps_here():
    """Whether full 3D convolutions are faster by taps: with JAX on a CPU. A GPU or TPU has its own.

    >>> by_taps_here()
    False
    """
    return keras.backend.backend() == "jax" and keras.distribution.list_devices()[0].startswith("cpu")


def convolution_by_taps(x, kernel, strides, pads):
    """A full, spatial or temporal 3D convolution.

    Args:
        x: (batch, frames, height, width, channels).
        kernel: (time, height, width, channels, filters), as `keras.layers.Conv3D` stores it.
        strides: 3 ints.
        pads: 3 pairs (before, after), zeros added to `x`.

    Returns: (batch, *new_sizes, filters), new size = (size + before + after - kernel) // stride + 1.

    >>> x = ops.ones((1, 3, 1, 1, 2))
    >>> y = convolution_by_taps(x, ops.ones((3, 1, 1, 2, 4)), (1, 1, 1), ((1, 1), (0, 0), (0, 0)))
    >>> y[0, :, 0, 0, 0].numpy().tolist()
    [4.0, 6.0, 4.0]
    """
    return over_taps(x, kernel, strides, pads, convolution_2d)


def over_taps(x, kernel, strides, pads, convolve):
    """The sum over temporal taps of `convolve(x, kernel, strides, pads)` in 2D; frames are folded into the batch."""
    taps, stride = kernel.shape[0], strides[0]
    x = pad(x, (pads[0], (0, 0), (0, 0)))
    batch, frames = ops.shape(x)[:2]
    count = (frames - taps) // stride + 1
    total = None
    for tap in range(taps):
        if taps == stride == 1:
            part = x
        elif stride == 1 and isinstance(count, int):  # the gradient of a split is five times as fast as a slice's
            part = ops.split(x, [tap, tap + count], axis=1)[1]
        else:
            part = x[:, tap:tap + (count - 1) * stride + 1:stride]
        part = ops.reshape(part, (-1, *ops.shape(x)[2:]))
        part = convolve(part, kernel[tap], strides[1:], pads[1:])
        total = part if total is None else total + part
    return ops.reshape(total, (batch, count, *ops.shape(total)[1:]))


def over_moved_taps(x, kernel, strides, pads, convolve, bias=None):
    """As `over_taps`, for a known number of frames: frames are convolved where they are, and what comes out is moved.

    Less is copied: nothing is padded in time beforehand, and where `convolve` strides, what is moved is the smaller.
    A `bias`, (filters,), goes along with a tap that reaches every output frame, if there is one.
    """
    taps, stride, before, frames = kernel.shape[0], strides[0], pads[0][0], x.shape[1]
    count = (frames + sum(pads[0]) - taps) // stride + 1
    total, phases = None, {}
    for tap in range(taps):
        offset, phase = divmod(tap - before, stride)  # output frame t sees frame t + offset of every `stride`-th
        length = len(range(phase, frames, stride))
        first, last = max(0, offset), min(length, offset + count)
        if first >= last:
            continue
        if phase not in phases:
            part = x[:, phase::stride] if stride > 1 else x
            phases[phase] = ops.reshape(part, (-1, *ops.shape(x)[2:]))
        y = convolve(phases[phase], kernel[tap], strides[1:], pads[1:])
        if last - first == count:
            y, bias = add_bias(y, bias), None
        y = ops.reshape(y, (-1, length, *ops.shape(y)[1:]))
        if last - first < length:
            y = ops.split(y, [first, last], axis=1)[1]
        y = pad(y, ((first - offset, offset + count - last), (0, 0), (0, 0)))
        total = y if total is None else total + y
    return add_bias(total, bias)


def convolution_2d(x, kernel, strides, pads):
    """A 2D convolution; one of a single pixel is a matrix product, whose gradient is several times as fast."""
    x = pad(x, pads)
    if tuple(kernel.shape[:2]) == (1, 1):
        return ops.matmul(x[:, ::strides[0], ::strides[1]], kernel[0, 0])
    return ops.conv(x, kernel, strides, "valid")


def add_bias(y, bias):
    """`y` plus `bias`, (channels,) or None, by TensorFlow's own operation, which it fuses with the convolution before.

    Of a plain sum its graph optimizer makes one with the shortcut's, and adds the bias in a pass of its own.

    >>> add_bias(ops.zeros((1, 2)), ops.array([1.0, 2.0])).numpy().tolist()
    [[1.0, 2.0]]
    """
    if bias is None:
        return y
    if keras.backend.backend() != "tensorflow":
        return y + bias
    return bias_add(y, bias)


def pad(x, pads):
    """`x` (batch, *sizes, channels) with a pair of zeros (before, after) for each size."""
    return ops.pad(x, ((0, 0), *pads, (0, 0))) if any(map(any, pads)) else x
