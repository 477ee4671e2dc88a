"""Videos that explain themselves, and what is read off their clips.

In every pixel, red is ten times the number of the video and green is the number of the frame; the codec loses nothing.
"""

import numpy as np

from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=16, width=16, resize=16)
VIDEOS = 7
FRAMES = 20


def make_video(path, number, frames=FRAMES, size=(24, 32)):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, (np.full((*size, 3), (10 * number, frame, 0), np.uint8) for frame in range(frames)), 10.0, "FFV1")
    return path


def videos_of(clips):
    """The number of the video each clip of a batch is from."""
    return (np.asarray(clips)[:, 0, 0, 0, 0] // 10).tolist()


def frames_of(clips):
    """The numbers of the frames each clip of a batch has."""
    return np.asarray(clips)[:, :, 0, 0, 1].tolist()


def read(clips):
    """One iteration, as (videos, frames, labels) a batch."""
    return [(videos_of(batch), frames_of(batch), np.asarray(labels).tolist()) for batch, labels in clips]


def seen(epoch):
    return [video for videos, _, _ in epoch for video in videos]
