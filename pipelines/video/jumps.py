"""Key-frame jumps, made only where they have been shown exact for the very file: decode, jump, and compare.

A seek in OpenCV counts frames by the header's frame rate and lands some way after a key frame, on a frame it does not
name. So every place is tried beforehand: the frame it lands on is known by its time, and every pixel of every frame
from there to the end is compared with a decode from the start. Only what is equal, and saves time, is kept.
"""

import dataclasses
import os
import time
import zlib

from pipelines.video import sources
from pipelines.video.info import VideoError, VideoInfo
from pipelines.video.opencv import Decoder
from pipelines.video.reading import probe

PAYS = 0.7  # of the time that decoding up to the same frame takes; a jump that costs more is not kept
MOST = 8  # jumps tried in a video: each costs a decode from there to the end
BEHIND = 17  # frames after a key frame where a seek lands at best: OpenCV aims 16 before the frame it is asked for


def with_jumps(source, info=None, timeout=300.0):
    """`info`, or what `probe` says, with `jumps` filled in by `verified_jumps`."""
    source = sources.hold(source)
    info = probe(source, timeout=timeout) if info is None else info
    return dataclasses.replace(info, jumps=verified_jumps(source, info, timeout))


def verified_jumps(source: str | os.PathLike | bytes, info: VideoInfo,
                   timeout: float = 300.0) -> tuple[tuple[int, int, int], ...]:
    """Places of a video from which decoding has been shown to give the pixels of a full decode.

    Costs a full decode, and for each of up to 8 places one from there to the end.

    Args:
        source: path, address or the file's bytes.
        info: its `VideoInfo`. Files whose times are not to be trusted have no jumps, nor have damaged ones.
        timeout: float. Seconds for each decode.

    Returns:
        tuple of (seek, frame, microseconds), by frame; empty if no place qualifies.
    """
    source = sources.hold(source)
    keys = [key for key in info.key_frames if 0 < key < info.num_frames - BEHIND]
    if not keys or not info.times_trusted or info.damaged or not info.claimed_fps:
        return ()
    apart = max(2 * BEHIND, info.num_frames // MOST)
    chosen: list[int] = []
    for key in keys:
        if key - (chosen[-1] if chosen else 0) >= apart:
            chosen.append(key)
    if not chosen:
        return ()
    try:
        with Decoder(source, timeout=timeout) as video:
            truth, seconds = _fingerprints(video, chosen[0] + 1)
        found = {}
        for key in chosen:
            seek = round(info.times_us[key] * info.claimed_fps / 1e6) + BEHIND
            frame, time_us, cost = _landing(source, seek, truth, timeout)
            if frame is not None and cost < PAYS * seconds * frame / info.num_frames:
                found[frame] = seek, frame, time_us
    except VideoError:
        return ()
    return tuple(found[frame] for frame in sorted(found))


def _landing(source, seek, truth, timeout):
    """(frame, microseconds, seconds it took) of where a seek lands; None for all if anything from there on differs."""
    with Decoder(source, timeout=timeout) as video:
        began = time.thread_time()
        video.jump(seek, 0, None)
        cost, time_us = time.thread_time() - began, round(video.time_ms * 1000)
        frame = next((frame for frame, (known_us, _) in truth.items() if known_us == time_us), None)
        if frame is not None:
            video.index = frame
            seen, _ = _fingerprints(video, frame, grabbed=True)
            if seen == {number: known for number, known in truth.items() if number >= frame}:
                return frame, time_us, cost
    return None, None, None


def _fingerprints(video, first, grabbed=False):
    """({frame: (microseconds, checksum of its pixels)} from frame `first` to the end, seconds spent decoding)."""
    found, picture, seconds = {}, None, 0.0
    while True:
        began = time.thread_time()
        more = grabbed or video.grab()
        seconds += time.thread_time() - began
        if not more:
            return found, seconds
        grabbed = False
        if video.index >= first:
            picture = video.retrieve(picture)
            found[video.index] = round(video.time_ms * 1000), zlib.crc32(picture)
