"""Pre-activation residual blocks: norm and activation come before each convolution, and nothing follows the sum."""

from collections.abc import Iterator

import keras

from res3d.blocks.residual import ResidualBlock, shifted, split_strides, without_rank
from res3d.blocks.units import conv_unit
from res3d.layers.arguments import choice, positive_int
from res3d.layers.conv import ConvNorm
from res3d.layers.kernels import Initializer, Regularizer

SOURCES = ("activated", "raw")


class PreactBlock(ResidualBlock):
    """What pre-activation blocks share.

    Args:
        filters, rank: ints.
        conv, shift: as for `BasicBlock`.
        shortcut_from: "activated": a projection sees the first norm and activation (He et al., 2016), or "raw": it
            sees the block's input (3D-ResNets). An input that fits is added as it is either way.
        **kwargs: as for `ResidualBlock`; `shortcut_norm` is False unless given.
    """

    ARGUMENTS = (*ResidualBlock.ARGUMENTS, "shortcut_from", "conv", "shift")

    def __init__(self, filters: int, rank: int, conv: str = "full", shift: int = 0, shortcut_from: str = "activated",
                 shortcut_norm: bool | str = False, **kwargs) -> None:
        super().__init__(filters, rank, shortcut_norm=shortcut_norm, **kwargs)
        self.conv, self.shift = conv, shift
        self.shortcut_from = choice(shortcut_from, SOURCES, "shortcut_from")

    def _run(self, x, training):
        """As of every residual block."""
        y, source = x, x
        for layer in self.branch:
            if layer.name == "conv_a":  # its norm and activation may serve the shortcut too
                y = layer.activate(y, training)
                source = y if self.shortcut_from == "activated" else x
                y = layer.conv(y)
            else:
                y = layer(y)
        if self.shortcut == "none":
            return y
        return y + (x if self.shortcut_layer is None else self.shortcut_layer(source))


