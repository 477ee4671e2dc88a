"""Which frames of a video an entry of a manifest covers."""

from typing import Any

import numpy as np

from pipelines.video.info import VideoError, VideoInfo


def extent(entry: Any, info: VideoInfo) -> tuple[int, int]:
    """The half-open range of frames, (first, last), that an entry covers.

    Args:
        entry: `Entry`, or anything with its `path`, `start`, `end`, `num_frames` and `first_frame`.
        info: `VideoInfo` of the entry's video or folder of frames.

    Raises:
        VideoError: if there are none.

    >>> from types import SimpleNamespace
    >>> info = SimpleNamespace(num_frames=8, times_us=[0, 40_000, 80_000, 120_000, 160_000, 200_000, 240_000, 280_000])
    >>> extent(SimpleNamespace(path="a.mp4", start=0.1, end=None, num_frames=None), info)
    (3, 8)
    """
    first, last = 0, info.num_frames
    if entry.num_frames is not None:
        first, last = entry.first_frame, min(last, entry.first_frame + entry.num_frames)
        if first >= last:
            raise VideoError(entry.path, f"wanted its frames from {first} on, but it has {info.num_frames}")
    if entry.start is not None:
        first = max(first, int(np.searchsorted(info.times_us, round(entry.start * 1e6))))
    if entry.end is not None:
        last = min(last, int(np.searchsorted(info.times_us, round(entry.end * 1e6))))
    if first < last:
        return first, last
    raise VideoError(entry.path, f"wanted the part from {_seconds(entry.start, 'the beginning')} to "
                                 f"{_seconds(entry.end, 'the end')}, but the video has {info.num_frames} frames and "
                                 f"lasts {info.duration_seconds:.2f} s; correct start and end")


def _seconds(value, otherwise):
    return otherwise if value is None else f"{value:g} s"
