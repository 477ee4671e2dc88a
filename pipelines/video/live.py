"""Frames as they come: from a camera, a network stream or a file, for prediction that follows a scene."""

import contextlib
import os
import time
from collections.abc import Iterator

import numpy as np

from pipelines.video.formats import streams_allowed
from pipelines.video.opencv import Decoder, resize_image, to_rgb


class _Live(Decoder):
    """A camera or a network stream: no file to look at first, and no time by which it must end."""

    _allowed = staticmethod(streams_allowed)

    @staticmethod
    @contextlib.contextmanager
    def _located(source):
        yield f"camera {source}" if isinstance(source, int) else source, 0, "live", source


def live_frames(source: str | os.PathLike | bytes | int, size: tuple[int, int] | None = None,
                timeout: float = 30.0) -> Iterator[tuple[float, np.ndarray]]:
    """Yields (seconds, uint8 (height, width, 3) RGB) until the source ends.

    `seconds` counts from the first frame: by a file's own clock, or by the wall's for a camera or a stream.

    Args:
        source: int for a camera, text with "://" for a stream, otherwise a path or a file's bytes.
        size: None, or (height, width) to scale to.
        timeout: float. Seconds to wait for a stream to open, and for each of its frames.

    Raises:
        VideoError: if the source does not open, or gives no frame.
    """
    live = isinstance(source, int) or (isinstance(source, str) and "://" in source)
    with _Live(source, 1, timeout) if live else Decoder(source, 1) as video:
        video.deadline = float("inf")
        start = last = None
        while video.grab():
            now = time.monotonic() if live else video.time_ms / 1e3
            start = now if start is None else start
            last = max(now - start, last or 0.0)
            frame = video.retrieve()
            yield last, to_rgb(frame if size is None else resize_image(frame, size))
        if video.index < 0:
            raise video.no_frames()
