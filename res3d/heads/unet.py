"""Segmentation in any rank: a residual decoder that climbs from the coarsest map back to every pixel or voxel."""

from collections.abc import Sequence

import keras
from keras import ops

from res3d.blocks.basic import BasicBlock
from res3d.blocks.units import KINDS
from res3d.heads.levels import check_levels, enlarge, fine_to_coarse
from res3d.layers.arguments import choice, positive_int, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import Conv, ConvNorm


@keras.saving.register_keras_serializable("res3d")
class UNetDecoder(Composed):
    """Enlarges the coarsest map level by level; at each, joins the encoder's map and runs a residual block.

    The factor between two levels is read from their shapes, axis by axis, so that voxels that are thick in one
    direction (strides such as (1, 2, 2)) need nothing more said.

    Args:
        filters: ints or None. Channels at each level but the coarsest, from fine to coarse; None is what the encoder
            has there, and at least 16.
        conv: str. The blocks' kind of convolution: "full", or in rank 3 "spatial", "factorized" ...

    Input shape: list of `(batch, *sizes, channels)` from fine to coarse, sizes known.
    Output shape: `(batch, *sizes of the finest, filters of the finest)`.

    Weights: `up0/conv/kernel`, `up0/norm/...` (before enlarging to level 0, the finest) and `block0/...` as
    `BasicBlock` names them.

    Raises:
        ValueError: for fewer than two maps, maps that do not become smaller, or `filters` of another number.

    Reference: Ronneberger et al., 2015 (arXiv 1505.04597); residual blocks as in Milletari et al., 2016
    (arXiv 1606.04797).

    >>> UNetDecoder()([ops.zeros((1, 6, 15, 16, 8)), ops.zeros((1, 6, 8, 8, 32)), ops.zeros((1, 3, 4, 4, 64))]).shape
    TensorShape([1, 6, 15, 16, 16])
    """

    def __init__(self, filters: Sequence[int] | None = None, conv: str = "full", **kwargs) -> None:
        super().__init__(**kwargs)
        if isinstance(filters, int):
            filters = (filters,)
        self.filters = filters if filters is None else to_tuple(tuple(filters), len(filters), "filters")
        self.conv = choice(conv, KINDS, "conv")
        self.ups: list = []
        self.blocks: list = []

    def build(self, input_shape):
        rank = check_levels(input_shape, type(self).__name__, at_least=2)
        filters = self._filters(input_shape)
        options = {"dtype": self.dtype_policy}
        self.ups = [ConvNorm(n, 1, rank=rank, activation="relu", name=f"up{level}", **options)
                    for level, n in enumerate(filters)]
        self.blocks = [BasicBlock(n, rank, conv=self.conv, name=f"block{level}", **options)
                       for level, n in enumerate(filters)]
        coarser = tuple(input_shape[-1])
        for level in reversed(range(len(filters))):
            self.ups[level].build(coarser)
            batch, *sizes, channels = input_shape[level]
            self.blocks[level].build((batch, *sizes, filters[level] + channels))
            coarser = (batch, *sizes, filters[level])

    def call(self, features, training=None):
        x = features[-1]
        for up, block, skip in list(zip(self.ups, self.blocks, features))[::-1]:
            x = enlarge(up(x), skip.shape[1:-1])
            x = block(ops.concatenate([x, skip], axis=-1))
        return x

    def compute_output_shape(self, input_shape):
        return (*tuple(input_shape[0])[:-1], self._filters(input_shape)[0])

    def _filters(self, shapes):
        if self.filters is None:
            return tuple(max(16, shape[-1]) for shape in shapes[:-1])
        if len(self.filters) != len(shapes) - 1:
            raise ValueError(f"`filters` must have one number for each level but the coarsest, {len(shapes) - 1} in "
                             f"all. Received: filters={self.filters!r} for {len(shapes)} maps.")
        return self.filters

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "conv": self.conv}


def segmenter(backbone: keras.Model, num_classes: int, filters: Sequence[int] | None = None,
              conv: str = "full") -> keras.Model:
    """A residual U-Net: `backbone` as encoder, its input joined at full size, one logit a class at every position.

    Args:
        backbone: keras.Model of `res3d.build(..., features=True)`, or any whose outputs are named as its are.
        num_classes: int. Background counts as one.
        filters, conv: as for `UNetDecoder`; there is one level more than the backbone has if its finest map is smaller
            than its input.

    Returns: keras.Model of the backbone's input to `(batch, *sizes, num_classes)` float32.

    Raises:
        ValueError: as `UNetDecoder` and `fine_to_coarse` do.

    >>> import res3d
    >>> backbone = res3d.build("resnet_18", input_shape=(32, 48, 1), features=True, width=0.125)
    >>> segmenter(backbone, 3).output_shape
    (None, 32, 48, 3)
    """
    positive_int(num_classes, "num_classes")
    maps = fine_to_coarse(backbone.output)
    names = [layer.name for layer in backbone.layers]
    picture = backbone.get_layer("pixels").output if "pixels" in names else backbone.input
    if len(picture.shape) == len(maps[0].shape) and picture.shape[1:-1] != maps[0].shape[1:-1]:
        maps = [picture, *maps]
    x = UNetDecoder(filters, conv, name="decoder")(maps)
    logits = Conv(num_classes, 1, rank=len(x.shape) - 2, use_bias=True, dtype="float32", name="logits")(x)
    return keras.Model(backbone.input, logits, name=f"{backbone.name}_unet")
