"""The kinds of convolution a residual block is made of, by name: `conv_unit` turns a kind into a layer."""

import keras

from res3d.layers.arguments import check_rank, choice, strided, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.layers.factorized import FactorizedConv
from res3d.layers.kernels import Initializer, Regularizer, kernel_arguments, kernel_config

KINDS = ("full", "spatial", "temporal", "factorized", "time_first", "depthwise", "separated")


@keras.saving.register_keras_serializable("res3d")
class SeparatedConv(Composed):
    """Mixes channels, then looks around: a 1x1x1 convolution and norm, then a depthwise one, norm and activation.

    Args:
        filters: int. Channels produced.
        kernel_size, strides: ints, or `rank` ints, of the depthwise convolution.
        rank: int. Axes convolved over.
        activation: str or None. After the second norm; there is none after the first.
        epsilon, momentum: as for `ConvNorm`.
        kernel_initializer, kernel_regularizer: as for `Conv`, of both kernels.

    Weights: `pointwise/conv/kernel`, `pointwise/norm/...`, `depthwise/conv/kernel`, `depthwise/norm/...`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *new_sizes, filters)`.

    Raises:
        ValueError: for a size or a stride that is not positive, or an input of another rank.

    Reference: the interaction-preserved block of Tran et al., 2019 (arXiv 1904.02811).

    >>> SeparatedConv(8, rank=3, strides=2)(keras.ops.zeros((1, 4, 8, 8, 6))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, ...] = 3, strides: int | tuple[int, ...] = 1, *,
                 rank: int, activation: str | None = None, epsilon: float = 1e-5, momentum: float = 0.9,
                 kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters, self.rank = filters, rank
        self.kernel_size = to_tuple(kernel_size, rank, "kernel_size")
        self.strides = to_tuple(strides, rank, "strides")
        self.activation, self.epsilon, self.momentum = activation, epsilon, momentum
        kernels = kernel_arguments(kernel_initializer, kernel_regularizer)
        self.kernel_initializer, self.kernel_regularizer = kernels.values()
        shared = {"rank": rank, "epsilon": epsilon, "momentum": momentum, "dtype": self.dtype_policy, **kernels}
        self.pointwise = ConvNorm(filters, 1, name="pointwise", **shared)
        self.depthwise = ConvNorm(filters, kernel_size, strides=strides, groups=filters, activation=activation,
                                  name="depthwise", **shared)

    def build(self, input_shape):
        self.pointwise.build(input_shape)
        self.depthwise.build(self.pointwise.compute_output_shape(input_shape))

    def call(self, x, training=None):
        return self.depthwise(self.pointwise(x, training=training), training=training)

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, self.rank), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "rank": self.rank, "kernel_size": self.kernel_size,
                "strides": self.strides, "activation": self.activation, "epsilon": self.epsilon,
                "momentum": self.momentum, **kernel_config(self)}


def conv_unit(kind: str, filters: int, rank: int, strides: int | tuple[int, ...], *, mid: int | None = None,
              groups: int = 1, dilation: int = 1, **options) -> keras.layers.Layer:
    """A 3-wide convolution of one kind, with its norm and activation.

    Args:
        kind: "full" (3x3x3), "spatial" (1x3x3), "temporal" (3x1x1), "factorized" (space then time), "time_first",
            "depthwise" or "separated". In rank 1 and 2 only "full", "depthwise" and "separated" mean something.
        filters: int. Channels produced.
        rank: int. strides: int or `rank` ints.
        mid: int or None. Middle width of the factorized kinds.
        groups: int. For "full" and "spatial".
        dilation: int. Step between the positions it sees on each axis that it is wide on; for "full", "spatial" and
            "temporal".
        **options: activation, norm, kernels and name, as for `ConvNorm`.

    Returns: layer of `(batch, *sizes, channels)` to `(batch, *new_sizes, filters)`.

    Raises:
        ValueError: for a kind that is unknown, means nothing in this rank, or cannot be dilated.
    """
    choice(kind, KINDS if rank == 3 else ("full", "depthwise", "separated"), "conv")
    if dilation > 1:
        choice(kind, ("full", "spatial", "temporal"), "conv of a dilated block")
    if kind in ("factorized", "time_first"):
        order = "space_first" if kind == "factorized" else kind
        for name in ("norm_first", "padding"):
            options.pop(name, None)
        return FactorizedConv(filters, 3, strides, mid=mid, order=order, **options)
    if kind == "separated":
        for name in ("zero_gamma", "norm_first", "padding"):
            options.pop(name, None)
        return SeparatedConv(filters, 3, strides, rank=rank, **options)
    kernel_size = {"spatial": (1, 3, 3), "temporal": (3, 1, 1)}.get(kind, 3)
    steps = tuple(dilation if size > 1 else 1 for size in to_tuple(kernel_size, rank, "kernel_size"))
    return ConvNorm(filters, kernel_size, strides, rank=rank, groups=filters if kind == "depthwise" else groups,
                    dilation=steps, **options)
