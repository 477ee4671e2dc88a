"""Long and live video frame by frame, at a clip's own rate and size: the frames that offline protocols take."""

import math

import numpy as np

from pipelines.sample.clips import centre_clip, stream
from pipelines.video.live import live_frames
from pipelines.video.opencv import resize_image
from pipelines.video.reading import probe


def is_live(source):
    """Whether frames come as they are made: from the number of a camera, or the address of a stream."""
    return isinstance(source, int) or (isinstance(source, str) and "://" in source)


def network_frames(source, clip, whole=False, info=None):
    """Yields (seconds, source frame, uint8 frame as the network sees it, or None where the clip passes it over).

    Args:
        source: path of a file, number of a camera, or address of a stream.
        clip: `ClipSpec`.
        whole: bool. Only the frames of the one clip that stands for a whole file, of segments.
        info: `VideoInfo` of the file, or None to decode it once more for that.
    """
    takes = _live_takes(clip) if is_live(source) else _file_takes(info or probe(source), clip, whole)
    next(takes)
    for seconds, frame in live_frames(source):
        take = takes.send(seconds)
        if take:
            small = to_network(frame, clip)
            for _ in range(take):
                yield seconds, frame, small
        else:
            yield seconds, frame, None


def taken_frames(source, clip):
    """Yields the frames of `network_frames` that the clip takes, uint8 as the network sees them."""
    return (frame for _, _, frame in network_frames(source, clip) if frame is not None)


def to_network(frame, clip):
    """A source frame, uint8 RGB, resized and cropped at its centre as `clip` says."""
    cut = clip.cut(*frame.shape[:2])
    return to_channels(cut.cropped(frame if frame.shape[:2] == cut.size else resize_image(frame, cut.size)),
                       clip.channels)


def to_channels(picture, channels):
    """uint8 RGB as it is, or with one channel grey by OpenCV's own weights, so that a file gives the same numbers."""
    if channels == 1:
        return ((picture.astype("int32") @ np.array([9798, 19235, 3735]) + 16384) >> 15).astype("uint8")[..., None]
    return picture


def _file_takes(info, clip, whole):
    """How often each frame of a file is taken, in their order: the frames that the offline protocol takes."""
    chosen = iter(centre_clip(info, clip) if whole else stream(info, clip)[::clip.stride])
    wanted = next(chosen, None)
    index = take = 0
    while True:
        yield take
        take = 0
        while wanted == index:  # a slow video gives a frame for several ticks
            take += 1
            wanted = next(chosen, None)
        index += 1


def _live_takes(clip):
    """The same for a live source: the first frame at or after each tick, or each `stride`-th frame without `fps`."""
    index, due, take = 0, 0.0, 0
    while True:
        seconds = yield take
        take = 0
        if clip.fps is None:
            take = int(index % clip.stride == 0)
        elif seconds >= due:
            take = 1
            period = clip.stride / clip.fps
            due = (math.floor(seconds / period) + 1) * period
        index += 1
