"""Two 3-wide convolutions and a shortcut: the residual block of networks of up to 34 layers."""

from collections.abc import Iterator

import keras

from res3d.blocks.residual import ResidualBlock, temporal_opening, without_rank
from res3d.blocks.units import conv_unit
from res3d.layers.arguments import positive_int
from res3d.layers.factorized import matched_width
from res3d.layers.kernels import Initializer, Regularizer


@keras.saving.register_keras_serializable("res3d")
class BasicBlock(ResidualBlock):
    """Two 3-wide convolutions and a shortcut.

    Args:
        filters, rank: ints.
        conv: str. A kind of `conv_unit` for both: "full", "spatial", "temporal", "factorized", "depthwise" ...
        mid: "block", "conv" or int. Middle width of a factorized pair: computed once from the block's channels
            (torchvision), for each convolution from its own (VMZ, 3D-ResNets), or given.
        groups: int. Of "full" and "spatial" convolutions.
        shift: int. Frames folded into the batch whose channels are shifted in time before the branch; 0 for none.
        dilation: int. Step between the positions that both convolutions see; with it the block does not stride.
        aggregate: int. Frames folded into the batch that a `TemporalAggregation` mixes before the branch; 0 for none.
        **kwargs: as for `ResidualBlock`: strides, shortcut, dropout, squeeze ...

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`.

    Reference: He et al., 2015 (arXiv 1512.03385); in 3D, Tran et al., 2018 (arXiv 1711.11248).

    >>> BasicBlock(8, rank=3, strides=2, conv="factorized")(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = (*ResidualBlock.ARGUMENTS, "conv", "mid", "groups", "shift", "dilation", "aggregate")

    def __init__(self, filters: int, rank: int, conv: str = "full", mid: str | int = "conv", groups: int = 1,
                 shift: int = 0, dilation: int = 1, aggregate: int = 0, **kwargs) -> None:
        super().__init__(filters, rank, **kwargs)
        self.conv, self.mid, self.groups, self.shift = conv, mid, groups, shift
        self.dilation, self.aggregate = positive_int(dilation, "dilation"), aggregate

    def make_branch(self, channels: int) -> Iterator:
        mid = matched_width(channels, self.filters) if self.mid == "block" else self.mid
        options = {**self.conv_options, "mid": None if mid == "conv" else mid, "groups": self.groups,
                   "dilation": self.dilation}
        yield from temporal_opening(self.shift, self.aggregate, self.dtype_policy)
        yield conv_unit(self.conv, self.filters, self.rank, self.strides, activation=self.activation, name="conv_a",
                        **options)
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield conv_unit(self.conv, self.filters, self.rank, 1, zero_gamma=self.zero_init, name="conv_b", **options)


@keras.saving.register_keras_serializable("res3d")
class BasicBlock1D(BasicBlock):
    """`BasicBlock` over (batch, frames, channels); the same arguments but for `rank`.

    >>> BasicBlock1D(8, strides=2)(keras.ops.zeros((1, 8, 4))).shape
    TensorShape([1, 4, 8])
    """

    ARGUMENTS = without_rank(BasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, shortcut: str = "projection",
                 shortcut_norm: bool | str = True, activation: str = "relu", squeeze: int = 0, gate: bool = False,
                 dropout: float = 0.0, drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric",
                 epsilon: float = 1e-5, momentum: float = 0.9, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(filters, 1, strides=strides, conv=conv, mid=mid, groups=groups, shift=shift, dilation=dilation,
                         aggregate=aggregate, shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation,
                         squeeze=squeeze, gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init,
                         padding=padding, epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class BasicBlock2D(BasicBlock):
    """`BasicBlock` over (batch, height, width, channels); the same arguments but for `rank`.

    >>> BasicBlock2D(8, strides=2)(keras.ops.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    ARGUMENTS = without_rank(BasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, shortcut: str = "projection",
                 shortcut_norm: bool | str = True, activation: str = "relu", squeeze: int = 0, gate: bool = False,
                 dropout: float = 0.0, drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric",
                 epsilon: float = 1e-5, momentum: float = 0.9, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(filters, 2, strides=strides, conv=conv, mid=mid, groups=groups, shift=shift, dilation=dilation,
                         aggregate=aggregate, shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation,
                         squeeze=squeeze, gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init,
                         padding=padding, epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class BasicBlock3D(BasicBlock):
    """`BasicBlock` over (batch, frames, height, width, channels); the same arguments but for `rank`.

    >>> BasicBlock3D(8, strides=2)(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = without_rank(BasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, shortcut: str = "projection",
                 shortcut_norm: bool | str = True, activation: str = "relu", squeeze: int = 0, gate: bool = False,
                 dropout: float = 0.0, drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric",
                 epsilon: float = 1e-5, momentum: float = 0.9, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(filters, 3, strides=strides, conv=conv, mid=mid, groups=groups, shift=shift, dilation=dilation,
                         aggregate=aggregate, shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation,
                         squeeze=squeeze, gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init,
                         padding=padding, epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)
