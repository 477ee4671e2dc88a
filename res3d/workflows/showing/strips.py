"""A strip of frames evenly over the time of a long video."""

import numpy as np

from pipelines.video.reading import probe, read_frames
from res3d.looks.pictures import film
from res3d.looks.timeline import STRIP_FRAMES, STRIP_HEIGHT, strip_moments


def strip_of(video):
    """(strip as `res3d.looks.pictures.film` gives it, seconds that it stands for).

    A frame stands in the middle of its twelfth of the time, by the times of the frames and not by their number. The
    video is decoded twice.

    Raises:
        VideoError: if it cannot be read.
    """
    info = probe(video)
    moments = strip_moments(info.duration_seconds)
    places = np.maximum(np.searchsorted(info.times_seconds, moments, side="right") - 1, 0)
    frames = read_frames(video, places.tolist(), _small, info=info)
    return film(frames, STRIP_HEIGHT, STRIP_FRAMES), info.duration_seconds


def strip_or_none(video):
    """The same, or (None, 0.0) of a video that can no longer be read."""
    try:
        return strip_of(video)
    except (ValueError, OSError):
        return None, 0.0


def _small(height, width):
    return STRIP_HEIGHT, max(1, round(width * STRIP_HEIGHT / height))
