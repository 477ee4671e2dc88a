"""Max and average pools over 1, 2 or 3 axes, the last as two pools in turn: over space, then over time.

Both are exact, as a window's maximum or mean is that of its frames' maxima or means. TensorFlow's own 3D pools know no
float16 on a CPU.
"""

import keras
from keras import ops

from res3d.layers.arguments import check_rank, choice, to_tuple


def pool(operation, x, window, strides, padding="valid"):
    """`operation` (ops.max_pool or ops.average_pool) over windows of `x`.

    >>> pool(ops.max_pool, ops.ones((1, 4, 6, 6, 2)), (2, 3, 3), (2, 3, 3)).shape
    TensorShape([1, 2, 2, 2, 2])
    """
    if len(window) < 3:
        return operation(x, window, strides, padding)
    batch = ops.shape(x)[0]
    if max(*window[1:], *strides[1:]) > 1:
        frames, *_ = ops.shape(x)[1:]
        x = operation(ops.reshape(x, (-1, *ops.shape(x)[2:])), window[1:], strides[1:], padding)
        x = ops.reshape(x, (batch, frames, *ops.shape(x)[1:]))
    if max(window[0], strides[0]) > 1:
        height, width, channels = ops.shape(x)[2:]
        x = operation(ops.reshape(x, (batch, -1, height * width, channels)), (window[0], 1), (strides[0], 1), padding)
        x = ops.reshape(x, (batch, -1, height, width, channels))
    return x


@keras.saving.register_keras_serializable("res3d")
class MaxPool(keras.layers.Layer):
    """Largest value of each window; odd windows are centred, even ones do not overlap the border.

    Args:
        pool_size, strides: ints, or `rank` ints.
        rank: int.
        padding: "symmetric", where what lies outside counts as minus infinity, or "same" for TensorFlow's rule.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *new_sizes, channels)`.

    Raises:
        ValueError: for a size or a stride that is not positive, another padding, or an input of another rank.

    >>> MaxPool((1, 3, 3), (1, 2, 2), rank=3)(ops.zeros((1, 4, 9, 9, 2))).shape
    TensorShape([1, 4, 5, 5, 2])
    """

    def __init__(self, pool_size: int | tuple[int, ...], strides: int | tuple[int, ...], rank: int,
                 padding: str = "symmetric", **kwargs) -> None:
        super().__init__(**kwargs)
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.pool_size = to_tuple(pool_size, rank, "pool_size")
        self.strides = to_tuple(strides, rank, "strides")
        self.padding = choice(padding, ("symmetric", "same"), "padding")

    def build(self, input_shape):
        check_rank(self, input_shape, self.rank)

    def call(self, x):
        if self.padding == "same":
            return pool(ops.max_pool, x, self.pool_size, self.strides, "same")
        sides = [size // 2 if size % 2 else 0 for size in self.pool_size]
        if any(sides):
            x = ops.pad(x, [(0, 0), *((side, side) for side in sides), (0, 0)], constant_values=-float("inf"))
        return pool(ops.max_pool, x, self.pool_size, self.strides)

    def compute_output_shape(self, input_shape):
        check_rank(self, input_shape, self.rank)
        sizes = []
        for size, window, stride in zip(input_shape[1:-1], self.pool_size, self.strides):
            covered = window % 2 or self.padding == "same"
            sizes.append(size if size is None else -(-size // stride) if covered else (size - window) // stride + 1)
        return (input_shape[0], *sizes, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides, "rank": self.rank,
                "padding": self.padding}
