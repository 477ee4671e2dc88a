"""Steps that blend the clips of a batch in pairs, and their labels with them.

A step is `step(clips, labels, seed, num_classes) -> (clips, labels)`: clips uint8 (batch, frames, height, width,
channels); labels int32 (batch,) or float32 (batch, classes) in, always float32 (batch, classes) out.
"""

from collections.abc import Callable

import tensorflow as tf

from pipelines.augment.chaining import fold_seed, uniforms
from pipelines.augment.crops import to_uint8


def mixup(alpha: float = 0.8) -> Callable:
    """Blends each clip with another of the batch, pixel by pixel (Zhang et al., 2017, arXiv 1710.09412).

    Args:
        alpha: float. The share of a clip is drawn from Beta(alpha, alpha), for each on its own.
    """
    _check_alpha(alpha)

    def step(clips, labels, seed, num_classes):
        share = _beta(tf.shape(clips)[0], alpha, fold_seed(seed, 0))
        partners = _partners(tf.shape(clips)[0], fold_seed(seed, 1))
        part = tf.reshape(share, (-1, 1, 1, 1, 1))
        pixels = tf.cast(clips, tf.float32)
        mixed = to_uint8(tf.gather(pixels, partners) * (1.0 - part) + pixels * part)
        return tf.ensure_shape(mixed, clips.shape), _blend(labels, partners, share, num_classes)

    return step


def cutmix(alpha: float = 1.0) -> Callable:
    """Puts a box of another clip of the batch into each, the same box in every frame (Yun et al., 2019, arXiv
    1905.04899).

    Labels are blended by the area that the box has in the end, after it was cut to the picture.

    Args:
        alpha: float. The share of the picture that stays is drawn from Beta(alpha, alpha), for each clip on its own.
    """
    _check_alpha(alpha)

    def step(clips, labels, seed, num_classes):
        shape = tf.shape(clips)
        count, height, width = shape[0], tf.cast(shape[2], tf.float32), tf.cast(shape[3], tf.float32)
        side = tf.sqrt(1.0 - _beta(count, alpha, fold_seed(seed, 0)))
        partners = _partners(count, fold_seed(seed, 1))
        middle = tf.random.stateless_uniform((2, count), fold_seed(seed, 2)) * [[height], [width]]
        half = tf.stack([height * side, width * side]) / 2.0
        low = tf.round(tf.maximum(middle - half, 0.0))
        high = tf.round(tf.minimum(middle + half, [[height], [width]]))
        rows = _between(tf.range(height), low[0], high[0])
        columns = _between(tf.range(width), low[1], high[1])
        inside = rows[:, tf.newaxis, :, tf.newaxis, tf.newaxis] & columns[:, tf.newaxis, tf.newaxis, :, tf.newaxis]
        mixed = tf.where(inside, tf.gather(clips, partners), clips)
        share = 1.0 - tf.reduce_prod(high - low, axis=0) / (height * width)
        return tf.ensure_shape(mixed, clips.shape), _blend(labels, partners, share, num_classes)

    return step


def either(first, second, probability=0.5):
    """The first of two mixing steps with `probability`, otherwise the second; one of them for the whole batch."""
    def step(clips, labels, seed, num_classes):
        return tf.cond(uniforms(seed, 1)[0] < probability,
                       lambda: first(clips, labels, fold_seed(seed, 0), num_classes),
                       lambda: second(clips, labels, fold_seed(seed, 1), num_classes))

    return step


def mixup_or_cutmix(mixup_alpha=0.8, cutmix_alpha=1.0):
    """`mixup` for one batch and `cutmix` for another, as often."""
    return either(mixup(mixup_alpha), cutmix(cutmix_alpha))


def _beta(count, alpha, seed):
    """`count` draws of Beta(alpha, alpha), float32; a quotient of gammas, halves where both are 0."""
    first, second = tf.unstack(tf.random.stateless_gamma((2, count), seed, alpha))
    total = first + second
    return tf.where(total > 0, first / tf.where(total > 0, total, 1.0), 0.5)


def _partners(count, seed):
    return tf.argsort(tf.random.stateless_uniform((count,), seed), stable=True)


def _between(values, low, high):
    return (values >= low[:, tf.newaxis]) & (values < high[:, tf.newaxis])


def _blend(labels, partners, share, num_classes):
    if labels.dtype.is_integer:
        labels = tf.one_hot(labels, num_classes)
    share = share[:, tf.newaxis]
    return labels * share + tf.gather(labels, partners) * (1.0 - share)


def _check_alpha(alpha):
    if not alpha > 0:
        raise ValueError(f"`alpha` must be positive. Received: alpha={alpha}.")
