"""Batch norm that trains by one kernel on TensorFlow, where Keras composes it of several passes in float32."""

import keras
import numpy as np
from keras import ops

from res3d.layers.backends.tensorflow_kernels import trained_batch_norm
from res3d.private_keras import layers_inside


def kernel_dtype(dtype, channels):
    """What TensorFlow's fused batch norm should compute in, or None where several passes are the faster.

    On a CPU its vectors want channels by sixteens in half precision and by fours in float32.

    >>> kernel_dtype("bfloat16", 64), kernel_dtype("bfloat16", 24), kernel_dtype("float32", 45)
    ('bfloat16', 'float32', None)
    """
    if keras.backend.backend() != "tensorflow" or dtype not in ("float32", "bfloat16", "float16"):
        return None
    return dtype if channels % 16 == 0 else "float32" if channels % 4 == 0 else None


@keras.saving.register_keras_serializable("res3d")
class BatchNorm(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` with its weights and values, trained faster, with the defaults published.

    Args:
        momentum: float. Share of the old moving average that is kept.
        epsilon: float. Added to the variance.
        gamma_initializer: str or initializer. "zeros" lets a residual branch start as nothing.
        kwargs: what else `keras.layers.BatchNormalization` takes.

    Input shape: `(batch, *sizes, channels)`. Output shape: the same. Moments are taken in float32 over all but the
    channels; the moving variance is the biased one, as in Keras. Source: Ioffe and Szegedy, 2015, arXiv 1502.03167.

    Raises:
        ValueError: for an input of another rank or of other channels than the layer was built for.

    >>> norm = BatchNorm()
    >>> norm(ops.ones((2, 4, 8, 8, 16)), training=True).shape, float(norm.moving_mean[0])
    (TensorShape([2, 4, 8, 8, 16]), 0.10000...)
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5,
                 gamma_initializer: str | keras.initializers.Initializer = "ones", **kwargs) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, gamma_initializer=gamma_initializer, **kwargs)
        self._made_synchronized = self.synchronized
        self.clips_per_norm: int | None = None  # of one training, as `split_norms` says

    def get_config(self):
        # What `synchronize_norms` did is of one training: Keras makes such a layer on TensorFlow alone.
        return {**super().get_config(), "synchronized": self._made_synchronized}

    def add_weight(self, *args, trainable: bool = True, **kwargs) -> keras.Variable:
        """As every layer's; moving averages are the mean over devices, of which Keras saves the first one's."""
        aggregation = {} if trainable else {"aggregation": "mean"}
        return super().add_weight(*args, trainable=trainable, **aggregation, **kwargs)

    def fold_into(self, kernel: keras.Variable, bias: keras.Variable | None) -> tuple[np.ndarray, np.ndarray]:
        """(kernel, bias) of a convolution that gives what this norm, not learning, makes of the one before it.

            y = gamma * (x * k + b - mean) / sqrt(variance + epsilon) + beta
              = x * (k * s) + (b - mean) * s + beta            with s = gamma / sqrt(variance + epsilon)

        Args:
            kernel: (*kernel_size, channels, filters), of the convolution; `filters` are the channels of this norm.
            bias: (filters,) or None.

        Returns: float32 arrays of the shapes (*kernel_size, channels, filters) and (filters,), computed in float64.
        """
        scale = 1 / np.sqrt(_float64(self.moving_variance) + self.epsilon)
        if self.scale:
            scale = scale * _float64(self.gamma)
        shift = (0 if bias is None else _float64(bias)) - _float64(self.moving_mean)
        shift = shift * scale + (_float64(self.beta) if self.center else 0)
        return (_float64(kernel) * scale).astype(np.float32), shift.astype(np.float32)

    def scale_and_shift(self, bias: keras.Variable | None = None) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """(scale, shift), (channels,), of `x * scale + shift`: what this norm, not learning, makes of `x + bias`.

        Args:
            bias: (channels,) or None for nothing.
        """
        scale = ops.rsqrt(self.moving_variance + self.epsilon)
        scale = self.gamma * scale if self.scale else scale
        shift = self.beta - self.moving_mean * scale if self.center else -self.moving_mean * scale
        return scale, shift if bias is None else shift + ops.cast(bias, "float32") * scale

    def call(self, inputs, training=None, mask=None):
        whole = (self.scale and self.center and mask is None and not self.renorm and not self.synchronized
                 and self.axis in (-1, len(inputs.shape) - 1))
        if training and self.trainable and whole and self.clips_per_norm is not None:
            return self._trained_in_groups(inputs)
        dtype = kernel_dtype(keras.backend.standardize_dtype(inputs.dtype), inputs.shape[-1])
        if not (training and self.trainable and whole and dtype):
            return super().call(inputs, training=training, mask=mask)
        return self._trained_by_one_kernel(inputs, dtype)

    def _trained_in_groups(self, inputs):
        """Each `clips_per_norm` clips, or a few more, by moments of their own; the averages are of the whole batch.

        All clips having equally many places, moments of a group follow from those of its clips: a mean of means, and a
        mean of variances plus the variance of means.
        """
        clips, *sizes, channels = ops.shape(inputs)
        x = ops.reshape(ops.cast(inputs, "float32"), (clips, -1, channels))
        means = ops.mean(x, axis=1)
        variances = ops.mean(ops.square(x - means[:, None]), axis=1)
        groups = ops.maximum(ops.cast(clips, "int32") // self.clips_per_norm, 1)
        numbers = ops.arange(clips, dtype="int32") * groups // ops.cast(clips, "int32")
        alike = ops.cast(ops.equal(numbers[:, None], numbers[None]), "float32")
        alike = alike / ops.sum(alike, axis=-1, keepdims=True)  # row i averages over the group of clip i
        mean, whole = ops.matmul(alike, means), ops.mean(means, axis=0)
        variance = ops.matmul(alike, variances + means**2) - mean**2
        scale = ops.rsqrt(ops.maximum(variance, 0.0) + self.epsilon) * ops.cast(self.gamma, "float32")
        shift = ops.cast(self.beta, "float32") - mean * scale
        self._move(whole, ops.mean(variances, axis=0) + ops.mean((means - whole) ** 2, axis=0))
        y = x * scale[:, None] + shift[:, None]
        return ops.cast(ops.reshape(y, (clips, *sizes, channels)), self.compute_dtype)

    def _move(self, mean, variance):
        """Moves the averages towards moments of a batch."""
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            new = ops.cast(moving, "float32") * self.momentum + ops.stop_gradient(value) * (1 - self.momentum)
            moving.assign(ops.cast(new, moving.dtype))

    def _trained_by_one_kernel(self, inputs, dtype):
        flat = ops.reshape(inputs, (-1, *(1, 1, *ops.shape(inputs)[1:])[-3:]))
        gamma, beta = ops.cast(self.gamma, "float32"), ops.cast(self.beta, "float32")
        y, mean, variance = trained_batch_norm(ops.cast(flat, dtype), gamma, beta, self.epsilon)
        self._move(mean, variance)
        return ops.cast(ops.reshape(y, ops.shape(inputs)), self.compute_dtype)


def synchronize_norms(model: keras.Model) -> int:
    """Has every norm of a model take its moments over the clips of all devices, as TensorFlow's strategies need told.

    On one device, and under JAX, they are anyway. What is saved of the model does not hold it.

    Returns: int. How many norms there are.

    >>> model = keras.Sequential([keras.Input((4,)), BatchNorm()])
    >>> synchronize_norms(model), model.layers[0].synchronized, model.layers[0].get_config()["synchronized"]
    (1, True, False)
    """
    norms = [layer for layer in layers_inside(model) if isinstance(layer, BatchNorm)]
    for layer in norms:
        layer.synchronized = True
    return len(norms)


def split_norms(model: keras.Model, clips: int | None) -> int:
    """Has every norm of a model take its moments over so many clips in training, whatever the batch; None is all.

    A batch is divided into as many equal groups as have `clips` clips or more. What is saved of the model does not hold
    it, and what the norms then know are plain averages over batches. Source: Wu et al., 2020 (arXiv 1912.00998).

    Returns: int. How many norms there are.

    >>> norm = BatchNorm(epsilon=0.0)
    >>> model = keras.Sequential([keras.Input((1,)), norm])
    >>> split_norms(model, 2)
    1
    >>> norm(ops.convert_to_tensor([[1.0], [3.0], [10.0], [30.0]]), training=True)[:, 0].numpy().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    norms = [layer for layer in layers_inside(model) if isinstance(layer, BatchNorm)]
    for layer in norms:
        layer.clips_per_norm = clips
    return len(norms)


def _float64(variable):
    return ops.convert_to_numpy(ops.cast(variable, "float32")).astype(np.float64)
