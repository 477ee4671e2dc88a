"""Windows of a batch blended in pairs, step by step, and what happens at each step with them."""

import tensorflow as tf

from pipelines.augment.mixing import mixup


def window_mixup(alpha: float = 0.2):
    """Blends each window with another of the batch, and the targets of each of its steps.

    Args:
        alpha: float. The share of a window is drawn from Beta(alpha, alpha), for each on its own.

    Reference: Hong et al., 2022 (arXiv 2207.10213).
    """
    blend = mixup(alpha)

    def step(clips, targets, seed, num_classes):
        flat = tf.reshape(targets, (tf.shape(targets)[0], -1))
        clips, flat = blend(clips, flat, seed, num_classes)
        return clips, tf.ensure_shape(tf.reshape(flat, tf.shape(targets)), targets.shape)

    return step
