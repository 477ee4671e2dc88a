"""Frames to video files: generated data and annotated output."""

import contextlib
import os

import numpy as np

from pipelines.video import clip_array, opencv
from res3d.atomic import renamed

CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".avi": "MJPG", ".mkv": "MJPG"}


def write_video(path, frames, fps=25.0, codec=None):
    """Writes uint8 RGB frames to a video file, aside and renamed; returns how many.

    Args:
        path: where to. The extension chooses the container, and the codec unless that is given: .mp4 and .mov take
            "mp4v", .avi and .mkv "MJPG".
        frames: iterable of uint8 (height, width, 3), all of one size; consumed as it is written.
        fps: float.
        codec: None or four letters. "FFV1" in .mkv or .avi loses nothing.

    Raises:
        ValueError: for frames that are not such pictures, or none; for a container or codec OpenCV cannot write.
    """
    path = os.fspath(path)
    extension = os.path.splitext(path)[1].lower()
    if codec is None:
        codec = clip_array.one_of("extension", extension, CODECS)
    path.encode()  # OpenCV crashes on names that are no text
    write = shape = None
    count = 0
    with renamed(path, extension) as aside, contextlib.ExitStack() as opened:
        for count, frame in enumerate(frames, 1):
            frame = np.ascontiguousarray(frame)
            shape = shape or frame.shape
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != shape:
                raise ValueError(f"A video takes uint8 frames (height, width, 3), all of one size. Received: "
                                 f"{frame.dtype} {frame.shape} as frame {count - 1}, after {shape}.")
            if write is None:
                write, close = _opened(path, aside, codec, fps, shape)
                opened.callback(close)
            write(frame)
        if not count:
            raise ValueError(f"A video takes at least one frame. Received none for '{path}'.")
    return count


def _opened(path, aside, codec, fps, shape):
    functions = opencv.open_writer(aside, codec, fps, *shape[:2]) if len(codec) == 4 else None
    if functions is None:
        raise ValueError(f"This OpenCV cannot write '{path}' with codec '{codec}' at {fps} fps, {shape[1]}x{shape[0]}. "
                         f"Take an existing folder, and .mp4 with 'mp4v' or .avi with 'MJPG'.")
    return functions
