"""Time for 2D networks: frames folded into the batch and back, channels shifted or mixed between neighbours."""

import keras
from keras import ops

from res3d.layers.arguments import positive_int
from res3d.layers.composed import Composed


@keras.saving.register_keras_serializable("res3d")
class FoldFrames(keras.layers.Layer):
    """Frames become samples: `(batch, frames, ...)` to `(batch * frames, ...)`.

    >>> FoldFrames()(ops.zeros((2, 4, 8, 8, 3))).shape
    TensorShape([8, 8, 8, 3])
    """

    def call(self, x):
        return ops.reshape(x, (-1, *ops.shape(x)[2:]))

    def compute_output_shape(self, input_shape):
        batch, frames = input_shape[:2]
        return (None if batch is None or frames is None else batch * frames, *input_shape[2:])

    def get_config(self):  # Keras asks for one where the dtype is a policy object
        return super().get_config()


@keras.saving.register_keras_serializable("res3d")
class UnfoldFrames(keras.layers.Layer):
    """Samples become frames again: `(batch * frames, ...)` to `(batch, frames, ...)`.

    Args:
        frames: int. Frames of one clip.

    >>> UnfoldFrames(4)(ops.zeros((8, 5))).shape
    TensorShape([2, 4, 5])
    """

    def __init__(self, frames, **kwargs):
        super().__init__(**kwargs)
        self.frames = positive_int(frames, "frames")

    def call(self, x):
        return ops.reshape(x, (-1, self.frames, *ops.shape(x)[1:]))

    def compute_output_shape(self, input_shape):
        batch = input_shape[0]
        return (None if batch is None else batch // self.frames, self.frames, *input_shape[1:])

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}


@keras.saving.register_keras_serializable("res3d")
class TemporalShift(keras.layers.Layer):
    """Moves an eighth of the channels one frame back and an eighth one frame forward; zeros fill the ends.

    Args:
        frames: int. Frames of one clip, folded into the batch of the input.
        fraction: int. One in how many channels moves each way.

    Input shape: `(batch * frames, *sizes, channels)`. Output shape: the same.

    Raises:
        ValueError: if `frames` or `fraction` is no positive int.

    Reference: Lin et al., 2019 (arXiv 1811.08383).

    >>> x = ops.reshape(ops.arange(1, 4, dtype="float32"), (3, 1, 1, 1)) * ops.ones((3, 1, 1, 3))
    >>> TemporalShift(3, fraction=3)(x)[:, 0, 0].numpy().tolist()
    [[2.0, 0.0, 1.0], [3.0, 1.0, 2.0], [0.0, 2.0, 3.0]]
    """

    def __init__(self, frames: int, fraction: int = 8, **kwargs) -> None:
        super().__init__(**kwargs)
        self.frames = positive_int(frames, "frames")
        self.fraction = positive_int(fraction, "fraction")

    def call(self, x):
        shape = ops.shape(x)
        fold = x.shape[-1] // self.fraction
        x = ops.reshape(x, (-1, self.frames, *shape[1:]))
        nothing = ops.zeros_like(x[:, :1, ..., :fold])
        earlier = ops.concatenate([x[:, 1:, ..., :fold], nothing], axis=1)
        later = ops.concatenate([nothing, x[:, :-1, ..., fold:2 * fold]], axis=1)
        return ops.reshape(ops.concatenate([earlier, later, x[..., 2 * fold:]], axis=-1), shape)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "frames": self.frames, "fraction": self.fraction}


@keras.saving.register_keras_serializable("res3d")
class ChannelWeights(keras.layers.Layer):
    """Each channel times a number of its own, which training learns.

    Weights: `kernel`, (channels,).

    >>> ChannelWeights()(ops.ones((1, 2))).shape
    TensorShape([1, 2])
    """

    def build(self, input_shape):
        # As a depthwise convolution of one pixel would start: it has one input to a number.
        self.kernel = self.add_weight((input_shape[-1],), name="kernel",
                                      initializer=keras.initializers.RandomNormal(stddev=2**0.5))

    def call(self, x):
        return x * self.kernel

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):  # Keras asks for one where the dtype is a policy object
        return super().get_config()


@keras.saving.register_keras_serializable("res3d")
class TemporalAggregation(Composed):
    """ReLU of the weighted sum of a frame and its two neighbours, channel by channel; zeros stand beyond the ends.

    Args:
        frames: int. Frames of one clip, folded into the batch of the input.

    Weights: `previous/kernel`, `current/kernel`, `next/kernel`, each (channels,).

    Input shape: `(batch * frames, *sizes, channels)`. Output shape: the same.

    Raises:
        ValueError: if `frames` is no positive int.

    Reference: Fan et al., 2019 (arXiv 1912.00869).

    >>> TemporalAggregation(4)(ops.ones((8, 6, 6, 3))).shape
    TensorShape([8, 6, 6, 3])
    """

    def __init__(self, frames: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.frames = positive_int(frames, "frames")
        self.previous, self.current, self.next = (
            ChannelWeights(dtype=self.dtype_policy, name=name) for name in ("previous", "current", "next"))

    def build(self, input_shape):
        for layer in (self.previous, self.current, self.next):
            layer.build(input_shape)

    def call(self, x):
        shape = ops.shape(x)
        previous, current, following = (ops.reshape(layer(x), (-1, self.frames, *shape[1:]))
                                        for layer in (self.previous, self.current, self.next))
        nothing = ops.zeros_like(current[:, :1])
        before = ops.concatenate([nothing, previous[:, :-1]], axis=1)
        after = ops.concatenate([following[:, 1:], nothing], axis=1)
        return ops.reshape(ops.relu(before + current + after), shape)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}
