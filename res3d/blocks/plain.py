"""A convolution without a shortcut, pooled before it is normed: the block of small networks that see motion."""

import keras
from keras import ops

from res3d.layers.arguments import check_rank, choice, positive_int, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import Conv
from res3d.layers.kernels import Initializer, Regularizer, kernel_arguments, kernel_config
from res3d.layers.norm import BatchNorm
from res3d.layers.pooling import MaxPool


@keras.saving.register_keras_serializable("res3d")
class PlainBlock(Composed):
    """Convolution, max pool, batch norm, ReLU; norm and ReLU see only what the pool leaves.

    Args:
        filters: int. Channels produced.
        rank: int. Axes convolved over.
        strides: int or `rank` ints. Size and strides of the pool; where all are 1 there is none.
        conv: "full" (3x3x3) or, in rank 3, "spatial" (1x3x3).
        padding: as for `Conv`.
        epsilon, momentum: of the norm.
        kernel_initializer, kernel_regularizer: as for `Conv`.

    Weights: `conv/kernel`, `norm/gamma`, `norm/beta`, `norm/moving_mean`, `norm/moving_variance`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *(sizes // strides), filters)`.

    Raises:
        ValueError: for another kind of convolution, or an input of another rank.

    Reference: 3x3x3 convolutions and max pools in turn, Tran et al., 2015 (arXiv 1412.0767).

    >>> PlainBlock(8, 3, strides=2)(ops.zeros((1, 4, 9, 8, 3))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    def __init__(self, filters: int, rank: int, strides: int | tuple[int, ...] = 1, conv: str = "full",
                 padding: str = "symmetric", epsilon: float = 1e-5, momentum: float = 0.9,
                 kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.strides = to_tuple(strides, rank, "strides")
        self.conv_kind = choice(conv, ("full", "spatial") if rank == 3 else ("full",), "conv")
        self.epsilon, self.momentum = epsilon, momentum
        kernels = kernel_arguments(kernel_initializer, kernel_regularizer)
        self.kernel_initializer, self.kernel_regularizer = kernels.values()
        self.conv = Conv(filters, (1, 3, 3) if conv == "spatial" else 3, padding=padding, rank=rank,
                         dtype=self.dtype_policy, name="conv", **kernels)
        self.pool = None
        if max(self.strides) > 1:
            self.pool = MaxPool(self.strides, self.strides, rank, dtype=self.dtype_policy, name="pool")
        self.norm = BatchNorm(epsilon=epsilon, momentum=momentum, dtype=self.dtype_policy, name="norm")

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.norm.build(self.compute_output_shape(input_shape))

    def call(self, x, training=None):
        x = self.conv(x)
        if self.pool is not None:
            x = self.pool(x)
        return ops.relu(self.norm(x, training=training))

    def compute_output_shape(self, input_shape):
        shape = self.conv.compute_output_shape(check_rank(self, input_shape, self.rank))
        return shape if self.pool is None else self.pool.compute_output_shape(shape)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "rank": self.rank, "strides": self.strides,
                "conv": self.conv_kind, "padding": self.conv.padding, "epsilon": self.epsilon,
                "momentum": self.momentum, **kernel_config(self)}
