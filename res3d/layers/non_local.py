"""The non-local block: each position sees every other one, weighted by likeness."""

import keras
from keras import ops

from res3d.layers.arguments import check_rank, choice
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.layers.pooling import pool

MODES = ("softmax", "dot_product")


@keras.saving.register_keras_serializable("res3d")
class NonLocal(Composed):
    """Adds to each position a projection of the mean of all positions, weighted by how alike they are.

    Args:
        rank: int. 2 compares the positions of a picture, 3 those of a clip.
        inner: int or None. Channels compared; None is half of those that arrive.
        mode: "softmax" (embedded Gaussian, with likeness divided by the root of `inner`) or "dot_product" (divided by
            the number of positions).
        pool: bool. Halves the height and width of what is looked at, not of what looks, as the published networks do.
        epsilon, momentum: of the norm after the last convolution, whose scale starts at zero.

    Weights: `theta/conv/{kernel,bias}`, `phi/...`, `g/...`, `out/conv/{kernel,bias}`, `out/norm/...`.

    Input shape: `(batch, *sizes, channels)`. Output shape: the same.

    Raises:
        ValueError: for another rank or mode, or an input of another rank.

    Reference: Wang et al., 2018 (arXiv 1711.07971).

    >>> NonLocal(3)(ops.ones((1, 2, 4, 4, 8))).shape
    TensorShape([1, 2, 4, 4, 8])
    """

    def __init__(self, rank: int, inner: int | None = None, mode: str = "softmax", pool: bool = True,
                 epsilon: float = 1e-5, momentum: float = 0.9, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.inner, self.mode, self.pool = inner, choice(mode, MODES, "mode"), pool
        self.epsilon, self.momentum = epsilon, momentum
        self.theta = self.phi = self.g = self.out = None

    def build(self, input_shape):
        channels = check_rank(self, input_shape, self.rank)[-1]
        inner = max(1, channels // 2) if self.inner is None else self.inner
        bare = {"use_bias": True, "use_norm": False, "dtype": self.dtype_policy}
        self.theta, self.phi, self.g = (ConvNorm(inner, 1, rank=self.rank, name=name, **bare)
                                        for name in ("theta", "phi", "g"))
        self.out = ConvNorm(channels, 1, rank=self.rank, use_bias=True, zero_gamma=True, epsilon=self.epsilon,
                            momentum=self.momentum, dtype=self.dtype_policy, name="out")
        for layer in (self.theta, self.phi, self.g):
            layer.build(input_shape)
        self.out.build((*input_shape[:-1], inner))

    def call(self, x, training=None):
        seen = x
        if self.pool:
            window = tuple(min(w, n or w) for w, n in zip((1, 2, 2)[-self.rank:], x.shape[1:-1]))
            seen = pool(ops.max_pool, x, window, window)
        theta, phi, g = _positions(self.theta(x)), _positions(self.phi(seen)), _positions(self.g(seen))
        if self.mode == "softmax":
            theta = theta * theta.shape[-1] ** -0.5  # before the product, which float16 might not hold
        alike = ops.matmul(theta, ops.transpose(phi, (0, 2, 1)))
        if self.mode == "softmax":
            alike = ops.cast(ops.softmax(ops.cast(alike, "float32"), axis=-1), alike.dtype)
        else:
            alike = alike / ops.cast(ops.shape(phi)[1], alike.dtype)
        mixed = ops.reshape(ops.matmul(alike, g), (*ops.shape(x)[:-1], theta.shape[-1]))
        return x + self.out(mixed)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "rank": self.rank, "inner": self.inner, "mode": self.mode, "pool": self.pool,
                "epsilon": self.epsilon, "momentum": self.momentum}


def _positions(x):
    """(batch, positions, channels)."""
    return ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
