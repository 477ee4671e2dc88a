"""A strip of frames evenly over the time of a long video."""

import numpy as np

from pipelines.video.reading import probe, read_frames
from res3d.looks.pictures import film

COUNT, HEIGHT = 12, 72  # frames of a strip, and pixels that it is high


def strip_of(video):
    """(strip as `res3d.looks.pictures.film` gives it, seconds that it stands for).

    A frame stands in the middle of its twelfth of the time, by the times of the frames and not by their number. The
    video is decoded twice.

    Raises:
        VideoError: if it cannot be read.
    """
    info = probe(video)
    moments = (np.arange(COUNT) + 0.5) * info.duration_seconds / COUNT
    places = np.maximum(np.searchsorted(info.times_seconds, moments, side="right") - 1, 0)
    frames = read_frames(video, places.tolist(), _small, info=info)
    return film(frames, HEIGHT, COUNT), info.duration_seconds


def strip_or_none(video):
    """The same, or (None, 0.0) of a video that can no longer be read."""
    try:
        return strip_of(video)
    except (ValueError, OSError):
        return None, 0.0


def _small(height, width):
    return HEIGHT, max(1, round(width * HEIGHT / height))
