"""Layers that weigh channels by what a whole clip shows: squeeze-and-excitation and self-gating."""

import keras
from keras import ops

from res3d.layers.arguments import positive_int
from res3d.layers.composed import Composed


def squeezed_width(channels, ratio, divisor=8):
    """Channels of the squeeze, a multiple of 8 that loses at most a tenth: X3D's 54, 216, 432 give 8, 16, 32.

    >>> [squeezed_width(channels, 1 / 16) for channels in (54, 108, 216, 432)]
    [8, 8, 16, 32]
    """
    exact = channels * ratio
    width = max(divisor, int(exact + divisor / 2) // divisor * divisor)
    return width + divisor if width < 0.9 * exact else width


@keras.saving.register_keras_serializable("res3d")
class SqueezeExcite(Composed):
    """Scales each channel by a sigmoid of two dense layers over the averages of all channels.

    Args:
        width: int. Channels between the two dense layers.

    Weights: `reduce/kernel`, `reduce/bias`, `expand/kernel`, `expand/bias`.

    Input shape: `(batch, *sizes, channels)`, any rank. Output shape: the same.

    Raises:
        ValueError: if `width` is no positive int.

    Reference: Hu et al., 2018 (arXiv 1709.01507).

    >>> SqueezeExcite(2)(ops.ones((1, 4, 8, 8, 6))).shape
    TensorShape([1, 4, 8, 8, 6])
    """

    def __init__(self, width: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = positive_int(width, "width")
        self.reduce = keras.layers.Dense(width, activation="relu", dtype=self.dtype_policy, name="reduce")
        self.expand = None

    def build(self, input_shape):
        self.expand = keras.layers.Dense(input_shape[-1], activation="sigmoid", dtype=self.dtype_policy, name="expand")
        self.reduce.build((None, input_shape[-1]))
        self.expand.build((None, self.width))

    def call(self, x):
        return x * _spread(self.expand(self.reduce(_averages(x))), x)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("res3d")
class SelfGating(Composed):
    """Scales each channel by a sigmoid of one dense layer over the averages of all channels.

    Weights: `gate/kernel`, `gate/bias`.

    Input shape: `(batch, *sizes, channels)`, any rank. Output shape: the same.

    Reference: feature gating of Xie et al., 2018 (arXiv 1712.04851).

    >>> SelfGating()(ops.ones((1, 4, 8, 8, 6))).shape
    TensorShape([1, 4, 8, 8, 6])
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.gate = None

    def build(self, input_shape):
        self.gate = keras.layers.Dense(input_shape[-1], activation="sigmoid", dtype=self.dtype_policy, name="gate")
        self.gate.build((None, input_shape[-1]))

    def call(self, x):
        return x * _spread(self.gate(_averages(x)), x)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):  # Keras asks for one where the dtype is a policy object
        return super().get_config()


def _averages(x):
    """(batch, channels): each channel's mean over time and space."""
    return ops.mean(x, axis=list(range(1, len(x.shape) - 1)))


def _spread(weights, x):
    """(batch, channels) with an axis of one for each axis between, ready to multiply `x`."""
    return ops.reshape(weights, (-1, *[1] * (len(x.shape) - 2), x.shape[-1]))