@keras.saving.register_keras_serializable("res3d")
class PreactBasicBlock(PreactBlock):
    """Two 3-wide convolutions, each after its norm and activation.

    Reference: He et al., 2016 (arXiv 1603.05027); with `dropout`, Zagoruyko and Komodakis, 2016 (arXiv 1605.07146).

    >>> PreactBasicBlock(8, rank=2, strides=2)(keras.ops.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    def make_branch(self, channels: int) -> Iterator:
        options = {**self.conv_options, "norm_first": True, "activation": self.activation}
        yield from shifted(self.shift, self.dtype_policy)
        yield conv_unit(self.conv, self.filters, self.rank, self.strides, name="conv_a", **options)
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield conv_unit(self.conv, self.filters, self.rank, 1, zero_gamma=self.zero_init, name="conv_b", **options)


@keras.saving.register_keras_serializable("res3d")
class PreactBasicBlock1D(PreactBasicBlock):
    """`PreactBasicBlock` over (batch, frames, channels); the same arguments but for `rank`.

    >>> PreactBasicBlock1D(8, strides=2)(keras.ops.zeros((1, 8, 4))).shape
    TensorShape([1, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 1, strides=strides, conv=conv, shift=shift, shortcut_from=shortcut_from,
                         shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze,
                         gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding,
                         epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class PreactBasicBlock2D(PreactBasicBlock):
    """`PreactBasicBlock` over (batch, height, width, channels); the same arguments but for `rank`.

    >>> PreactBasicBlock2D(8, strides=2)(keras.ops.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 2, strides=strides, conv=conv, shift=shift, shortcut_from=shortcut_from,
                         shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze,
                         gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding,
                         epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class PreactBasicBlock3D(PreactBasicBlock):
    """`PreactBasicBlock` over (batch, frames, height, width, channels); the same arguments but for `rank`.

    >>> PreactBasicBlock3D(8, strides=2)(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBasicBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, conv: str = "full", shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 3, strides=strides, conv=conv, shift=shift, shortcut_from=shortcut_from,
                         shortcut=shortcut, shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze,
                         gate=gate, dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding,
                         epsilon=epsilon, momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class PreactBottleneckBlock(PreactBlock):
    """Pointwise, 3-wide, pointwise convolutions, each after its norm and activation.

    Args:
        inner: int or None. Channels of the middle convolution; None is a quarter of `filters`.
        temporal, stride_on, groups: as for `BottleneckBlock`.

    Reference: He et al., 2016 (arXiv 1603.05027).

    >>> PreactBottleneckBlock(16, rank=3, strides=2)(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 16])
    """

    ARGUMENTS = (*PreactBlock.ARGUMENTS, "inner", "temporal", "stride_on", "groups")

    def __init__(self, filters: int, rank: int, inner: int | None = None, temporal: int = 1, stride_on: str = "conv_b",
                 groups: int = 1, **kwargs) -> None:
        super().__init__(filters, rank, **kwargs)
        self.inner = positive_int(max(1, filters // 4) if inner is None else inner, "inner")
        self.temporal, self.groups = temporal, groups
        self.stride_on = choice(stride_on, ("conv_a", "conv_b", "split"), "stride_on")

    def make_branch(self, channels: int) -> Iterator:
        options = {**self.conv_options, "norm_first": True, "activation": self.activation}
        strides_a, strides_b = split_strides(self.strides, self.stride_on)
        kernel_a = (self.temporal, *[1] * (self.rank - 1)) if self.rank == 3 else 1
        yield from shifted(self.shift, self.dtype_policy)
        yield ConvNorm(self.inner, kernel_a, strides_a, rank=self.rank, name="conv_a", **options)
        yield conv_unit(self.conv, self.inner, self.rank, strides_b, groups=self.groups, name="conv_b", **options)
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield ConvNorm(self.filters, 1, rank=self.rank, zero_gamma=self.zero_init, name="conv_c", **options)


@keras.saving.register_keras_serializable("res3d")
class PreactBottleneckBlock1D(PreactBottleneckBlock):
    """`PreactBottleneckBlock` over (batch, frames, channels); the same arguments but for `rank`.

    >>> PreactBottleneckBlock1D(8, strides=2)(keras.ops.zeros((1, 8, 4))).shape
    TensorShape([1, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", groups: int = 1, shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 1, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         groups=groups, shift=shift, shortcut_from=shortcut_from, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class PreactBottleneckBlock2D(PreactBottleneckBlock):
    """`PreactBottleneckBlock` over (batch, height, width, channels); the same arguments but for `rank`.

    >>> PreactBottleneckBlock2D(8, strides=2)(keras.ops.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", groups: int = 1, shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 2, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         groups=groups, shift=shift, shortcut_from=shortcut_from, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)


@keras.saving.register_keras_serializable("res3d")
class PreactBottleneckBlock3D(PreactBottleneckBlock):
    """`PreactBottleneckBlock` over (batch, frames, height, width, channels); the same arguments but for `rank`.

    >>> PreactBottleneckBlock3D(8, strides=2)(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = without_rank(PreactBottleneckBlock.ARGUMENTS)

    def __init__(self, filters: int, *, strides: int | tuple[int, ...] = 1, inner: int | None = None,
                 conv: str = "full", temporal: int = 1, stride_on: str = "conv_b", groups: int = 1, shift: int = 0,
                 shortcut_from: str = "activated", shortcut: str = "projection", shortcut_norm: bool | str = False,
                 activation: str = "relu", squeeze: int = 0, gate: bool = False, dropout: float = 0.0,
                 drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric", epsilon: float = 1e-5,
                 momentum: float = 0.9, kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None,
                 **kwargs) -> None:
        super().__init__(filters, 3, strides=strides, inner=inner, conv=conv, temporal=temporal, stride_on=stride_on,
                         groups=groups, shift=shift, shortcut_from=shortcut_from, shortcut=shortcut,
                         shortcut_norm=shortcut_norm, activation=activation, squeeze=squeeze, gate=gate,
                         dropout=dropout, drop_path=drop_path, zero_init=zero_init, padding=padding, epsilon=epsilon,
                         momentum=momentum, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, **kwargs)
