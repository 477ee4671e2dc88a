"""Frames out of video files, exactly those asked for.

What headers say of frame counts, rates and times is not believed: frame n is the n-th picture that decodes, and a video
ends where decoding first fails. Frames between two wanted ones are decoded but not converted; each wanted one is scaled
as it comes, so that a clip costs the memory of its own pixels, whatever the length and size of the video.

    info = probe("a.mp4")                                        # decodes once
    frames = read_frames("a.mp4", [0, 2, 4, 6])                  # uint8 (4, height, width, 3), RGB
    clip = read_clip("a.mp4", range(0, 32, 2), ClipSpec())       # uint8 (16, 112, 112, 3)

Scaling is bilinear without smoothing, as in the published evaluation protocols, unless asked otherwise. Pixels count as
square, whatever the header says of them.
"""

import os
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pipelines.video import walk
from pipelines.video.clip_array import Filling, clip_cuts, one_of, whole
from pipelines.video.info import VideoError, VideoInfo, fourcc_text, frame_clock
from pipelines.video.opencv import TIMEOUT_SECONDS, Decoder, converter, scaler
from res3d.geometry import ClipSpec

COVER_FPS = 90_000.0  # which FFmpeg gives the stream that it makes of a picture attached to sound


def probe(source: str | os.PathLike | bytes, *, threads: int = 1, timeout: float = TIMEOUT_SECONDS,
          within: Callable[[int, int, int], None] | None = None) -> VideoInfo:
    """Decodes a video once, converting its first picture only, and tells what is really in it.

    Args:
        source: path, address or the file's bytes.
        threads: int. Decoding threads; 0 takes every core, right when nothing else decodes.
        timeout: float. Seconds without another frame after which the video is given up.
        within: function of (frames decoded so far, height, width), called after each; what it raises ends the decoding.

    Returns:
        A `VideoInfo`.

    Raises:
        VideoError: if no frame decodes, or not in time.

    >>> from pipelines import synthetic
    >>> video = synthetic.write("videos", 1, 1).entries[0].path
    >>> info = probe(video)
    >>> info.num_frames == info.claimed_frames, info.damaged
    (True, False)
    """
    with Decoder(source, threads, timeout) as video:
        if not video.grab():
            raise video.no_frames()
        height, width = video.retrieve().shape[:2]
        times_ms, intra = [], []
        more = True
        while more:
            if within is not None:
                within(video.index + 1, height, width)
            times_ms.append(video.time_ms)
            if video.intra:
                intra.append(video.index)
            more = video.grab()
        num_frames = video.index + 1
        damaged = any(video.grab() for _ in range(8))
        claimed_frames, rotation, fourcc = video.claims()
        claimed_fps = video.claimed_fps
    if num_frames == 1 and claimed_fps == COVER_FPS:
        raise VideoError(video.name, "it is sound with a cover picture, and holds no video")
    times_us, fps, steady, trusted = frame_clock(times_ms, claimed_fps)
    return VideoInfo(
        path=video.name, container=video.container, codec=fourcc_text(fourcc), width=width, height=height,
        num_frames=num_frames, fps=fps, times_us=times_us, rotation=int(rotation) % 360 if abs(rotation) < 1e6 else 0,
        steady=steady, times_trusted=trusted, damaged=damaged, size_bytes=video.size, claimed_fps=claimed_fps,
        claimed_frames=int(claimed_frames) if np.isfinite(claimed_frames) else None, key_frames=tuple(intra) or (0,))


def read_frames(source: str | os.PathLike | bytes, indices: Iterable[int],
                size: tuple[int, int] | Callable | None = None, *, channels: int = 3, interpolation: str = "bilinear",
                policy: str = "error", threads: int = 1, timeout: float = TIMEOUT_SECONDS,
                info: VideoInfo | None = None) -> np.ndarray:
    """Exactly the frames asked for, in the order asked for, repeats included.

    Args:
        source: path, address or the file's bytes.
        indices: ints, counted from 0 over the frames that decode.
        size: None keeps the picture's own size; (height, width) scales to it; a function of (height, width) returns it.
        channels: 3 for RGB, 1 for grey.
        interpolation: "bilinear", "area" or "bicubic".
        policy: "error", or "repeat_last" to take the last frame for those past the end.
        threads: int. Decoding threads; 0 takes every core.
        timeout: float. Seconds without another frame after which the video is given up.
        info: `VideoInfo` of this very source, or None. Its `jumps`, if it has some, are made where they save time.

    Returns:
        uint8 array `(len(indices), height, width, channels)`.

    Raises:
        VideoError: if the file is no video, or decodes fewer frames than asked for.

    >>> from pipelines import synthetic
    >>> video = synthetic.write("videos", 1, 1).entries[0].path
    >>> read_frames(video, [7, 3, 3], size=(32, 48)).shape
    (3, 32, 48, 3)
    """
    lists = [list(indices)]
    return _read(source, lists, whole(size), channels, interpolation, policy, threads, timeout, info)[0]


