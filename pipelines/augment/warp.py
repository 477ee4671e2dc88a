"""The whole picture turned, sheared, scaled and moved a little, all frames alike, as another camera would see it."""

import math
from collections.abc import Callable

import tensorflow as tf

from pipelines.augment.chaining import uniforms


class Warp:
    """What `random_warp` returns: a step, and one that wants whole pictures where it stands at the head of a chain."""

    spatial = True

    def __init__(self, height, width, amounts):
        self.size, self.amounts = (height, width), amounts

    def __call__(self, clip, seed):
        height, width = (tf.cast(tf.shape(clip)[axis], tf.float32) for axis in (1, 2))
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=tf.cast(clip, tf.float32), transforms=self._transform(height, width, seed)[tf.newaxis],
            output_shape=tf.constant(self.size), fill_value=0.0, interpolation="BILINEAR", fill_mode="NEAREST")
        moved = tf.cast(tf.clip_by_value(tf.round(moved), 0.0, 255.0), tf.uint8)
        return tf.ensure_shape(moved, (clip.shape[0], *self.size, clip.shape[-1]))

    def _transform(self, height, width, seed):
        """From a place in the result to one in a `height` x `width` picture: 8 numbers, row by row."""
        draws = [2.0 * draw - 1.0 for draw in uniforms(seed, 6)]
        scale, aspect, rotation, shear, shift = self.amounts
        zoom, stretch = tf.exp(scale * draws[0]), tf.exp(aspect * draws[1])
        across, down = zoom * stretch, zoom / stretch
        angle, slant = math.radians(rotation) * draws[2], shear * draws[3]
        cos, sin = tf.cos(angle), tf.sin(angle)
        # From the picture to the result: turn, shear, scale. What is needed is the way back.
        a, b = across * (cos + slant * sin), across * (slant * cos - sin)
        c, d = down * sin, down * cos
        area = a * d - b * c
        a, b, c, d = d / area, -b / area, -c / area, a / area
        x, y = (self.size[1] - 1.0) / 2.0, (self.size[0] - 1.0) / 2.0
        centre_x = (width - 1.0) / 2.0 + shift * draws[4] * self.size[1]
        centre_y = (height - 1.0) / 2.0 + shift * draws[5] * self.size[0]
        return tf.stack([a, b, centre_x - a * x - b * y, c, d, centre_y - c * x - d * y, 0.0, 0.0])


def random_warp(height: int, width: int | None = None, scale: float = 0.2, aspect: float = 0.1, rotation: float = 6.0,
                shear: float = 0.1, shift: float = 0.12) -> Callable:
    """Turns, shears, scales and moves the picture about its middle, and keeps `height` x `width` of it.

    All frames of a clip are moved alike, by one draw of each amount, evenly from minus to plus. What lies outside of
    the picture has the color of its border. With all amounts 0 it is a crop of the middle.

    Args:
        height, width: ints. Of the result; one number makes a square.
        scale: float. Sides are scaled by e to the power of up to this.
        aspect: float. The width is stretched, the height shrunk, by e to the power of up to this, or the other way.
        rotation: float. Degrees.
        shear: float. How far rows slide, as a share of their distance.
        shift: float. A share of the result's sides.

    Raises:
        ValueError: for an amount below 0.

    >>> random_warp(8, 10)(tf.zeros((2, 12, 16, 3), tf.uint8), (1, 2)).shape
    TensorShape([2, 8, 10, 3])
    """
    amounts = {"scale": scale, "aspect": aspect, "rotation": rotation, "shear": shear, "shift": shift}
    for name, value in amounts.items():
        if not value >= 0:
            raise ValueError(f"`{name}` must be 0 or more. Received: {name}={value!r}.")
    return Warp(height, width if width is not None else height, tuple(map(float, amounts.values())))
