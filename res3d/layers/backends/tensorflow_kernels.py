"""The two operations of TensorFlow that Keras has none for; the one file of the networks that knows a backend.

Nothing here is called on another backend, where TensorFlow may not even be installed.
"""

import keras

if keras.backend.backend() == "tensorflow":  # which Keras has loaded then
    import tensorflow as tf


def bias_add(y, bias):
    """`y` plus `bias`, (channels,), in the form that TensorFlow fuses with the convolution before it."""
    return tf.nn.bias_add(y, keras.ops.convert_to_tensor(bias))


def trained_batch_norm(x, gamma, beta, epsilon):
    """Batch norm of a batch by its own moments, in one kernel.

    Args:
        x: (batch, height, width, channels), in the dtype to compute in.
        gamma, beta: (channels,) float32.
        epsilon: float.

    Returns: (y, mean, variance), where the gradient stops at the moments; the variance is the biased one.
    """
    empty = tf.zeros((0,))
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=empty, variance=empty, epsilon=epsilon, is_training=True,
        data_format="NHWC")
    samples = tf.cast(tf.size(x, tf.int64) // x.shape[-1], "float32")  # maps may have over 2**31 numbers
    variance *= (samples - 1) / samples  # the kernel gives the unbiased one
    return y, tf.stop_gradient(mean), tf.stop_gradient(variance)