def read_clip(source: str | os.PathLike | bytes, indices: Iterable[int], clip: ClipSpec, position: int = 1,
              positions: int = 3, box: tuple | None = None, **options) -> np.ndarray:
    """One clip as a `ClipSpec` describes it: frames chosen, scaled, cropped; uint8 `clip.shape`, RGB.

    `indices` are frame numbers, as many as `clip` has frames; `position` is which of `positions` crops along the longer
    side to take, 1 of 3 being the centre. `source`, `box` and the other arguments, and what is raised, are those of
    `read_clips`.
    """
    return read_clips(source, [indices], clip, [position], positions, box, **options)[0]


def read_clips(source: str | os.PathLike | bytes, clips: Sequence, clip: ClipSpec, crops: Sequence = (1,),
               positions: int = 3, box: tuple | None = None, *, interpolation: str = "bilinear", policy: str = "error",
               threads: int = 1, timeout: float = TIMEOUT_SECONDS, info: VideoInfo | None = None) -> np.ndarray:
    """Many clips of one video in one pass: every frame is decoded once, however many clips share it.

    Args:
        source: path, address or the file's bytes.
        clips: lists of `clip.frames` ints, in any order, overlapping or not.
        clip: ClipSpec.
        crops: the crops taken of every clip, each a position along the longer side (0, 1, 2 for all three) or a (row,
            column, mirrored), as in `ClipSpec.cut`.
        positions: int. How many positions there are.
        box: None, or (top, left, height, width) in pixels of the source picture, scaled to the clip's size in place of
            crops; or a function of (height, width) returning it.
        interpolation, policy, threads, timeout, info: as in `read_frames`.

    Returns:
        uint8 array `(len(clips) * len(crops), *clip.shape)`; the crops of a clip follow one another.

    Raises:
        VideoError: if the video cannot be read or lacks a frame.
        ValueError: for no clips, a clip of another length than `clip` says, or a crop or box outside the picture.
    """
    clips = [list(indices) for indices in clips]
    if not clips:
        raise ValueError("Expected at least one list of frame numbers as `clips`. Received none.")
    for indices in clips:
        if len(indices) != clip.frames:
            raise ValueError(f"A clip takes {clip.frames} frame numbers. Received: {len(indices)}: {indices}.")
    cuts = clip_cuts(clip, crops, positions, box)
    return _read(source, clips, cuts, clip.channels, interpolation, policy, threads, timeout, info)


def _read(source, lists, cuts, channels, interpolation, policy, threads, timeout, info):
    """uint8 (lists x crops, frames, height, width, channels), cut as `cuts(height, width)` says."""
    resize, convert = scaler(interpolation), converter(channels)
    one_of("policy", policy, dict.fromkeys(("error", "repeat_last")))
    filling = Filling(lists, cuts, channels, resize, convert)
    with Decoder(source, threads, timeout) as video:
        try:
            for wanted, frame in walk.pictures(video, filling.wanted, info):
                filling.put(wanted, frame)
        except walk.MovedError:
            return _read(source, lists, cuts, channels, interpolation, policy, threads, timeout, None)
        decoded = video.index + 1
        if decoded == 0:
            raise video.no_frames()
    if filling.users and decoded <= filling.wanted[-1]:
        if policy == "repeat_last":
            lists = [[min(index, decoded - 1) for index in indices] for indices in lists]
            return _read(source, lists, cuts, channels, interpolation, "error", threads, timeout, info)
        raise VideoError(video.name, f"wanted frames {filling.wanted[0]}..{filling.wanted[-1]}, but it decodes only "
                                     f"{decoded}; use a shorter clip or a smaller stride, or pass policy='repeat_last'")
    return filling.out
