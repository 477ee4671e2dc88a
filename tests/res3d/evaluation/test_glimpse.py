"""What a linear classifier is shown, on frames whose answer can be read off."""

import numpy as np

from res3d.evaluation import glimpse


def test_the_middle_frame_is_the_middle_one():
    frames = np.arange(24)[:, None, None] * np.ones((1, 2, 3))
    np.testing.assert_allclose(glimpse.middle_frame(frames), np.full(6, 12 / 255), rtol=1e-6)


def test_differences_tell_when_and_where_and_which_way():
    frames = np.zeros((5, 1, 2))
    frames[1:, 0, 0] = 255  # appears at once
    frames[:4, 0, 1] = 51  # disappears at the end
    absolute, signed = glimpse.frame_differences(frames, bins=2).reshape(2, 2, 2)
    np.testing.assert_allclose(absolute, [[0.5, 0], [0, 0.1]], rtol=1e-6)
    np.testing.assert_allclose(signed, [[0.5, 0], [0, -0.1]], rtol=1e-6)


def test_a_still_video_has_no_differences():
    assert not glimpse.frame_differences(np.full((24, 4, 4), 200, "uint8")).any()


def test_frames_shrink_to_means_of_blocks():
    frames = np.arange(16).reshape(1, 4, 4)
    np.testing.assert_array_equal(glimpse.shrunk(frames, 2), [[[2.5, 4.5], [10.5, 12.5]]])
