"""Which frames make a clip: arithmetic on whole numbers, no pixels and no files.

Ranges are half-open. Frames are counted from 0 over those that decode. `info` is a `VideoInfo`, or anything with its
`path`, `num_frames`, `fps`, `times_us` and `steady`; `clip` is a `ClipSpec`. Functions that take both also take `first`
and `last`, the half-open range of the video's frames to choose from, for clips cut out of longer videos.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from pipelines.sample import parted
from pipelines.sample.seeds import fold_in
from pipelines.video.info import VideoError

POLICIES = ("repeat_last", "loop", "error")


def check_policy(policy):
    """Raises ValueError for a name that stands for no way to fill a clip that runs past the end of its video."""
    if policy not in POLICIES:
        raise ValueError(f"`policy` must be one of {', '.join(map(repr, POLICIES))}. Received: {policy!r}.")


def clip_span(num_frames: int, stride: int) -> int:
    """Frames from the first to the last of a clip, both counted: (4, 2) -> x.x.x.x -> 7.

    A clip is `num_frames` frames, each `stride` source frames after the one before.

    >>> clip_span(4, 2)
    7
    """
    return (num_frames - 1) * stride + 1


def clip_indices(start: int, num_frames: int, stride: int, total: int, policy: str = "repeat_last") -> list[int]:
    """`num_frames` indices from `start` on, `stride` apart, brought inside a video of `total` frames.

    Args:
        start: int, from 0 to `total - 1`.
        num_frames: int.
        stride: int.
        total: int. Frames there are.
        policy: what stands for frames past the end: "repeat_last" the last frame, "loop" those from the beginning,
            "error" nothing.

    Raises:
        ValueError: if the clip runs past the end and `policy` is "error".

    >>> clip_indices(0, 4, 2, total=5), clip_indices(0, 4, 2, total=5, policy="loop")
    ([0, 2, 4, 4], [0, 2, 4, 1])
    """
    check_policy(policy)
    if total < 1 or not 0 <= start < total:
        raise ValueError(f"A clip starts inside its video, from 0 to {total - 1}. Received: start={start}.")
    indices = range(start, start + num_frames * stride, stride)
    if policy == "error" and indices[-1] >= total:
        raise ValueError(f"wanted frames {start}..{indices[-1]} step {stride}, but there are only {total}; use a "
                         f"shorter clip or a smaller stride, or pass policy='repeat_last'")
    return [index % total if policy == "loop" else min(index, total - 1) for index in indices]


def even_starts(free, count):
    """`count` starts from 0 to `free`, both included, evenly apart (halves up); the middle one for a single start.

    >>> even_starts(10, 1), even_starts(10, 4)
    ([5], [0, 3, 7, 10])
    """
    if count == 1:
        return [free // 2]
    return [(2 * free * i + count - 1) // (2 * (count - 1)) for i in range(count)]


def segment_indices(total: int, segments: int, number: int | None = None) -> list[int]:
    """One frame of each of `segments` equal parts of a video: the middle one, or one that `number` decides.

    `total` is the video's frames. Parts of less than a frame repeat frames.

    Reference: Wang et al., 2016 (arXiv 1608.00859).

    >>> segment_indices(12, 3), segment_indices(2, 4)
    ([2, 6, 10], [0, 0, 1, 1])
    """
    if number is None:
        return parted.at(total, segments, 0.5).tolist()
    return parted.drawn(total, segments, number).tolist()


def rate(fps):
    """`fps` as a fraction, so that 29.97002997 is 30000/1001.

    >>> rate(29.97002997), rate(25.0)
    (Fraction(30000, 1001), Fraction(25, 1))
    """
    exact = Fraction(fps)
    return exact.limit_denominator(max(1001, math.ceil(1001 / exact)))  # a picture an hour is a rate, too


def resampled(num_frames: int, fps: float, target_fps: float) -> list[int]:
    """Frames of a video of constant rate nearest to the ticks of another: `resampled(4, 30, 15)` is [0, 2].

    `num_frames` at `fps` a second are there; `target_fps` a second are wanted.

    >>> resampled(5, 30, 15), resampled(3, 25, 50)
    ([0, 2, 4], [0, 1, 1, 2, 2])
    """
    step = rate(fps) / rate(target_fps)
    count = -(-num_frames * step.denominator // step.numerator)
    middle = step.denominator
    nearest = ((2 * k * step.numerator + middle) // (2 * step.denominator) for k in range(count))
    return [index for index in nearest if index < num_frames]


def resampled_times(times_us: Sequence[int], target_fps: float) -> list[int]:
    """Frames of a video of variable rate nearest to the ticks of a constant one, which begin at its first frame.

    Args:
        times_us: increasing ints. When each frame is shown, in microseconds.
        target_fps: float.

    >>> resampled_times([0, 40_000, 160_000, 200_000], 25)      # the second frame stays for three ticks
    [0, 1, 1, 2, 2, 3]
    """
    times = np.asarray(times_us, np.int64) - times_us[0]
    ticks = rate(target_fps)
    count = int(times[-1]) * ticks.numerator // (10**6 * ticks.denominator) + 1
    wanted = np.arange(count, dtype=np.int64) * (10**6 * ticks.denominator) // ticks.numerator
    return np.searchsorted((times[1:] + times[:-1]) // 2, wanted, side="right").tolist()


def stream(info, clip, first=0, last=None):
    """Frame numbers of a video at the clip's rate: all of them, or those nearest to the ticks of `clip.fps`.

    >>> from types import SimpleNamespace
    >>> info = SimpleNamespace(path="a.mp4", num_frames=8, fps=30.0, steady=True)
    >>> from res3d.geometry import ClipSpec
    >>> list(stream(info, ClipSpec())), stream(info, ClipSpec(fps=10), first=2)
    ([0, 1, 2, 3, 4, 5, 6, 7], [2, 5])
    """
    last = info.num_frames if last is None else min(last, info.num_frames)
    if not 0 <= first < last:
        raise VideoError(info.path, f"wanted its frames from {first} up to {last}, but it has {info.num_frames}")
    if clip.fps is None:
        return range(first, last)
    if info.steady:
        return [first + index for index in resampled(last - first, info.fps, clip.fps)]
    return [first + index for index in resampled_times(info.times_us[first:last], clip.fps)]


def fits(info, clip, first=0, last=None):
    """Whether a clip lies inside the video without repeating a frame past its end."""
    return len(stream(info, clip, first, last)) >= clip.span


def clips_at(info, clip, starts, first=0, last=None, policy="repeat_last"):
    """Clips that begin where `starts(free)` says, `free` being the last start at which a clip still fits, or 0.

    Returns:
        a list of clips, each a list of `clip.frames` frame numbers.

    Raises:
        VideoError: if the video is shorter than a clip and `policy` is "error".
    """
    frames = stream(info, clip, first, last)
    total = len(frames)
    try:
        return [[frames[index] for index in clip_indices(start, clip.frames, clip.stride, total, policy)]
                for start in starts(max(total - clip.span, 0))]
    except ValueError as error:
        raise VideoError(info.path, str(error)) from None


def random_clip(info, clip, number, first=0, last=None, policy="repeat_last", temporal_crop=0.0):
    """The clip that `number`, an int from 0 on, decides: all starts, or frames of a part, are as likely if numbers are.

    `temporal_crop` is as in `pipelines.sample.parted.drawn`.
    """
    if clip.in_segments:
        frames = _parted(info, clip, first, last, policy)
        return [frames[index] for index in parted.drawn(len(frames), clip.frames, number, temporal_crop).tolist()]
    return clips_at(info, clip, lambda free: [number % (free + 1)], first, last, policy)[0]


def drawn_stride(number, strides):
    """A step between frames from the least to the greatest of `strides`, which `number`, an int or ints, decides.

    >>> [int(drawn_stride(number, (2, 4))) for number in range(6)]
    [2, 4, 4, 2, 3, 3]
    """
    low, high = strides
    return low + (fold_in(number, 0x57D) % np.uint64(high - low + 1)).astype(np.int64)


def strided(clip, number, strides):
    """`clip` with the step that `drawn_stride` draws; as it is where there are no `strides`."""
    return clip if strides is None else clip.replace(stride=int(drawn_stride(number, strides)))


def centre_clip(info, clip, first=0, last=None, policy="repeat_last"):
    """The clip in the middle of the video, or the frame in the middle of each of its parts."""
    return uniform_clips(info, clip, 1, first, last, policy)[0]


def uniform_clips(info, clip, count, first=0, last=None, policy="repeat_last"):
    """`count` clips evenly apart, from the first possible to the last possible, or evenly shifted within the parts."""
    if clip.in_segments:
        frames = _parted(info, clip, first, last, policy)
        return [[frames[index] for index in view] for view in parted.views(len(frames), clip.frames, count).tolist()]
    return clips_at(info, clip, lambda free: even_starts(free, count), first, last, policy)


def _parted(info, clip, first, last, policy):
    """The frames that are cut into parts; a VideoError for fewer than parts if `policy` is "error"."""
    check_policy(policy)
    frames = stream(info, clip, first, last)
    if policy == "error" and len(frames) < clip.frames:
        raise VideoError(info.path, f"wanted one frame of each of {clip.frames} parts, but there are only "
                                    f"{len(frames)} frames; use a clip of fewer, or pass policy='repeat_last'")
    return frames


def dense_clips(info, clip, step=1, first=0, last=None, policy="repeat_last"):
    """A clip every `step` frames, from the first possible to the last possible; `clip` is dense."""
    return clips_at(info, clip, lambda free: range(0, free + 1, step), first, last, policy)
