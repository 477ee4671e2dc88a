"""From the last stage to logits: pooling as published, the X3D head, and the dense layer."""

import math

import keras
from keras import ops

from res3d.layers.arguments import check_rank, choice, positive_int, to_tuple
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.layers.norm import BatchNorm
from res3d.layers.pooling import pool


@keras.saving.register_keras_serializable("res3d")
class WindowPool(keras.layers.Layer):
    """Averages windows of a fixed size at every position, then (with `keep` False) the positions.

    A network trained on 224x224 pools 7x7; at a 256x256 test crop the published networks still pool 7x7, at 2x2 places.
    A linear classifier may come after the mean of the places: the logits are the same.

    Args:
        window: `rank` ints or None for everything, as where a size is unknown. One larger than its input is cut to it.
        rank: int.
        keep: bool. Keeps the places apart: (batch, places, channels).

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, channels)`.

    Raises:
        ValueError: for a rank other than 1, 2, 3, or a window or an input of another rank.

    >>> WindowPool((7, 7), rank=2)(ops.ones((1, 8, 8, 5))).shape
    TensorShape([1, 5])
    """

    def __init__(self, window: int | tuple[int, ...] | None, rank: int, keep: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.window = None if window is None else to_tuple(window, rank, "window")
        self.keep = keep

    def build(self, input_shape):
        check_rank(self, input_shape, self.rank)

    def call(self, x):
        axes = tuple(range(1, self.rank + 1))
        if self._whole(x.shape):
            return ops.mean(x, axis=axes)[:, None] if self.keep else ops.mean(x, axis=axes)
        places = pool(ops.average_pool, x, self._cut(x.shape), (1,) * self.rank)
        return ops.reshape(places, (-1, self._places(x.shape), x.shape[-1])) if self.keep else ops.mean(places, axes)

    def _cut(self, shape):
        return tuple(map(min, self.window, shape[1:-1]))

    def _whole(self, shape):
        return self.window is None or None in shape[1:-1]

    def _places(self, shape):
        return 1 if self._whole(shape) else math.prod(n - w + 1 for n, w in zip(shape[1:-1], self._cut(shape)))

    def compute_output_shape(self, input_shape):
        batch, *_, channels = check_rank(self, input_shape, self.rank)
        return (batch, self._places(input_shape), channels) if self.keep else (batch, channels)

    def get_config(self):
        return {**super().get_config(), "window": self.window, "rank": self.rank, "keep": self.keep}


@keras.saving.register_keras_serializable("res3d")
class X3DHead(Composed):
    """Widens, pools, widens again: what comes between X3D's last stage and its classifier.

    Args:
        inner: int. Channels pooled, as many as inside the last stage's blocks.
        filters: int. Channels produced.
        window: 3 ints or None. Average pool between the two, as for `WindowPool`.
        epsilon, momentum: of the norm.

    Weights: `conv/conv/kernel`, `conv/norm/...`, `project/kernel`.

    Input shape: `(batch, frames, height, width, channels)`. Output shape: `(batch, places, filters)`.

    Raises:
        ValueError: if `inner` or `filters` is no positive int.

    Reference: Feichtenhofer, 2020 (arXiv 2004.04730).

    >>> X3DHead(12, 20, window=(4, 2, 2))(ops.ones((1, 4, 2, 2, 8))).shape
    TensorShape([1, 1, 20])
    """

    def __init__(self, inner: int, filters: int = 2048, window: tuple[int, ...] | None = None, epsilon: float = 1e-5,
                 momentum: float = 0.9, **kwargs) -> None:
        super().__init__(**kwargs)
        self.inner, self.filters = positive_int(inner, "inner"), positive_int(filters, "filters")
        self.window, self.epsilon, self.momentum = window, epsilon, momentum
        self.conv = ConvNorm(inner, 1, rank=3, activation="relu", epsilon=epsilon, momentum=momentum,
                             dtype=self.dtype_policy, name="conv")
        self.pool = WindowPool(window, 3, keep=True, dtype=self.dtype_policy, name="pool")
        self.project = keras.layers.Dense(filters, activation="relu", use_bias=False, dtype=self.dtype_policy,
                                          name="project")

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.project.build(self.pool.compute_output_shape(self.conv.compute_output_shape(input_shape)))

    def call(self, x, training=None):
        return self.project(self.pool(self.conv(x)))

    def compute_output_shape(self, input_shape):
        return (*self.pool.compute_output_shape((*input_shape[:-1], self.inner))[:-1], self.filters)

    def get_config(self):
        return {**super().get_config(), "inner": self.inner, "filters": self.filters, "window": self.window,
                "epsilon": self.epsilon, "momentum": self.momentum}


@keras.saving.register_keras_serializable("res3d")
class PlacesClassifier(keras.layers.Dense):
    """A dense layer whose softmax is averaged over places; the logarithm of that mean stands for logits.

    pytorchvideo's R(2+1)D-50 and X3D average the probabilities of their windows. The softmax of this layer's output is
    that average; with one place, as at the size of training, these are plain logits.

    Args:
        units: int. Classes.
        activation: str or None. After the logits; the means of a "sigmoid" are over its scores.
        **kwargs: as for `keras.layers.Dense`.

    Input shape: `(batch, places, channels)`. Output shape: `(batch, units)`.

    >>> bool(abs(ops.sum(ops.exp(PlacesClassifier(4)(ops.ones((1, 3, 5))))) - 1) < 1e-6)
    True
    """

    def __init__(self, units: int, activation: str | None = None, **kwargs) -> None:
        super().__init__(units, **kwargs)
        self.last = keras.activations.get(activation)

    @property
    def activation_name(self) -> str:
        """What the outputs have gone through, as Keras names it: "softmax", "sigmoid"; "linear" for logits."""
        return keras.activations.serialize(self.last)

    def call(self, x, training=None):
        logits = super().call(x)
        if x.shape[1] == 1:
            return self.last(logits[:, 0])
        if self.last is keras.activations.sigmoid:  # several labels a clip: their scores are what is averaged
            return ops.mean(self.last(logits), axis=1)
        logs = ops.log_softmax(logits, axis=-1)
        mean = ops.logsumexp(logs, axis=1) - math.log(x.shape[1])
        return self.last(mean)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.last)}


# Heads that keep places apart for `PlacesClassifier`.
PLACES = ("softmax_mean", "x3d")


def pooled(network, x, dtype, prefix=""):
    """(batch, channels) of the last stage as `network`'s head takes it, or (batch, places, channels)."""
    name = f"{prefix}head_pool"
    norm = {key: network.options[key] for key in ("epsilon", "momentum") if key in network.options}
    if network.head == "x3d":
        return X3DHead(network.widths[-1], window=network.window, dtype=dtype, name="head", **norm)(x)
    if "preact" in network.block and network.last_norm:
        x = BatchNorm(**norm, dtype=dtype, name="last_norm")(x)
        x = keras.layers.ReLU(dtype=dtype, name="last_relu")(x)
    keep = network.head == "softmax_mean"
    return WindowPool(network.window, network.rank, keep=keep, dtype=dtype, name=name)(x)


def classify(x, num_classes, dropout, activation, keep_places=False):
    """Dropout and the dense layer "logits", in float32 whatever the dtype policy."""
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    kind = PlacesClassifier if keep_places else keras.layers.Dense
    return kind(num_classes, activation=activation, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                dtype="float32", name="logits")(x)
