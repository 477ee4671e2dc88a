"""Clips of the videos that lie elsewhere, beside those of the same videos here."""

import numpy as np

from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)


def same_batches(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other) > 0
    for (clips, labels), (others, same) in zip(one, other):
        np.testing.assert_array_equal(clips, others)
        np.testing.assert_array_equal(labels, same)
