"""3D convolutions and pools of one clip `(frames, height, width, channels)`, made of those for pictures. All are exact.

A kernel over time alone sees the clip as one picture of frames by places, which is a reshape. One over time and space
sees the channels of its frames side by side: one convolution with one accumulator, which 8 bits want. A depthwise
one, which has no sum over channels, is a sum over its frames.
"""

import functools

from keras import ops

from res3d.layers.backends.depthwise import depthwise_2d
from res3d.layers.backends.taps import add_bias, pad


def convolution(x, kernel, bias, strides, pads, groups=1, dilation=(1, 1, 1)):
    """A full, grouped, depthwise or dilated convolution.

    Args:
        x: (frames, height, width, channels).
        kernel: (time, height, width, channels // groups, filters).
        bias: (filters,) or None.
        strides, dilation: 3 ints.
        pads: 3 pairs (before, after), zeros added to `x`.
        groups: int.

    Returns: (new frames, new height, new width, filters).

    >>> x = ops.ones((3, 1, 1, 2))
    >>> y = convolution(x, ops.ones((3, 1, 1, 2, 4)), None, (1, 1, 1), ((1, 1), (0, 0), (0, 0)))
    >>> y[:, 0, 0, 0].numpy().tolist()
    [4.0, 6.0, 4.0]
    """
    convolve = functools.partial(_in_planes, groups=groups)
    if kernel.shape[0] == 1:
        x = _with_frames(x, pads[0])
        y = convolve(x[::strides[0]] if strides[0] > 1 else x, kernel[0], strides[1:], pads[1:], dilation[1:])
    elif max(kernel.shape[1:3]) == 1 and not any(map(any, pads[1:])):
        y = _over_time(x[:, ::strides[1], ::strides[2]] if max(strides[1:]) > 1 else x, kernel, strides[0], pads[0],
                       dilation[0], convolve)
    else:
        views = _views(x, kernel.shape[0], strides[0], pads[0], dilation[0])
        if groups > 1:
            y = sum(convolve(view, kernel[tap], strides[1:], pads[1:], dilation[1:]) for tap, view in enumerate(views))
        else:
            beside = ops.reshape(ops.transpose(kernel, (1, 2, 0, 3, 4)), (*kernel.shape[1:3], -1, kernel.shape[-1]))
            y = convolve(ops.concatenate(views, axis=-1), beside, strides[1:], pads[1:], dilation[1:])
    return add_bias(y, bias)


def windows(operation, x, window, strides, padding="valid"):
    """`operation` (ops.max_pool or ops.average_pool) over windows of a clip, over space and then over time.

    >>> windows(ops.max_pool, ops.ones((4, 6, 6, 2)), (2, 3, 3), (2, 3, 3)).shape
    TensorShape([2, 2, 2, 2])
    """
    if max(*window[1:], *strides[1:]) > 1:
        x = operation(x, window[1:], strides[1:], padding)
    if max(window[0], strides[0]) > 1:
        x = _as_clip(operation(_as_picture(x), (window[0], 1), (strides[0], 1), padding), x.shape)
    return x


def with_borders(x, widths):
    """`x` with its outermost values repeated, `widths` times on both sides of its first axes.

    To a maximum over centred windows that is as good as minus infinity, which 8 bits cannot hold.

    >>> with_borders(ops.reshape(ops.arange(3), (1, 3)), (0, 1)).numpy().tolist()
    [[0, 0, 1, 2, 2]]
    """
    for axis, width in enumerate(widths):
        if width:
            before = (slice(None),) * axis
            first, last = x[(*before, slice(1))], x[(*before, slice(-1, None))]
            x = ops.concatenate([*[first] * width, x, *[last] * width], axis=axis)
    return x


def _in_planes(x, kernel, strides, pads, dilation, groups):
    """A convolution of pictures, in groups of any size."""
    if groups > 1 and kernel.shape[-2] == 1:
        return depthwise_2d(x, kernel, strides, pads, groups)
    if groups > 1:
        parts = zip(ops.split(x, groups, axis=-1), ops.split(kernel, groups, axis=-1))
        return ops.concatenate([_in_planes(*part, strides, pads, dilation, 1) for part in parts], axis=-1)
    reach = [(size - 1) * step + 1 for size, step in zip(kernel.shape, dilation)]
    centred = all(size % 2 and before == after == size // 2 for size, (before, after) in zip(reach, pads))
    if max(strides) > 1 or not centred:
        return ops.conv(pad(x, pads), kernel, strides, "valid", dilation_rate=dilation)
    return ops.conv(x, kernel, 1, "same", dilation_rate=dilation)


def _with_frames(x, pads):
    """`x` with so many frames of zeros (before, after)."""
    return ops.pad(x, (pads, (0, 0), (0, 0), (0, 0))) if any(pads) else x


def _over_time(x, kernel, stride, pads, dilation, convolve):
    y = convolve(_as_picture(x), kernel[:, 0], (stride, 1), (pads, (0, 0)), (dilation, 1))
    return _as_clip(y, x.shape)


def _as_picture(x):
    """(1, frames, height * width, channels)."""
    frames, height, width, channels = x.shape
    return ops.reshape(x, (1, frames, height * width, channels))


def _as_clip(x, shape):
    """What `_as_picture` made, with the height and width of `shape` again."""
    return ops.reshape(x, (x.shape[1], *shape[1:3], x.shape[-1]))


def _views(x, taps, stride, pads, dilation):
    """What each tap of a kernel over time sees: `x`, zeros put to its ends, from another frame on."""
    x = _with_frames(x, pads)
    count = (x.shape[0] - (taps - 1) * dilation - 1) // stride + 1
    return [x[tap * dilation:tap * dilation + (count - 1) * stride + 1:stride] for tap in range(taps)]
