"""What residual blocks share, after He et al., 2015: a branch, a shortcut decided from shapes, their sum activated.

Rank is an argument; `BasicBlock3D` and its like fix it. Weights lie under `conv_a`, `conv_b`, `conv_c`, `squeeze`,
`gate` and `shortcut`, each as its own layer documents.
"""

from collections.abc import Iterable

import keras

from res3d.blocks.recomputed import recomputed
from res3d.blocks.shortcut import make_shortcut
from res3d.layers.arguments import check_rank, choice, fraction, positive_int, strided, to_tuple
from res3d.layers.attention import SelfGating, SqueezeExcite
from res3d.layers.composed import Composed
from res3d.layers.kernels import Initializer, Regularizer, kernel_arguments, kernel_config
from res3d.layers.temporal_shift import TemporalAggregation, TemporalShift


class ResidualBlock(Composed):
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
        padding: "symmetric" or "same", as for `Conv`; without padding branch and shortcut would not fit each other.
        epsilon, momentum, kernel_initializer, kernel_regularizer: as for `ConvNorm`, of all convolutions.

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
                 epsilon: float = 1e-5, momentum: float = 0.9, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.strides = to_tuple(strides, rank, "strides")
        self.shortcut, self.shortcut_norm, self.activation = shortcut, shortcut_norm, activation
        self.squeeze, self.gate, self.zero_init = squeeze, gate, zero_init
        self.dropout, self.drop_path = fraction(dropout, "dropout"), fraction(drop_path, "drop_path")
        self.padding = choice(padding, ("symmetric", "same"), "padding")
        self.epsilon, self.momentum = epsilon, momentum
        self.kernel_initializer, self.kernel_regularizer = kernel_arguments(
            kernel_initializer, kernel_regularizer).values()
        self.activation_layer = keras.layers.Activation(activation, dtype=self.dtype_policy, name="activation")
        self.branch, self.shortcut_layer = None, None
        self.recompute, self.repeating = False, False

    @property
    def conv_options(self) -> dict:
        """What each convolution unit of the block is given."""
        return {"padding": self.padding, "epsilon": self.epsilon, "momentum": self.momentum,
                **kernel_arguments(self.kernel_initializer, self.kernel_regularizer), "dtype": self.dtype_policy}

    @property
    def fit(self) -> keras.layers.Layer | None:
        """`shortcut_layer` under the name that it has in `.keras` files: Keras keeps weights by attribute, in order."""
        return self.shortcut_layer

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
        self.shortcut_layer = self.make_shortcut_layer(input_shape)
        if self.shortcut_layer is not None:
            self.shortcut_layer.build(input_shape)
        for layer in branch:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def make_shortcut_layer(self, input_shape: tuple[int | None, ...]) -> keras.layers.Layer | None:
        """The layer of the shortcut, or None where the input fits."""
        return make_shortcut(self.shortcut, input_shape, self.filters, self.rank, self.strides,
                             use_norm=self.shortcut_norm, **self.conv_options)

    def call(self, x, training=None):
        if training and self.recompute and not self.repeating:
            return recomputed(self, x)
        return self._run(x, training)

    def _run(self, x, training):
        """What the block gives for its input."""
        y = x
        for layer in self.branch:
            y = layer(y)
        if self.shortcut == "none":
            return self.activation_layer(y)
        if self.shortcut_layer is not None:
            x = self.shortcut_layer(x)
        return self.activation_layer(x + y)

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, self.rank), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), **{name: getattr(self, name) for name in self.ARGUMENTS},
                **kernel_config(self)}


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


def temporal_opening(shift, aggregate, dtype):
    """The layer that lets neighbouring frames into a branch: a shift or an aggregation of so many folded frames."""
    yield from shifted(shift, dtype)
    if aggregate:
        yield TemporalAggregation(aggregate, dtype=dtype, name="aggregate")


def without_rank(arguments):
    """Names of arguments but for "rank": those of a block whose class fixes it."""
    return tuple(name for name in arguments if name != "rank")
