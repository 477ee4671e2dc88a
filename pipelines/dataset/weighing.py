"""Batches in which some clips count more: a third part, the weights, that `fit` multiplies losses by."""

import numpy as np
import tensorflow as tf


def balanced_weights(counts):
    """A weight a class such that all classes together count alike and the mean over videos is 1; 0 for a class of none.

    Args:
        counts: videos, one number a class.

    >>> [round(weight, 3) for weight in balanced_weights([30, 10]).tolist()]
    [0.667, 2.0]
    """
    counts = np.asarray(counts, "float64")
    there = counts > 0
    return np.where(there, counts.sum() / (there.sum() * np.maximum(counts, 1)), 0).astype("float32")


def clip_weights(entries, plan, size, clips_per_video=1, **mixed):
    """How much the clips of an epoch count, by the weights of their videos.

    Args:
        entries: of a manifest; a video without a weight has 1.
        plan: EpochPlan of them.
        size: int. Clips a batch.
        clips_per_video: int.
        **mixed: floats by name, as mixup=0.2: what mixes clips of several videos; only 0 goes with weights.

    Returns: function (epoch, step) -> float32, a weight a clip from that step on, 1 in the mean over videos; None where
        no video has a weight.

    Raises:
        ValueError: if all weights are 0, or clips with weights are mixed.
    """
    if all(entry.weight is None for entry in entries):
        return None
    if any(mixed.values()):
        raise ValueError("A column `weight` weighs clips of one video each; set data.mixup and data.cutmix to 0. "
                         f"Received: {', '.join(f'{name}={value}' for name, value in mixed.items())}.")
    own = np.array([1.0 if entry.weight is None else entry.weight for entry in entries], "float32")
    if not own.any():
        raise ValueError("A column `weight` must weigh a video to train on by more than 0. Received: 0 for all.")
    own = own / own.mean()
    return lambda epoch, step: np.repeat(own[plan.videos(epoch)], clips_per_video)[step * size:]


def weighed(clips, batch_size, of_classes=None, of_clips=None):
    """`clips` with a weight a clip: the product of that of its class and its own.

    Args:
        clips: `tf.data.Dataset` of (clips, label ids) or (clips, shares of the classes).
        batch_size: int. Of `clips`, but for the last batch.
        of_classes: (classes,) floats, or None. A mixture of classes has the mixture of their weights.
        of_clips: floats, one a clip in the order they come, or None.

    Returns:
        `tf.data.Dataset` of (clips, labels, float32 (batch,)).

    >>> batches = tf.data.Dataset.from_tensors((tf.zeros((2, 4)), tf.constant([0, 1])))
    >>> [weights.numpy().tolist() for _, _, weights in weighed(batches, 2, of_classes=[0.5, 2.0], of_clips=[1.0, 3.0])]
    [[0.5, 6.0]]
    """
    classes = tf.constant(1.0 if of_classes is None else of_classes, tf.float32)

    def add(batch, own=None):
        pixels, labels = batch
        weights = tf.ones(tf.shape(pixels)[:1])
        if of_classes is not None:
            weights = tf.gather(classes, labels) if labels.dtype.is_integer else tf.linalg.matvec(labels, classes)
        return pixels, labels, weights if own is None else weights * own

    if of_clips is None:
        return clips.map(lambda *batch: add(batch))
    own = tf.data.Dataset.from_tensor_slices(np.asarray(of_clips, "float32")).batch(batch_size)
    return tf.data.Dataset.zip((clips, own)).map(add)
