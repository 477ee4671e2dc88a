"""A strip of frames evenly over the time of a long video."""

import numpy as np

from pipelines.dataset.windows.recorded import RecordedVideos
from pipelines.video.opencv import resize_image
from pipelines.video.reading import probe, read_frames
from res3d.looks.pictures import film
from res3d.looks.timeline import STRIP_FRAMES, STRIP_HEIGHT, strip_moments, strip_size


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
    frames = read_frames(video, places.tolist(), strip_size, info=info)
    return film(frames, STRIP_HEIGHT, STRIP_FRAMES), info.duration_seconds


def strip_or_none(video, strip=strip_of):
    """The same, or what another `strip` of it gives; (None, 0.0) of a video that can no longer be read."""
    try:
        return strip(video)
    except (ValueError, OSError):
        return None, 0.0


def recorded_strips(folder):
    """As `strip_or_none`, a function of a video whose frames are among the records in a folder."""
    recorded = RecordedVideos(folder)

    def strip(video):
        seconds = recorded.steps[video] / recorded.rate
        steps = [int(moment * recorded.rate) for moment in strip_moments(seconds)]
        pictures = recorded.pictures(video, steps)
        frames = [resize_image(pictures[step], strip_size(*pictures[step].shape[:2])) for step in steps]
        return film(np.stack(frames), STRIP_HEIGHT, STRIP_FRAMES), seconds

    return lambda video: strip_or_none(video, strip)
