"""Folders of extracted frames, read as videos are: probed, then asked for clips by frame number.

The frames of a folder are its image files in the order of their names, numbers by value: `img_2.jpg` before
`img_10.jpg`. A folder with frames of several series is refused: nothing tells which of them the video is.
"""

import collections
import os
import re

import numpy as np

from pipelines.storage import addresses, folders
from pipelines.video import clip_array, sources
from pipelines.video.info import UnreachableError, VideoError, VideoInfo
from pipelines.video.opencv import decode_image, resize_image

BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"RIFF", b"BM")  # of files with `folders.FRAME_SUFFIXES`
NOMINAL_FPS = 30.0  # images carry no times; most published sets were extracted at 30, or at the video's own rate


def frame_paths(folder):
    """The image files of a folder, in order; VideoError if there is none, or no folder."""
    try:
        names = list(filter(folders.is_frame, folders.listing(folder)[1]))
    except OSError as error:
        raise VideoError(folder, "expected a folder of frames, but it cannot be listed "
                                 f"({error.strerror or error})") from None
    if not names:
        raise VideoError(folder, f"expected images ({', '.join(folders.FRAME_SUFFIXES)}) in this folder, found none")
    _check_one_series(folder, names)
    return [addresses.join(folder, name) for name in sorted(names, key=_natural)]


def _check_one_series(folder, names):
    """VideoError for names that are not numbered in one way, such as img_1.jpg beside flow_x_1.jpg or cover.jpg.

    Names of which nearly every one is built in its own way, as those of hashes are, are no series.
    """
    series = collections.Counter(map(_series, names))
    if len(series) == 1 and len({os.path.splitext(name)[0] for name in names}) < len(names):
        series = collections.Counter(_series(name) + os.path.splitext(name)[1].lower() for name in names)
    if len(series) == 1 or not any("*" in name for name in series) or len(series) > max(3, len(names) // 4):
        return
    most = sorted(series.items(), key=lambda item: (-item[1], item[0]))[:6]
    told = ", ".join(f"{name} ({count})" for name, count in most)
    raise VideoError(folder, f"its images are of {len(series)} series, where the frames of one video were expected: "
                             f"{told}; move the one that is meant into a folder of its own")


def _series(name):
    """A frame's name with its numbers as `*`: `flow_x_00012.jpg` is of `flow_x_*`."""
    return re.sub(r"\d+", "*", os.path.splitext(name)[0])


def _natural(name):
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part], name


def probe(folder, fps=NOMINAL_FPS, every=False):
    """What a folder of frames holds, as `pipelines.video.probe` tells it of a file.

    One image is decoded, or every one; of the others on a disk the first bytes are looked at, so that a folder is found
    bad at once and not only when a clip happens on the frame.
    """
    paths = frame_paths(folder)
    height, width = _of(folder, paths[0], decode_image).shape[:2]
    for path in paths[1:]:
        if every:
            _of(folder, path, decode_image)
        elif not addresses.is_remote(path):
            _of(folder, path, _check_beginning)
    times_us = np.round(np.arange(len(paths)) * 1e6 / fps).astype(np.int64)
    return VideoInfo(path=os.fspath(folder), container="frames", codec=os.path.splitext(paths[0])[1][1:].lower(),
                     width=width, height=height, num_frames=len(paths), fps=fps, times_us=times_us)


def _of(folder, path, look, *args):
    """`look(path, *args)`; what is wrong with a frame is said of its folder."""
    try:
        return look(path, *args)
    except UnreachableError:
        raise
    except VideoError as error:
        raise VideoError(folder, f"its frame '{addresses.file_name(path)}': {error.reason}") from None


def _check_beginning(path):
    with open(sources.open_regular(path), "rb", buffering=0) as file:
        head, size = file.read(12), os.fstat(file.fileno()).st_size
    if not head.startswith(BEGINNINGS):
        raise VideoError(path, f"no image can be decoded from its {size} bytes")


def read_clips(folder, clips, clip, crops=(1,), positions=3, box=None):
    """As `pipelines.video.read_clips`: uint8 (len(clips) * len(crops), *clip.shape), each image decoded once."""
    return _read(folder, clips, clip_array.clip_cuts(clip, crops, positions, box), clip.channels)


def read_frames(folder, indices, size=None, *, channels=3):
    """As `pipelines.video.read_frames`: whole pictures, uint8 (len(indices), height, width, channels)."""
    return _read(folder, [indices], clip_array.whole(size), channels)[0]


def _read(folder, lists, cuts, channels):
    lists = [list(indices) for indices in lists]
    filling = clip_array.Filling(lists, cuts, channels, resize_image, lambda part, target: np.copyto(target, part))
    paths = frame_paths(folder)
    for index in filling.wanted:
        if index >= len(paths):
            raise VideoError(folder, f"wanted frame {index}, but the folder has {len(paths)} images")
        filling.put(index, _of(folder, paths[index], decode_image, channels))
    return filling.out
