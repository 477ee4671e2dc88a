"""Changes of brightness, contrast, saturation and hue, one for all frames of a clip."""

from collections.abc import Callable

import tensorflow as tf

from pipelines.augment.chaining import uniforms
from pipelines.augment.crops import to_uint8

LUMA = (0.299, 0.587, 0.114)


def gray(values):
    """Brightness as the eye weighs colours (ITU-R BT.601), float, one channel."""
    return tf.reduce_sum(values * LUMA, axis=-1, keepdims=True) if values.shape[-1] == 3 else values


def color_jitter(brightness: float = 0.4, contrast: float = 0.4, saturation: float = 0.4, hue: float = 0.0) -> Callable:
    """Changes brightness, contrast, saturation and hue, in this order, by one random amount each for the whole clip.

    Contrast moves pixels from the mean luma of the clip, not of each frame, so that frames keep their differences.

    Args:
        brightness, contrast, saturation: floats from 0. The factor lies in [max(0, 1 - x), 1 + x].
        hue: float in [0, 0.5]. The greatest turn of the colour circle, either way, as a part of it.

    Raises:
        ValueError: for a negative amount, or a `hue` above a half.

    >>> color_jitter()(tf.zeros((2, 4, 4, 3), tf.uint8), (1, 2)).dtype
    tf.uint8
    """
    for name, value in (("brightness", brightness), ("contrast", contrast), ("saturation", saturation)):
        if not value >= 0:
            raise ValueError(f"`{name}` must not be negative. Received: {name}={value}.")
    if not 0 <= hue <= 0.5:
        raise ValueError(f"`hue` must lie in [0, 0.5]. Received: hue={hue}.")

    def step(clip, seed):
        draws = uniforms(seed, 4)
        bright, contrasted, saturated = (max(0.0, 1.0 - x) + (1.0 + x - max(0.0, 1.0 - x)) * draw
                                         for x, draw in zip((brightness, contrast, saturation), draws))
        values = tf.clip_by_value(tf.cast(clip, tf.float32) * bright, 0.0, 255.0)
        mean = tf.reduce_mean(gray(values))
        values = tf.clip_by_value(mean + (values - mean) * contrasted, 0.0, 255.0)
        if clip.shape[-1] == 3:
            still = gray(values)
            values = tf.clip_by_value(still + (values - still) * saturated, 0.0, 255.0)
            if hue:
                values = tf.image.adjust_hue(values / 255.0, hue * (2.0 * draws[3] - 1.0)) * 255.0
        return to_uint8(values)

    return step
