"""A video in small: gray pictures a few times a second, black bars cut off, by which it is found again."""

import dataclasses

import numpy as np

from pipelines.video import frame_folder, reading
from pipelines.video.opencv import resize_image

RATE = 4.0  # pictures a second
MOST = 7200  # pictures of a video, half an hour of them; in a longer one they are farther apart
HEIGHT, WIDTH = 32, 36  # of a picture: four pixels for each of the 8 x 9 that a hash compares
FINE = 3  # pixels read for one of them, so that bars are found to a part in 96
DARK = 24  # gray levels that a bar has at the most, the noise of its encoding included


@dataclasses.dataclass(frozen=True)
class Signature:
    """What a video, or a part of one, looks like.

    Attributes:
        times: (n,) float32 seconds from the beginning of the video, increasing.
        pictures: (n, HEIGHT, WIDTH) uint8 gray.
    """

    times: np.ndarray
    pictures: np.ndarray

    @property
    def background(self) -> np.ndarray:
        """What stays: the median over time, (HEIGHT, WIDTH) float32."""
        return np.median(self.pictures, axis=0).astype("float32")


def look_at(source, info, first=0, last=None, is_folder=False):
    """The `Signature` of a video.

    Args:
        source: path, address or bytes of a video, or a folder of frames where `is_folder`.
        info: its `VideoInfo`.
        first, last: ints. The half-open range of frames to look at.

    Raises:
        VideoError: if it cannot be read.
    """
    last = info.num_frames if last is None else last
    times = np.asarray(info.times_us[first:last], "float64") / 1e6
    chosen = first + ticks(times)
    size = HEIGHT * FINE, WIDTH * FINE
    if is_folder:
        frames = frame_folder.read_frames(source, chosen, size, channels=1)
    else:
        frames = reading.read_frames(source, chosen, size, channels=1, interpolation="area", info=info)
    return Signature(times[chosen - first].astype("float32"), small(frames[..., 0]))


def ticks(times):
    """Places of the frames nearest to RATE ticks a second, each once; fewer a second where they would be over MOST.

    >>> ticks(np.arange(9) / 8).tolist()
    [0, 2, 4, 6, 8]
    """
    span = times[-1] - times[0]
    rate = min(RATE, (MOST - 1) / span) if span > 0 else RATE
    wanted = times[0] + np.arange(int(span * rate + 1e-6) + 1) / rate
    return np.unique(np.searchsorted((times[1:] + times[:-1]) / 2, wanted, side="right"))


def small(frames):
    """Frames (n, height, width) uint8 without the bars that all of them have, scaled to HEIGHT x WIDTH.

    >>> small(np.full((2, 96, 108), 200, "uint8")).shape
    (2, 32, 36)
    """
    top, bottom, left, right = unbarred(frames.max(axis=0))
    return np.stack([resize_image(np.ascontiguousarray(frame[top:bottom, left:right, None]), (HEIGHT, WIDTH), "area")
                     .reshape(HEIGHT, WIDTH) for frame in frames])


def unbarred(brightest):
    """(top, bottom, left, right) of what is not a black bar at an edge; all of a picture that is dark throughout.

    Args:
        brightest: (height, width), the brightest that each pixel ever is.
    """
    lit = brightest > DARK
    rows, columns = (np.flatnonzero(lit.mean(axis=axis) > 0.02) for axis in (1, 0))
    height, width = brightest.shape
    if not len(rows) or not len(columns) or len(rows) < height / 3 or len(columns) < width / 3:
        return 0, height, 0, width
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
