"""(2+1)D convolution: space and time apart, with the published rule for the width between."""

import keras

from res3d.layers.arguments import check_rank, choice, positive_int, strided, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.layers.kernels import Initializer, Regularizer, kernel_arguments, kernel_config

ORDERS = ("space_first", "time_first")


def matched_width(channels, filters, kernel_size=(3, 3, 3)):
    """Middle width that gives a factorized convolution the parameters of the full one (Tran et al., 2018).

    >>> matched_width(64, 64), matched_width(64, 128), matched_width(3, 64, (7, 7, 7))
    (144, 230, 110)
    """
    time, area = kernel_size[0], kernel_size[1] * kernel_size[2]
    return channels * filters * time * area // (channels * area + time * filters)


@keras.saving.register_keras_serializable("res3d")
class FactorizedConv(Composed):
    """Convolves space, then time: a (1, k, k) kernel, norm and ReLU, then a (k, 1, 1) kernel and its norm.

    Args:
        filters: int. Channels produced.
        kernel_size: int or 3 odd ints (time, height, width).
        strides: int or 3 ints; the temporal kernel takes the first, the spatial one the others.
        mid: int or None. Channels between the two; None computes `matched_width`.
        order: "space_first", or "time_first" as pytorchvideo's R(2+1)D-50 has it.
        activation: str or None. After the second norm; between the two it is `mid_activation`.
        epsilon, momentum, zero_gamma: as for `ConvNorm`; `zero_gamma` concerns the second norm.
        kernel_initializer, kernel_regularizer: as for `Conv`, of both kernels.

    Input shape: `(batch, frames, height, width, channels)`, float, any scale.
    Output shape: `(batch, new_frames, new_height, new_width, filters)`.

    Weights: `spatial/conv/kernel`, `spatial/norm/...`, `temporal/conv/kernel`, `temporal/norm/...`.

    Raises:
        ValueError: if the input is not rank 5, or its channel count is unknown.

    Reference: Tran et al., 2018 (arXiv 1711.11248).

    >>> FactorizedConv(8)(keras.ops.zeros((1, 4, 16, 16, 3))).shape
    TensorShape([1, 4, 16, 16, 8])
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, ...] = 3, strides: int | tuple[int, ...] = 1,
                 mid: int | None = None, order: str = "space_first", activation: str | None = None,
                 mid_activation: str | None = "relu", epsilon: float = 1e-5, momentum: float = 0.9,
                 zero_gamma: bool = False, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.kernel_size = to_tuple(kernel_size, 3, "kernel_size")
        self.strides = to_tuple(strides, 3, "strides")
        self.mid = None if mid is None else positive_int(mid, "mid")
        self.order = choice(order, ORDERS, "order")
        self.activation, self.mid_activation = activation, mid_activation
        self.epsilon, self.momentum, self.zero_gamma = epsilon, momentum, zero_gamma
        self.kernel_initializer, self.kernel_regularizer = kernel_arguments(
            kernel_initializer, kernel_regularizer).values()
        self.spatial = self.temporal = None

    def build(self, input_shape):
        channels = check_rank(self, input_shape, 3)[-1]
        mid = matched_width(channels, self.filters, self.kernel_size) if self.mid is None else self.mid
        time, height, width = self.kernel_size
        space_first = self.order == "space_first"
        first = {"activation": self.mid_activation}
        second = {"activation": self.activation, "zero_gamma": self.zero_gamma}
        shared = {"rank": 3, "epsilon": self.epsilon, "momentum": self.momentum, "dtype": self.dtype_policy,
                  **kernel_arguments(self.kernel_initializer, self.kernel_regularizer)}
        self.spatial = ConvNorm(mid if space_first else self.filters, (1, height, width),
                                strides=(1, *self.strides[1:]), name="spatial",
                                **(first if space_first else second), **shared)
        self.temporal = ConvNorm(self.filters if space_first else mid, (time, 1, 1),
                                 strides=(self.strides[0], 1, 1), name="temporal",
                                 **(second if space_first else first), **shared)
        for layer in self.in_order():
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def in_order(self) -> tuple:
        """Both convolutions, the one that runs first before the other."""
        return (self.spatial, self.temporal) if self.order == "space_first" else (self.temporal, self.spatial)

    def call(self, x, training=None):
        for layer in self.in_order():
            x = layer(x, training=training)
        return x

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, 3), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "kernel_size": self.kernel_size,
                "strides": self.strides, "mid": self.mid, "order": self.order, "activation": self.activation,
                "mid_activation": self.mid_activation, "epsilon": self.epsilon, "momentum": self.momentum,
                "zero_gamma": self.zero_gamma, **kernel_config(self)}
