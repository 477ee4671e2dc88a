"""A feature pyramid: every level as rich in meaning as the coarsest, for finding things of every size."""

import keras
from keras import ops

from res3d.heads.levels import check_levels, enlarge
from res3d.layers.arguments import positive_int, strided, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm


@keras.saving.register_keras_serializable("res3d")
class FeaturePyramid(Composed):
    """Passes what the coarse levels know down to the fine ones: the level above enlarged and added, then a convolution.

    Args:
        filters: int. Channels of every output.
        extra: int. Further levels, each half the size of the last, by strided convolutions (RetinaNet has 2).
        use_norm: bool. Batch norm after each convolution; without it the convolutions have a bias.

    Input shape: list of `(batch, *sizes, channels)` from fine to coarse, sizes known; any of rank 1, 2, 3.
    Output shape: list of `(batch, *sizes, filters)`, the same sizes, then the extra ones.

    Weights: `lateral0/conv/{kernel,bias}` ..., `smooth0/...`, `extra0/...`; 0 is the finest.

    Raises:
        ValueError: for maps that do not become smaller, or whose size is unknown.

    Reference: Lin et al., 2017 (arXiv 1612.03144); extra levels as in Lin et al., 2017 (arXiv 1708.02002).

    >>> maps = FeaturePyramid(16, extra=1)([ops.zeros((1, 15, 20, 8)), ops.zeros((1, 8, 10, 32))])
    >>> [tuple(x.shape) for x in maps]
    [(1, 15, 20, 16), (1, 8, 10, 16), (1, 4, 5, 16)]
    """

    def __init__(self, filters: int = 256, extra: int = 0, use_norm: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.extra = to_tuple(extra, 1, "extra", minimum=0)[0]
        self.use_norm = use_norm
        self.laterals: list = []
        self.smooths: list = []
        self.extras: list = []

    def build(self, input_shape):
        rank = check_levels(input_shape, type(self).__name__)

        def unit(name, kernel, strides=1):
            return ConvNorm(self.filters, kernel, strides, rank=rank, use_norm=self.use_norm,
                            use_bias=not self.use_norm, dtype=self.dtype_policy, name=name)

        self.laterals = [unit(f"lateral{level}", 1) for level in range(len(input_shape))]
        self.smooths = [unit(f"smooth{level}", 3) for level in range(len(input_shape))]
        self.extras = [unit(f"extra{level}", 3, 2) for level in range(self.extra)]
        shapes = self.compute_output_shape(input_shape)
        for layer, shape in zip([*self.laterals, *self.smooths, *self.extras],
                                [*input_shape, *shapes[:len(input_shape)], *shapes[len(input_shape) - 1:]]):
            layer.build(shape)

    def call(self, features, training=None):
        maps = [lateral(x) for lateral, x in zip(self.laterals, features)]
        for level in reversed(range(len(maps) - 1)):
            maps[level] = maps[level] + enlarge(maps[level + 1], maps[level].shape[1:-1])
        maps = [smooth(x) for smooth, x in zip(self.smooths, maps)]
        for number, layer in enumerate(self.extras):
            maps.append(layer(ops.relu(maps[-1]) if number else maps[-1]))
        return maps

    def compute_output_shape(self, input_shape):
        shapes = [(*shape[:-1], self.filters) for shape in map(tuple, input_shape)]
        for _ in range(self.extra):
            shapes.append(strided(shapes[-1], (2,) * (len(shapes[-1]) - 2), self.filters))
        return shapes

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "extra": self.extra, "use_norm": self.use_norm}
