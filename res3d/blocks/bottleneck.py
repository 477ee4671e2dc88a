"""Pointwise, 3-wide, pointwise convolutions and a shortcut: the residual block of networks of 50 layers and more."""

from collections.abc import Iterator

import keras

from res3d.blocks.residual import ResidualBlock, split_strides, temporal_opening, without_rank
from res3d.blocks.units import conv_unit
from res3d.layers.arguments import choice, positive_int
from res3d.layers.attention import SqueezeExcite
from res3d.layers.conv import ConvNorm
from res3d.layers.kernels import Initializer, Regularizer


@keras.saving.register_keras_serializable("res3d")
class BottleneckBlock(ResidualBlock):
    """A pointwise convolution to `inner` channels, a 3-wide one among them, a pointwise one to `filters`.

    Args:
        filters, rank: ints.
        inner: int or None. Channels of the middle convolution; None is a quarter of `filters`.
        conv: str. A kind of `conv_unit` for the middle convolution.
        temporal: int. Temporal width of the first convolution, 1 or 3 in the published networks (rank 3).
        stride_on: "conv_b" (v1.5 and all published 3D networks), "conv_a" (He et al., 2015), or "split": time on the
            first convolution and space on the middle one (Model Garden).
        mid: "conv", "inner" or int. Middle width of a factorized middle convolution: as many parameters as the full
            one has, as wide as the convolution itself, or given.
        middle_activation: str or None. After the middle convolution; None is `activation`.
        groups: int. Groups of the middle convolution (ResNeXt).
        shift, aggregate: ints. As for `BasicBlock`.
        dilation: int. Step between the positions that the middle convolution sees; with it the block does not stride.
        squeeze_at: "end" of the branch, or "conv_b": between the middle convolution's norm and activation (X3D).
        **kwargs: as for `ResidualBlock`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`.

    Reference: He et al., 2015 (arXiv 1512.03385); in 3D, Hara et al., 2018 (arXiv 1711.09577).

    >>> block = BottleneckBlock(16, rank=3, strides=(1, 2, 2), conv="spatial", temporal=3)
    >>> block(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 4, 16])
    """

    ARGUMENTS = (*ResidualBlock.ARGUMENTS, "inner", "conv", "temporal", "stride_on", "mid", "groups", "shift",
                 "dilation", "aggregate", "squeeze_at", "middle_activation")

    def __init__(self, filters: int, rank: int, inner: int | None = None, conv: str = "full", temporal: int = 1,
                 stride_on: str = "conv_b", mid: str | int = "conv", groups: int = 1, shift: int = 0,
                 squeeze_at: str = "end", middle_activation: str | None = None, dilation: int = 1, aggregate: int = 0,
                 **kwargs) -> None:
        super().__init__(filters, rank, **kwargs)
        self.inner = positive_int(max(1, filters // 4) if inner is None else inner, "inner")
        self.conv, self.temporal, self.mid, self.groups, self.shift = conv, temporal, mid, groups, shift
        self.dilation, self.aggregate = positive_int(dilation, "dilation"), aggregate
        self.stride_on = choice(stride_on, ("conv_a", "conv_b", "split"), "stride_on")
        self.squeeze_at = choice(squeeze_at, ("end", "conv_b"), "squeeze_at")
        self.middle_activation = middle_activation

    def make_branch(self, channels: int) -> Iterator:
        pointwise = {"rank": self.rank, **self.conv_options}
        strides_a, strides_b = split_strides(self.strides, self.stride_on)
        kernel_a = (self.temporal, *[1] * (self.rank - 1)) if self.rank == 3 else 1
        inside = self.squeeze and self.squeeze_at == "conv_b"
        middle = self.activation if self.middle_activation is None else self.middle_activation
        widths: dict = {"conv": None, "inner": self.inner}
        mid = widths.get(self.mid, self.mid)
        yield from temporal_opening(self.shift, self.aggregate, self.dtype_policy)
        yield ConvNorm(self.inner, kernel_a, strides=strides_a, activation=self.activation, name="conv_a", **pointwise)
        yield conv_unit(self.conv, self.inner, self.rank, strides_b, mid=mid, groups=self.groups,
                        dilation=self.dilation, activation=None if inside else middle, name="conv_b",
                        **self.conv_options)
        if inside:
            yield SqueezeExcite(self.squeeze, dtype=self.dtype_policy, name="squeeze")
            yield keras.layers.Activation(middle, dtype=self.dtype_policy, name="act_b")
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield ConvNorm(self.filters, 1, zero_gamma=self.zero_init, name="conv_c", **pointwise)


@keras.saving.register_keras_serializable("res3d")
class BottleneckBlock1D(BottleneckBlock):
    """`BottleneckBlock` over (batch, frames, channels); the same arguments but for `rank`.

    >>> BottleneckBlock1D(8, strides=2)(keras.ops.zeros((1, 8, 4))).shape
    TensorShape([1, 4, 8])
    """

    ARGUMENTS = without_rank(BottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, squeeze_at: str = "end",
                 middle_activation: str | None = None, shortcut: str = "projection", shortcut_norm: bool | str = True,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 1, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         mid=mid, groups=groups, shift=shift, dilation=dilation, aggregate=aggregate,
                         squeeze_at=squeeze_at, middle_activation=middle_activation, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class BottleneckBlock2D(BottleneckBlock):
    """`BottleneckBlock` over (batch, height, width, channels); the same arguments but for `rank`.

    >>> BottleneckBlock2D(8, strides=2)(keras.ops.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    ARGUMENTS = without_rank(BottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, squeeze_at: str = "end",
                 middle_activation: str | None = None, shortcut: str = "projection", shortcut_norm: bool | str = True,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 2, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         mid=mid, groups=groups, shift=shift, dilation=dilation, aggregate=aggregate,
                         squeeze_at=squeeze_at, middle_activation=middle_activation, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class BottleneckBlock3D(BottleneckBlock):
    """`BottleneckBlock` over (batch, frames, height, width, channels); the same arguments but for `rank`.

    >>> BottleneckBlock3D(8, strides=2)(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = without_rank(BottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", mid: str | int = "conv",
                 groups: int = 1, shift: int = 0, dilation: int = 1, aggregate: int = 0, squeeze_at: str = "end",
                 middle_activation: str | None = None, shortcut: str = "projection", shortcut_norm: bool | str = True,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 3, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         mid=mid, groups=groups, shift=shift, dilation=dilation, aggregate=aggregate,
                         squeeze_at=squeeze_at, middle_activation=middle_activation, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)
