"""Residual blocks after He et al., 2015: a branch of convolutions, a shortcut decided from shapes, their sum activated.

Rank is an argument; `BasicBlock3D` and its like fix it. Weights lie under `conv_a`, `conv_b`, `conv_c`, `squeeze`,
`gate` and `shortcut`, each as its own layer documents.
"""

from collections.abc import Iterable, Iterator

import keras

from res3d.blocks.shortcut import make_shortcut
from res3d.blocks.units import conv_unit
from res3d.layers.arguments import check_rank, choice, fraction, positive_int, strided, to_tuple
from res3d.layers.attention import SelfGating, SqueezeExcite
from res3d.layers.conv import ConvNorm
from res3d.layers.factorized import matched_width
from res3d.layers.temporal_shift import TemporalShift


class ResidualBlock(keras.layers.Layer):
    """What every residual block shares; `make_branch` is what its kinds differ in.

    Args:
        filters: int. Channels produced.
        rank: int. 1 for sequences, 2 for pictures, 3 for clips.
        strides: int or `rank` ints.
        shortcut: str. A kind of `make_shortcut`; "none" makes the block plain.
        shortcut_norm: bool or "widen". Whether a projection has its norm.
        activation: str. After each convolution but the last, and after the sum.
        squeeze: int. Width of squeeze-and-excitation, 0 for none.
        gate: bool. Self-gating at the branch's end.
        dropout: float. Dropped between the convolutions (Zagoruyko and Komodakis, 2016).
        drop_path: float. Probability that training leaves out the branch of a sample (Huang et al., 2016).
        zero_init: bool. Starts the last norm's scale at zero, so that the block starts as its shortcut.
        padding, epsilon, momentum: as for `ConvNorm`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`.

    Raises:
        ValueError: for an argument out of its domain, or an input of another rank.
    """

    ARGUMENTS: tuple[str, ...] = (
        "filters", "rank", "strides", "shortcut", "shortcut_norm", "activation", "squeeze", "gate", "dropout",
        "drop_path", "zero_init", "padding", "epsilon", "momentum")

    def __init__(self, filters: int, rank: int, *, strides: int | tuple[int, ...] = 1, shortcut: str = "projection",
                 shortcut_norm: bool | str = True, activation: str = "relu", squeeze: int = 0, gate: bool = False,
                 dropout: float = 0.0, drop_path: float = 0.0, zero_init: bool = False, padding: str = "symmetric",
                 epsilon: float = 1e-5, momentum: float = 0.9, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.strides = to_tuple(strides, rank, "strides")
        self.shortcut, self.shortcut_norm, self.activation = shortcut, shortcut_norm, activation
        self.squeeze, self.gate, self.zero_init = squeeze, gate, zero_init
        self.dropout, self.drop_path = fraction(dropout, "dropout"), fraction(drop_path, "drop_path")
        self.padding, self.epsilon, self.momentum = padding, epsilon, momentum
        self.act = keras.activations.get(activation)
        self.branch, self.fit = None, None

    @property
    def options(self) -> dict:
        """What each convolution unit of the block is given."""
        return {"padding": self.padding, "epsilon": self.epsilon, "momentum": self.momentum,
                "dtype": self.dtype_policy}

    def make_branch(self, channels: int) -> Iterable:
        """The layers of the branch for an input of `channels`, in the order they run; here a TypeError."""
        raise TypeError(f"{type(self).__name__} has no branch of its own. Use BasicBlock or BottleneckBlock.")

    def build(self, input_shape):
        check_rank(self, input_shape, self.rank)
        branch = [*self.make_branch(input_shape[-1])]
        if self.gate:
            branch.append(SelfGating(dtype=self.dtype_policy, name="gate"))
        if self.squeeze and not any(layer.name == "squeeze" for layer in branch):
            branch.append(SqueezeExcite(self.squeeze, dtype=self.dtype_policy, name="squeeze"))
        if self.drop_path:
            # One draw a sample: the branch is left out whole.
            branch.append(keras.layers.Dropout(self.drop_path, noise_shape=(None, *[1] * (self.rank + 1)),
                                               dtype=self.dtype_policy, name="drop_path"))
        self.branch = branch
        self.fit = self.make_fit(input_shape)
        if self.fit is not None:
            self.fit.build(input_shape)
        for layer in branch:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def make_fit(self, input_shape: tuple[int | None, ...]) -> keras.layers.Layer | None:
        """The layer of the shortcut, or None where the input fits."""
        return make_shortcut(self.shortcut, input_shape, self.filters, self.rank, self.strides,
                             use_norm=self.shortcut_norm, **self.options)

    def call(self, x, training=None):
        y = x
        for layer in self.branch:
            y = layer(y)
        if self.shortcut == "none":
            return self.act(y)
        if self.fit is not None:
            x = self.fit(x)
        return self.act(x + y)

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, self.rank), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), **{name: getattr(self, name) for name in self.ARGUMENTS}}


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
        **kwargs: as for `ResidualBlock`: strides, shortcut, dropout, squeeze ...

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`.

    Reference: He et al., 2015 (arXiv 1512.03385); in 3D, Tran et al., 2018 (arXiv 1711.11248).

    >>> BasicBlock(8, rank=3, strides=2, conv="factorized")(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    ARGUMENTS = (*ResidualBlock.ARGUMENTS, "conv", "mid", "groups", "shift")

    def __init__(self, filters: int, rank: int, conv: str = "full", mid: str | int = "conv", groups: int = 1,
                 shift: int = 0, **kwargs) -> None:
        super().__init__(filters, rank, **kwargs)
        self.conv, self.mid, self.groups, self.shift = conv, mid, groups, shift

    def make_branch(self, channels: int) -> Iterator:
        mid = matched_width(channels, self.filters) if self.mid == "block" else self.mid
        options = {**self.options, "mid": None if mid == "conv" else mid, "groups": self.groups}
        yield from shifted(self.shift, self.dtype_policy)
        yield conv_unit(self.conv, self.filters, self.rank, self.strides, activation=self.activation, name="conv_a",
                        **options)
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield conv_unit(self.conv, self.filters, self.rank, 1, zero_gamma=self.zero_init, name="conv_b", **options)


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
        shift: int. As for `BasicBlock`.
        squeeze_at: "end" of the branch, or "conv_b": between the middle convolution's norm and activation (X3D).
        **kwargs: as for `ResidualBlock`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`.

    Reference: He et al., 2015 (arXiv 1512.03385); in 3D, Hara et al., 2018 (arXiv 1711.09577).

    >>> block = BottleneckBlock(16, rank=3, strides=(1, 2, 2), conv="spatial", temporal=3)
    >>> block(keras.ops.zeros((1, 4, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 4, 16])
    """

    ARGUMENTS = (*ResidualBlock.ARGUMENTS, "inner", "conv", "temporal", "stride_on", "mid", "groups", "shift",
                 "squeeze_at", "middle_activation")

    def __init__(self, filters: int, rank: int, inner: int | None = None, conv: str = "full", temporal: int = 1,
                 stride_on: str = "conv_b", mid: str | int = "conv", groups: int = 1, shift: int = 0,
                 squeeze_at: str = "end", middle_activation: str | None = None, **kwargs) -> None:
        super().__init__(filters, rank, **kwargs)
        self.inner = positive_int(max(1, filters // 4) if inner is None else inner, "inner")
        self.conv, self.temporal, self.mid, self.groups, self.shift = conv, temporal, mid, groups, shift
        self.stride_on = choice(stride_on, ("conv_a", "conv_b", "split"), "stride_on")
        self.squeeze_at = choice(squeeze_at, ("end", "conv_b"), "squeeze_at")
        self.middle_activation = middle_activation

    def make_branch(self, channels: int) -> Iterator:
        pointwise = {"rank": self.rank, **self.options}
        strides_a, strides_b = split_strides(self.strides, self.stride_on)
        kernel_a = (self.temporal, *[1] * (self.rank - 1)) if self.rank == 3 else 1
        inside = self.squeeze and self.squeeze_at == "conv_b"
        middle = self.activation if self.middle_activation is None else self.middle_activation
        widths: dict = {"conv": None, "inner": self.inner}
        mid = widths.get(self.mid, self.mid)
        yield from shifted(self.shift, self.dtype_policy)
        yield ConvNorm(self.inner, kernel_a, strides=strides_a, activation=self.activation, name="conv_a", **pointwise)
        yield conv_unit(self.conv, self.inner, self.rank, strides_b, mid=mid, groups=self.groups,
                        activation=None if inside else middle, name="conv_b", **self.options)
        if inside:
            yield SqueezeExcite(self.squeeze, dtype=self.dtype_policy, name="squeeze")
            yield keras.layers.Activation(middle, dtype=self.dtype_policy, name="act_b")
        if self.dropout:
            yield keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="dropout")
        yield ConvNorm(self.filters, 1, zero_gamma=self.zero_init, name="conv_c", **pointwise)


def split_strides(strides, stride_on):
    """Strides of a bottleneck's first and middle convolution."""
    ones = (1,) * len(strides)
    if stride_on == "split":
        return (strides[0], *ones[1:]), (1, *strides[1:])
    return (strides, ones) if stride_on == "conv_a" else (ones, strides)


def shifted(frames, dtype):
    """The temporal shift that opens a branch, if `frames` are folded into the batch."""
    if frames:
        yield TemporalShift(frames, dtype=dtype, name="shift")


def of_rank(block, rank):
    """The class `block` with its rank fixed, registered under `BasicBlock3D` and the like."""
    axes = {1: "frames", 2: "height, width", 3: "frames, height, width"}[rank]

    def __init__(self, filters: int, **kwargs) -> None:  # noqa: N807
        block.__init__(self, filters, rank, **kwargs)

    def get_config(self):
        config = block.get_config(self)
        del config["rank"]
        return config

    doc = f"`{block.__name__}` over (batch, {axes}, channels)."
    name = f"{block.__name__}{rank}D"
    return keras.saving.register_keras_serializable("res3d")(type(name, (block,), {
        "__init__": __init__, "get_config": get_config, "__doc__": doc, "__module__": block.__module__}))


BasicBlock1D, BasicBlock2D, BasicBlock3D = (of_rank(BasicBlock, rank) for rank in (1, 2, 3))
BottleneckBlock1D, BottleneckBlock2D, BottleneckBlock3D = (of_rank(BottleneckBlock, rank) for rank in (1, 2, 3))
