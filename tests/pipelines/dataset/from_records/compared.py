"""Batches of clips beside others, as alike as JPEG leaves them."""

import numpy as np

from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)
JPEG = 4.0  # mean difference that a JPEG of quality 90 leaves in these noisy pictures


def batches(dataset):
    return [(clips.numpy(), labels.numpy()) for clips, labels in dataset]


def same(one, other, tolerance=JPEG):
    assert len(one) == len(other)
    for (clips, labels), (others, same_labels) in zip(one, other):
        np.testing.assert_array_equal(labels, same_labels)
        assert clips.shape == others.shape
        assert np.abs(clips.astype(int) - others).mean() < tolerance
