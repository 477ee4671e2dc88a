"""A rectangle of every frame covered."""

import math
from collections.abc import Callable

import tensorflow as tf

from pipelines.augment.chaining import check_probability, check_range, uniforms


def random_erasing(probability: float = 0.25, area: tuple[float, float] = (0.02, 1 / 3),
                   ratio: tuple[float, float] = (0.3, 3.3), fill: str | int = "noise") -> Callable:
    """Covers one box of the picture, the same in every frame (Zhong et al., 2017, arXiv 1708.04896).

    Args:
        probability: float. Of covering anything.
        area: (float, float). Least and greatest share of the picture covered.
        ratio: (float, float). Least and greatest height / width of the box.
        fill: "noise" for random pixels, the same in every frame, or an int from 0 to 255.

    Raises:
        ValueError: for a probability, a share, a ratio or a `fill` out of its range.
    """
    if fill != "noise" and not (isinstance(fill, int) and 0 <= fill <= 255):
        raise ValueError(f"`fill` must be 'noise' or an int from 0 to 255. Received: fill={fill!r}.")
    check_probability(probability)
    check_range("area", area, 0, 1)
    check_range("ratio", ratio, 0, math.inf)
    low, high = math.log(ratio[0]), math.log(ratio[1])

    def step(clip, seed):
        chance, size, shape, down, right = uniforms(seed, 5)
        height, width = tf.shape(clip)[1], tf.shape(clip)[2]
        tall, wide = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
        aspect = tf.exp(low + (high - low) * shape)
        covered = tall * wide * (area[0] + (area[1] - area[0]) * size)
        box_height = tf.minimum(tf.round(tf.sqrt(covered * aspect)), tall)
        box_width = tf.minimum(tf.round(tf.sqrt(covered / aspect)), wide)
        top, left = tf.floor((tall - box_height + 1) * down), tf.floor((wide - box_width + 1) * right)
        rows, columns = tf.range(tall), tf.range(wide)
        inside = ((rows >= top) & (rows < top + box_height))[:, tf.newaxis] & (columns >= left) & (
            columns < left + box_width)
        inside = inside[:, :, tf.newaxis] & (chance < probability)
        if fill == "noise":
            patch = tf.random.stateless_uniform(tf.shape(clip)[1:], tf.cast(seed, tf.int32), 0, 256, tf.int32)
            return tf.where(inside, tf.cast(patch, tf.uint8), clip)
        return tf.where(inside, tf.cast(fill, tf.uint8), clip)

    return step
