"""Key-frame jumps, made only where they have been shown exact for the very file: decode, jump, and compare.

A seek in OpenCV counts frames by the header's frame rate and lands some way after a key frame, on a frame it does not
name. So every place is tried beforehand: the frame it lands on is known by its time, and every pixel of every frame
from there to somewhat behind the next place, or to the end, is compared with a decode from the start. Only what is
equal, and saves time, is kept; readers decode no further from a jump than it has been compared.
"""

import collections
import dataclasses
import os
import time
import zlib

from pipelines.storage.addresses import shown
from pipelines.video import sources
from pipelines.video.info import VideoError, VideoInfo
from pipelines.video.opencv import Decoder
from pipelines.video.reading import probe
from pipelines.video.walk import SHOWN

PAYS = 0.7  # of the time that decoding up to the same frame takes; a jump that costs more is not kept
PLACES, APART = 8, 250  # tried in a video, or one every so many frames if those are more
LONG, PARTS = 3000, 8  # frames of a recording, and parts taken of it, from which on the trouble is repaid in one pass
FAILURES = 8  # places that turn out not to be exact, after which no more are tried
BEHIND = 17  # frames after a key frame where a seek lands at best: OpenCV aims 16 before the frame it is asked for


def with_jumps(source, info=None, timeout=300.0):
    """`info`, or what `probe` says, with `jumps` filled in by `verified_jumps`."""
    source = sources.hold(source)
    info = probe(source, timeout=timeout) if info is None else info
    return dataclasses.replace(info, jumps=verified_jumps(source, info, timeout))


def repaid(paths):
    """A function (`VideoInfo`) -> whether jumps are worth finding, where a pass reads the parts at `paths`.

    Args:
        paths: strings, one for each part, so that a recording with several is there as often.
    """
    counts = collections.Counter(map(shown, paths))
    return lambda info: is_long(info) and counts[info.path] >= PARTS


def is_long(info):
    """Whether a recording is so long that jumps are worth finding, where many parts of it are read."""
    return info.num_frames >= LONG


def verified_jumps(source: str | os.PathLike | bytes, info: VideoInfo,
                   timeout: float = 300.0) -> tuple[tuple[int, int, int], ...]:
    """Places of a video from which decoding has been shown to give the pixels of a full decode.

    Costs two full decodes, or somewhat more where many places do not qualify.

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
    apart = max(2 * BEHIND, min(info.num_frames // PLACES, APART))
    chosen: list[int] = []
    for key in keys:
        if key - (chosen[-1] if chosen else 0) >= apart:
            chosen.append(key)
    if not chosen:
        return ()
    try:
        return _shown_exact(source, info, chosen, timeout)
    except VideoError:
        return ()


def _shown_exact(source, info, keys, timeout):
    """The jumps to `keys` that qualify, from the last to the first, as each is compared to behind the one after it."""
    with Decoder(source, timeout=timeout) as video:
        truth, seconds = _fingerprints(video, keys[0] + 1)
    numbers = {time_us: frame for frame, (time_us, _) in truth.items()}
    found: list[tuple[int, int, int]] = []
    failures = 0
    for key in reversed(keys):
        seek = round(info.times_us[key] * info.claimed_fps / 1e6) + BEHIND
        with Decoder(source, timeout=timeout) as video:
            began = time.thread_time()
            video.jump(seek, 0, None)
            cost, time_us = time.thread_time() - began, round(video.time_ms * 1000)
            video.index = frame = numbers.get(time_us, info.num_frames)
            after = found[-1][1] if found else None
            exact = _same(video, truth, after and after + SHOWN)
        if exact and cost < PAYS * seconds * frame / info.num_frames and (after is None or frame < after):
            found.append((seek, frame, time_us))
        failures += not exact
        if failures == FAILURES:
            break
    return tuple(reversed(found))


def _same(video, truth, until):
    """Whether every frame from the current one is as in `truth`, to the end or to frame `until` if that comes first."""
    last, picture = next(reversed(truth)), None
    while video.index in truth:
        picture = video.retrieve(picture)
        if truth[video.index] != _fingerprint(video, picture):
            return False
        if video.index == until:
            return True
        if not video.grab():
            return video.index == last
    return False


def _fingerprints(video, first):
    """({frame: its fingerprint} from frame `first` to the end, seconds spent decoding)."""
    found, picture, seconds = {}, None, 0.0
    while True:
        began = time.thread_time()
        more = video.grab()
        seconds += time.thread_time() - began
        if not more:
            return found, seconds
        if video.index >= first:
            picture = video.retrieve(picture)
            found[video.index] = _fingerprint(video, picture)


def _fingerprint(video, picture):
    """(microseconds, checksum of its pixels) of the current frame."""
    return round(video.time_ms * 1000), zlib.crc32(picture)
