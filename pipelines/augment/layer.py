"""A Keras layer for pictures as a step for clips."""

from collections.abc import Callable

import tensorflow as tf

from pipelines.augment.crops import to_uint8

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
