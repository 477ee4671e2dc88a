"""Steps that change colours and cover parts of a clip; with the steps of the modules below, all augmentation in one
place.

A step is `step(clip, seed) -> clip`, uint8 (frames, height, width, channels) in and out, with one draw for all frames:
`pipelines.transforms` says more. `mixup` and `cutmix` take whole batches.

    augment = chain(random_resized_crop(112), random_flip(labels=labels), rand_augment(2, 9), random_erasing())
    train = training_clips(data, clip, batch_size=8, augment=augment, mix=mixup(0.8))
"""

import math
from collections.abc import Callable

import tensorflow as tf

from pipelines.mixing import cutmix, either, mixup, mixup_or_cutmix
from pipelines.rand_augment import grey, rand_augment
from pipelines.transforms import (
    centre_crop,
    chain,
    check_probability,
    check_range,
    random_crop,
    random_flip,
    random_resized_crop,
    resize_short_side,
    short_side_jitter,
    to_uint8,
    uniforms,
)

__all__ = ["centre_crop", "chain", "color_jitter", "cutmix", "either", "keras_layer", "mixup", "mixup_or_cutmix",
           "rand_augment", "random_crop", "random_erasing", "random_flip", "random_resized_crop", "resize_short_side",
           "short_side_jitter"]


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
        mean = tf.reduce_mean(grey(values))
        values = tf.clip_by_value(mean + (values - mean) * contrasted, 0.0, 255.0)
        if clip.shape[-1] == 3:
            still = grey(values)
            values = tf.clip_by_value(still + (values - still) * saturated, 0.0, 255.0)
            if hue:
                values = tf.image.adjust_hue(values / 255.0, hue * (2.0 * draws[3] - 1.0)) * 255.0
        return to_uint8(values)

    return step


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


FOLDS = ("channels", "height")


def keras_layer(layer: Callable, time_as: str) -> Callable:
    """A step out of one of Keras's random image layers, such as `keras.layers.RandomRotation(0.05)`.

    The layers draw for every image of a batch. Here a clip is shown to them as one image: with frames side by side as
    channels, which suits layers that move pixels (rotation, translation, zoom, shear, perspective), or stacked as
    height, which suits those that change colours. The random numbers come from the seed, not from the layer's own.

    Args:
        layer: a Keras image layer with `get_random_transformation` and `transform_images`, pixels from 0 to 255.
        time_as: "channels" or "height".

    Raises:
        ValueError: for a layer without these methods, or one that draws from a generator of its own (`RandAugment`,
            `AugMix`, `RandomColorJitter`).
    """
    import keras

    if time_as not in FOLDS:
        raise ValueError(f"`time_as` must be one of {', '.join(map(repr, FOLDS))}. Received: {time_as!r}.")
    inside = isinstance(layer, keras.layers.RandAugment | keras.layers.AugMix | keras.layers.RandomColorJitter)
    if inside or not hasattr(layer, "get_random_transformation"):
        raise ValueError(f"`keras_layer` takes one random image layer whose draws can be seeded. Received: {layer!r}. "
                         "Use `rand_augment` or `color_jitter` of this module, or the layers it is made of.")

    class Given(keras.random.SeedGenerator):
        """Hands out what follows from a tensor."""

        def __init__(self, seed):
            self.given, self.calls = tf.cast(seed, tf.int32), 0

        def next(self, ordered=True):
            self.calls += 1
            return tf.random.fold_in(self.given, self.calls)

    def transform(clip, seed):
        frames, height, width, channels = (clip.shape[i] or tf.shape(clip)[i] for i in range(4))
        folded = tf.cast(clip, tf.float32)
        if time_as == "channels":
            folded = tf.reshape(tf.transpose(folded, (1, 2, 0, 3)), (height, width, frames * channels))
        else:
            folded = tf.reshape(folded, (frames * height, width, channels))
        layer.backend.set_backend("tensorflow")  # what a layer's own call does in a TensorFlow graph
        try:
            chosen = layer.get_random_transformation(folded, training=True, seed=Given(seed))
            folded = layer.transform_images(folded, chosen, training=True)
        finally:
            layer.backend.reset()
        if time_as == "channels":
            folded = tf.transpose(tf.reshape(folded, (height, width, frames, channels)), (2, 0, 1, 3))
        return tf.ensure_shape(to_uint8(tf.reshape(folded, (frames, height, width, channels))), clip.shape)

    graph = tf.function(transform)  # the layers use TensorFlow on every Keras backend, but in graphs only
    return lambda clip, seed: graph(clip, tf.cast(tf.convert_to_tensor(seed), tf.int32))
