"""What a residual block adds its branch to: the input itself, or the input made to fit, as decided from shapes."""

import keras
from keras import ops

from res3d.layers.arguments import check_rank, choice, positive_int, strided, to_tuple
from res3d.layers.conv import ConvNorm
from res3d.layers.pooling import pool

KINDS = ("projection", "widening", "pad", "average_pool", "none")


def make_shortcut(kind: str, input_shape: tuple[int | None, ...], filters: int, rank: int,
                  strides: tuple[int, ...], use_norm: bool | str = True, **options) -> keras.layers.Layer | None:
    """The layer that fits a block's input to its output, or None where the input fits as it is.

    Args:
        kind: "projection" (option B: a strided 1x1x1 convolution wherever size or width changes), "widening" (the same
            where the width changes, else a subsampling), "pad" (option A: subsample and append zero channels, no
            weights), "average_pool" (average over the stride, then project), or "none" (a plain network).
        input_shape: tuple. `(batch, *sizes, channels)` of the block's input, of which the channels are read.
        filters: int. Channels of the block's output.
        rank: int. strides: `rank` ints, of the block.
        use_norm: bool, or "widen" for a norm only where the width changes, as X3D has it.
        **options: of the projection's `ConvNorm`.

    Raises:
        ValueError: for an unknown kind.

    Reference: options A and B of He et al., 2015 (arXiv 1512.03385).
    """
    choice(kind, KINDS, "shortcut")
    widens = input_shape[-1] != filters
    if kind == "none" or not (widens or max(strides) > 1):
        return None
    if kind == "pad" or (kind == "widening" and not widens):
        return PadShortcut(filters, strides, rank=rank, dtype=options["dtype"], name="shortcut")
    norm = widens if use_norm == "widen" else bool(use_norm)
    if kind == "average_pool":
        return PooledShortcut(filters, strides, rank=rank, use_norm=norm, name="shortcut", **options)
    return ConvNorm(filters, 1, strides, rank=rank, use_norm=norm, name="shortcut", **options)


@keras.saving.register_keras_serializable("res3d")
class PadShortcut(keras.layers.Layer):
    """Every `strides`-th position, with zero channels appended: a shortcut without weights.

    Args:
        filters: int. Channels produced, at least as many as arrive.
        strides: int or `rank` ints.
        rank: int.

    Reference: option A of He et al., 2015 (arXiv 1512.03385).

    >>> PadShortcut(6, rank=2, strides=2)(ops.ones((1, 4, 4, 3)))[0, 0, 0].numpy().tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, filters, strides=1, *, rank, **kwargs):
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.strides = to_tuple(strides, rank, "strides")

    def build(self, input_shape):
        channels = check_rank(self, input_shape, self.rank)[-1]
        if channels > self.filters:
            raise ValueError("A shortcut that pads needs at least as many filters as channels arrive. "
                             f"Received: {channels} channels, filters={self.filters}. Use shortcut='projection'.")

    def call(self, x):
        if max(self.strides) > 1:
            x = x[(slice(None), *(slice(None, None, stride) for stride in self.strides))]
        missing = self.filters - x.shape[-1]
        return ops.pad(x, [(0, 0)] * (self.rank + 1) + [(0, missing)]) if missing else x

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, self.rank), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "rank": self.rank, "strides": self.strides}


@keras.saving.register_keras_serializable("res3d")
class PooledShortcut(ConvNorm):
    """Averages each `strides`-sized cell, then projects: no input position is skipped.

    Args:
        filters, strides, rank: as for `ConvNorm`; the convolution itself is 1x1x1 and does not stride.
        **kwargs: norm options of `ConvNorm`.

    Reference: ResNet-D of He et al., 2019 (arXiv 1812.01187).

    >>> PooledShortcut(6, rank=3, strides=(1, 2, 2))(ops.zeros((1, 4, 5, 5, 3))).shape
    TensorShape([1, 4, 3, 3, 6])
    """

    def __init__(self, filters, strides=1, *, rank, **kwargs):
        kwargs.pop("kernel_size", None)
        super().__init__(filters, 1, rank=rank, **kwargs)
        self.strides = to_tuple(strides, rank, "strides")

    def call(self, x, training=None):
        if max(self.strides) > 1:
            x = pool(ops.average_pool, x, self.strides, self.strides, "same")
        return super().call(x, training=training)

    def compute_output_shape(self, input_shape):
        return strided(check_rank(self, input_shape, self.conv.rank), self.strides, self.conv.filters)

    def build(self, input_shape):
        super().build((*self.compute_output_shape(input_shape)[:-1], input_shape[-1]))

    def get_config(self):
        return {**super().get_config(), "strides": self.strides}
