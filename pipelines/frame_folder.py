"""Folders of extracted frames, read as videos are: probed, then asked for clips by frame number.

The frames of a folder are its image files in the order of their names, numbers by value: `img_2.jpg` before
    `img_10.jpg`.
"""

import os
import re

import numpy as np

from pipelines import addresses, layout, places
from pipelines.containers import VideoError, VideoInfo
from pipelines.video import decode_image, resize_image

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
NOMINAL_FPS = 30.0  # images carry no times; most published sets were extracted at 30, or at the video's own rate


def frame_paths(folder):
    """The image files of a folder, in order; VideoError if there is none, or no folder."""
    try:
        names = [name for name in places.listing(folder)[1]
                 if name.lower().endswith(EXTENSIONS) and not name.startswith(".")]
    except OSError as error:
        raise VideoError(folder, "expected a folder of frames, but it cannot be listed "
                                 f"({error.strerror or error})") from None
    if not names:
        raise VideoError(folder, f"expected images ({', '.join(EXTENSIONS)}) in this folder, found none")
    return [addresses.join(folder, name) for name in sorted(names, key=_natural)]


def _natural(name):
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part], name


def probe(folder, fps=NOMINAL_FPS):
    """What a folder of frames holds, as `pipelines.video.probe` tells it of a file; one image is decoded."""
    paths = frame_paths(folder)
    height, width = decode_image(paths[0]).shape[:2]
    times_us = np.round(np.arange(len(paths)) * 1e6 / fps).astype(np.int64)
    return VideoInfo(path=os.fspath(folder), container="frames", codec=os.path.splitext(paths[0])[1][1:].lower(),
                     width=width, height=height, num_frames=len(paths), fps=fps, times_us=times_us)


def read_clips(folder, clips, clip, crops=(1,), positions=3, box=None):
    """As `pipelines.video.read_clips`: uint8 (len(clips) * len(crops), *clip.shape), each image decoded once."""
    return _read(folder, clips, layout.clip_cut(clip, crops, positions, box), clip.channels)


def read_frames(folder, indices, size=None, *, channels=3):
    """As `pipelines.video.read_frames`: whole pictures, uint8 (len(indices), height, width, channels)."""
    return _read(folder, [indices], layout.whole(size), channels)[0]


def _read(folder, lists, cut_of, channels):
    paths = frame_paths(folder)
    out = None
    for index, users in sorted(layout.slots(lists).items()):
        if index >= len(paths):
            raise VideoError(folder, f"wanted frame {index}, but the folder has {len(paths)} images")
        image = decode_image(paths[index], channels)
        cut = cut_of(*image.shape[:2])
        if out is None:
            out = np.empty((len(lists), len(cut.corners), len(lists[0]), *cut.crop, channels), np.uint8)
        if cut.box is not None:
            top, left, height, width = cut.box
            image = image[top:top + height, left:left + width]
        image = resize_image(image, cut.size)
        for crop, (top, left, mirrored) in enumerate(cut.corners):
            part = image[top:top + cut.crop[0], left:left + cut.crop[1]]
            for view, place in users:
                out[view, crop, place] = part[:, ::-1] if mirrored else part
    return out.reshape(-1, *out.shape[2:])
