"""GIF files for warm-up: TensorFlow decodes every frame as it was, also those that repeat the one before."""

import numpy as np
import pytest
import tensorflow as tf

from serving.verify import gif

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("frames", [
    np.full((4, 32, 32), 128, np.uint8), RANDOM.integers(0, 256, (16, 56, 48)).astype(np.uint8),
    np.arange(256, dtype=np.uint8).reshape(1, 16, 16),
    np.repeat(RANDOM.integers(0, 3, (2, 5, 7)).astype(np.uint8), 3, axis=0),
], ids=["all alike", "noise", "every grey", "repeats"])
def test_frames_come_back(frames):
    decoded = tf.io.decode_gif(gif.encode(frames)).numpy()
    np.testing.assert_array_equal(decoded, np.repeat(frames[..., None], 3, -1))
