"""Where the size of the picture changes inside a video: OpenCV scales what comes later to the first size, in silence.

Key packets are handed out as they lie in the file, and their own headers read; nothing is decoded. Streams of H.264 and
HEVC, MPEG-1, 2 and 4, VP8 and VP9, motion JPEG, PNG and ProRes tell their size there. Changes of VP9 between key frames
are not seen.
"""

import os
import struct
from collections.abc import Iterable

from pipelines.video import sources
from pipelines.video.headers import h26x, mpeg, pictures
from pipelines.video.opencv import Packets

READERS = {  # by FFmpeg's FourCC
    "h264": h26x.h264_size, "hevc": h26x.hevc_size, "mpg1": mpeg.mpeg2_size, "mpg2": mpeg.mpeg2_size,
    "FMP4": mpeg.mpeg4_size, "VP80": pictures.vp8_size, "VP90": pictures.vp9_size, "MJPG": pictures.jpeg_size,
    "MPNG": pictures.png_size, **dict.fromkeys(("apch", "apcn", "apcs", "apco", "ap4h", "ap4x"), pictures.prores_size)}


def picture_size(codec: str, packet: bytes) -> tuple[int, int] | None:
    """(width, height) that a packet's own header tells; None where it tells none, or `codec` is not read."""
    read = READERS.get(codec)
    try:
        size = None if read is None else read(packet)
    except (IndexError, KeyError, struct.error):
        return None  # damaged, or cut short
    return size if size and min(size) > 0 else None


def of_pictures(paths: Iterable[str], fps: float) -> list[tuple[float, int, int]]:
    """As `picture_sizes`, of a folder's frames, those of JPEG and PNG."""
    sizes: list[tuple[float, int, int]] = []
    for number, path in enumerate(paths):
        data = sources.read(path)[1]
        size = picture_size("MPNG" if data[:4] == b"\x89PNG" else "MJPG", data)
        if size and (not sizes or size != sizes[-1][1:]):
            sizes.append((number / fps, *size))
    return sizes


def picture_sizes(source: str | os.PathLike | bytes, **options) -> list[tuple[float, int, int]]:
    """The sizes of a video's pictures, each with the time from which it holds.

    Args:
        source: path, address or the file's bytes.
        options: `timeout`, as `pipelines.probe` takes it.

    Returns:
        list of (seconds, width, height), of pictures as they are coded, before they are turned upright; [] where the
        codec's headers are not read.

    Raises:
        VideoError: if the file is no video.
    """
    sizes: list[tuple[float, int, int]] = []
    with Packets(source, **options) as packets:
        if packets.codec not in READERS:
            return []
        for seconds, packet in packets.with_keys():
            size = picture_size(packets.codec, packet)
            if size and (not sizes or size != sizes[-1][1:]):
                sizes.append((seconds, *size))
    return sizes
