"""What a linear classifier is shown of a video: one frame, or where and when its pixels change."""

import numpy as np

FRAMES, SIDE, BINS = 24, 48, 5  # frames over the whole video, pixels a side, stretches of time


def middle_frame(frames):
    """The frame in the middle, as a row of numbers from 0 to 1.

    Args:
        frames: (frames, height, width) uint8 or floats from 0 to 255.

    >>> middle_frame(np.full((3, 2, 2), 255)).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    frames = np.asarray(frames, "float32")
    return frames[len(frames) // 2].ravel() / 255


def frame_differences(frames, bins=BINS):
    """Mean absolute and mean signed difference of neighboring frames in each of `bins` stretches of the video.

    Args:
        frames: (frames, height, width) uint8 or floats from 0 to 255; more frames than `bins`.

    >>> frame_differences(np.array([0, 255, 0]).reshape(3, 1, 1), bins=1).tolist()
    [1.0, 0.0]
    """
    steps = np.diff(np.asarray(frames, "float32"), axis=0) / 255
    parts = np.array_split(steps, bins)
    means = [np.abs(part).mean(axis=0) for part in parts] + [part.mean(axis=0) for part in parts]
    return np.stack(means).ravel()


def shrunk(frames, side=SIDE):
    """Frames whose height and width are multiples of `side`, each pixel the mean of its block: float32."""
    frames = np.asarray(frames, "float32")
    count, height, width = frames.shape
    return frames.reshape(count, side, height // side, side, width // side).mean(axis=(2, 4))
