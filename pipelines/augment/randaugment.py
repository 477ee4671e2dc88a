"""RandAugment for clips: a few operations out of a table, at one strength, the same for all frames of a clip."""

import math
from collections.abc import Callable

import tensorflow as tf

from pipelines.arguments import check_whole_number
from pipelines.augment.chaining import fold_seed, uniforms
from pipelines.augment.color import gray
from pipelines.augment.crops import to_uint8

MAX_MAGNITUDE = 10
FILL = 128.0  # of what turning and moving bring into the picture: the middle of the range


def rand_augment(num_ops: int = 2, magnitude: float = 9) -> Callable:
    """Applies `num_ops` operations drawn at random from `OPERATIONS`, with replacement, at a fixed strength.

    Statistics such as the histogram that is flattened are those of the whole clip, so that frames keep their
    differences.

    Args:
        num_ops: int. Operations applied, one after the other.
        magnitude: float from 0 to 10. At 10 a clip is turned by 30 degrees, sheared by 0.3, moved by 0.3 of its side;
            its colours, contrast, brightness and sharpness are changed by a factor of 0.1 or 1.9; all pixels are
            inverted (solarize), or keep 4 of 8 bits (posterize). Directions are drawn.

    Raises:
        ValueError: for a `num_ops` below 0 or a `magnitude` out of its range.

    Reference: Cubuk et al., 2019 (arXiv 1909.13719).
    """
    check_whole_number("num_ops", num_ops, 0)
    if not 0 <= magnitude <= MAX_MAGNITUDE:
        raise ValueError(f"`magnitude` must lie in [0, {MAX_MAGNITUDE}]. Received: magnitude={magnitude!r}.")
    operations = list(OPERATIONS.values())

    def step(clip, seed):
        shape = clip.shape
        for number in range(num_ops):
            which, sign = uniforms(fold_seed(seed, number), 2)
            level = magnitude / MAX_MAGNITUDE * tf.where(sign < 0.5, -1.0, 1.0)
            branches = [lambda clip=clip, operation=operation, level=level: operation(clip, level)
                        for operation in operations]
            clip = tf.switch_case(tf.cast(which * len(operations), tf.int32), branches)
        return tf.ensure_shape(clip, shape)

    return step


def auto_contrast(clip, level):
    """Stretches each channel of the clip to the whole range."""
    values = tf.cast(clip, tf.float32)
    low = tf.reduce_min(values, (0, 1, 2), keepdims=True)
    high = tf.reduce_max(values, (0, 1, 2), keepdims=True)
    return tf.where(high > low, to_uint8((values - low) * 255.0 / tf.maximum(high - low, 1.0)), clip)


def equalize(clip, level):
    """Flattens the histogram of each channel of the clip."""
    channels = []
    for channel in tf.unstack(tf.cast(clip, tf.int32), num=clip.shape[-1], axis=-1):
        histogram = tf.math.bincount(tf.reshape(channel, (-1,)), minlength=256, maxlength=256)
        total = tf.cumsum(histogram)
        least = tf.reduce_min(tf.where(histogram > 0, total, tf.reduce_max(total)))
        spread = tf.maximum(tf.reduce_max(total) - least, 1)
        table = to_uint8(tf.cast(total - least, tf.float32) * 255.0 / tf.cast(spread, tf.float32))
        flat = tf.equal(least, tf.reduce_max(total))  # one grey level only
        channels.append(tf.where(flat, tf.cast(channel, tf.uint8), tf.gather(table, channel)))
    return tf.stack(channels, axis=-1)


def solarize(clip, level):
    """Inverts the pixels from a threshold on, lower with strength."""
    threshold = 256.0 * (1.0 - tf.abs(level))
    return tf.where(tf.cast(clip, tf.float32) >= threshold, 255 - clip, clip)


def posterize(clip, level):
    """Keeps the upper bits of each pixel, from 8 down to 4."""
    dropped = tf.cast(tf.round(4.0 * tf.abs(level)), tf.uint8)
    return tf.bitwise.left_shift(tf.bitwise.right_shift(clip, dropped), dropped)


def _enhance(base):
    """Moves pixels away from, or towards, what `base` gives."""
    def operation(clip, level):
        values = tf.cast(clip, tf.float32)
        still = base(values)
        return to_uint8(still + (values - still) * (1.0 + 0.9 * level))

    return operation


def _smooth(values):
    """A 3 x 3 mean with a heavier middle; the border keeps its pixels."""
    kernel = tf.constant([[1.0, 1.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 1.0]]) / 13.0
    kernel = tf.tile(kernel[:, :, tf.newaxis, tf.newaxis], (1, 1, values.shape[-1], 1))
    smooth = tf.nn.depthwise_conv2d(values, kernel, (1, 1, 1, 1), "SAME")
    height, width = tf.shape(values)[1], tf.shape(values)[2]
    rows, columns = tf.range(height), tf.range(width)
    inner = ((rows > 0) & (rows < height - 1))[:, tf.newaxis] & (columns > 0) & (columns < width - 1)
    return tf.where(inner[:, :, tf.newaxis], smooth, values)


def _project(rows):
    """Moves pixels: `rows(level, height, width)` is a 2 x 3 matrix from a place in the result to one in the clip."""
    def operation(clip, level):
        height, width = (tf.cast(tf.shape(clip)[i], tf.float32) for i in (1, 2))
        (a, b, c), (d, e, f) = rows(level, height, width)
        transform = tf.stack([tf.convert_to_tensor(x, tf.float32) for x in (a, b, c, d, e, f, 0.0, 0.0)])
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=clip, transforms=transform[tf.newaxis], output_shape=tf.shape(clip)[1:3], fill_value=FILL,
            interpolation="BILINEAR", fill_mode="CONSTANT")
        return tf.ensure_shape(moved, clip.shape)

    return operation


def _turn(level, height, width):
    angle = math.radians(30.0) * level
    cos, sin = tf.cos(angle), tf.sin(angle)
    x, y = (width - 1.0) / 2.0, (height - 1.0) / 2.0
    return (cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y)


OPERATIONS = {
    "identity": lambda clip, level: clip,
    "auto_contrast": auto_contrast,
    "equalize": equalize,
    "rotate": _project(_turn),
    "solarize": solarize,
    "color": _enhance(gray),
    "posterize": posterize,
    "contrast": _enhance(lambda values: tf.reduce_mean(gray(values))),
    "brightness": _enhance(tf.zeros_like),
    "sharpness": _enhance(_smooth),
    "shear_x": _project(lambda level, height, width: ((1.0, 0.3 * level, 0.0), (0.0, 1.0, 0.0))),
    "shear_y": _project(lambda level, height, width: ((1.0, 0.0, 0.0), (0.3 * level, 1.0, 0.0))),
    "translate_x": _project(lambda level, height, width: ((1.0, 0.0, 0.3 * level * width), (0.0, 1.0, 0.0))),
    "translate_y": _project(lambda level, height, width: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.3 * level * height))),
}
