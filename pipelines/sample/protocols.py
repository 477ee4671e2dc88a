"""The published evaluation protocols as rows: which clips and crops of a video are classified, and how scores combine.

They are not interchangeable: on the same network their accuracies differ by a point and more. Each reproduces its
origin's frame numbers, float rounding included, which is why some compute in float32 or float64 where exact fractions
would be simpler.

A video that is shorter than a clip is treated as the origin treats it, which `policy` names. `slowfast_10x3` holds the
last frame; `garden_10x3`, `mmaction_10x3` and `sliding_16` begin again at the first. `torchvision_5` has no window in
such a video and leaves it out. `tsn_25x10` wants 25 segments of a frame and more, and `full_video` at least as many
frames as the network was trained on: their origins repeat frames until views say nothing, so here these videos are left
out too. `centre`, which has no origin, does as training does and holds the last frame.

A network that was trained on one frame of each part of a video takes its frames in parts under every protocol: as many
clips as the protocol has, shifted evenly within the parts, under its crops and its average. `sliding_16` has one clip
of it, as its window is the video; `full_video` takes every frame and none of a part, and is refused. `tsm_2x3` and
`ssv2_1x3` are for such networks alone.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pipelines.sample import parted
from pipelines.sample.clips import centre_clip, clip_indices, stream
from pipelines.video.info import VideoError, VideoInfo
from res3d.geometry import ClipSpec

THREE = (0, 1, 2)  # left, centre and right, or top, centre and bottom: positions along the longer side
TEN = tuple((row, column, mirrored) for mirrored in (False, True)
            for row, column in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1)))  # the corners and the centre, and mirrored


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How a video is evaluated; `name` and `source` say whose protocol it is.

    `starts` is a function of (info, clip, first, last, policy) that gives the clips' frame numbers, and `in_parts` one
    of (total, parts, clips) for a clip of segments; None where the protocol is not for such clips. `clips` is how many
    a video gives, None when that depends on its length. `crops` is what `read_clips` takes: a position along the longer
    side of 3, or (row, column, mirrored) with 0 first, 1 middle, 2 last. `whole_side` widens the crop to the short side
    the frames are scaled to (train at 224, test at 256). Scores of views are `average`d as "softmax" or "logits", and
    put together (`combine`) by "mean" or "sum", which rank the same. `policy` is what stands for frames past the end,
    as in `pipelines.sample`; "error" refuses a video of fewer frames than `span`. `frames` lists the frames of a video
    at the clip's rate; `segments` is into how many parts it must come apart.
    """

    name: str
    source: str
    clips: int | None
    starts: Any
    crops: tuple = (1,)
    whole_side: bool = False
    average: str = "softmax"
    combine: str = "mean"
    policy: str = "repeat_last"
    frames: Callable = stream
    segments: int = 1
    in_parts: Any = parted.views

    @property
    def views(self) -> int | None:
        """Views a video gives, None when that depends on its length."""
        return None if self.clips is None else self.clips * len(self.crops)

    def indices(self, info: VideoInfo, clip: ClipSpec, first: int = 0, last: int | None = None) -> list[list[int]]:
        """The clips of a video: a list of lists of frame numbers.

        Args:
            info: `VideoInfo`.
            clip: `ClipSpec`. `fps` None leaves the video's own rate.
            first: int. The half-open range of frames that belong to the video's label.
            last: int or None.

        Raises:
            VideoError: if the video has no such frames, or is too short for a protocol that does not repeat any.
        """
        last = info.num_frames if last is None else min(last, info.num_frames)
        if not 0 <= first < last:
            raise VideoError(info.path, f"wanted its frames from {first} up to {last}, but it has {info.num_frames}")
        self.check(clip)
        if self.policy == "error" and not self.fits(info, clip, first, last):
            have = len(self._frames(info, clip, first, last))
            raise VideoError(info.path, f"{self._wants(clip)}, and it has {have}; use a protocol that repeats frames, "
                                        "such as centre, or a network of shorter clips")
        if not clip.in_segments:
            return self.starts(info, clip, first, last, self.policy)
        frames = stream(info, clip, first, last)
        views = self.in_parts(len(frames), clip.frames, self.clips or 1)
        return [[frames[index] for index in view] for view in views.tolist()]

    def check(self, clip: ClipSpec) -> None:
        """Raises ValueError for a clip whose frames are taken as they never are under this protocol.

        >>> protocol("tsm_2x3").check(ClipSpec(frames=8, sampling="segments"))
        """
        if clip.in_segments and self.in_parts is None:
            raise ValueError(f"Protocol {self.name} takes every frame of a video. Received: a network that takes "
                             f"{clip.timing}. Use another, such as centre.")
        if not clip.in_segments and self.starts is None:
            raise ValueError(f"Protocol {self.name} is for networks that take one frame of each of several parts of a "
                             f"video (sampling='segments'). Received: one that takes {clip.timing}. Use another, such "
                             "as centre.")

    def _frames(self, info, clip, first, last):
        return (stream if clip.in_segments else self.frames)(info, clip, first, last)

    def span(self, clip: ClipSpec) -> int:
        """Frames, at the clip's rate, of the shortest video of which no view repeats any.

        >>> protocol("centre").span(ClipSpec(frames=16, stride=2)), protocol("tsn_25x10").span(ClipSpec(frames=1))
        (31, 25)
        """
        return clip.span + self.segments - 1

    def fits(self, info: VideoInfo, clip: ClipSpec, first: int = 0, last: int | None = None) -> bool:
        """Whether a video, or the half-open range of its frames, has the `span` that its views take."""
        return len(self._frames(info, clip, first, last)) >= self.span(clip)

    def check_longest(self, clip: ClipSpec, extents: Iterable) -> None:
        """Makes sure that one of many videos is long enough: of the others, views would show nothing but repetition.

        Args:
            clip: `ClipSpec`.
            extents: (info, first, last) of each video; read up to the first that fits.

        Raises:
            ValueError: if there are videos and none fits.
        """
        most, longest, count = 0, None, 0
        for info, first, last in extents:
            have, count = len(self._frames(info, clip, first, last)), count + 1
            if have >= self.span(clip):
                return
            most, longest = (have, info.path) if have > most else (most, longest)
        if count:
            smaller = "" if clip.in_segments else " or a smaller stride"
            raise ValueError(f"Expected longer videos: {self._wants(clip)}. The longest of {count}, '{longest}', has "
                             f"{most}. Evaluate others, or train on a clip of fewer frames{smaller}.")

    def _wants(self, clip):
        rate = f" at {clip.fps:g} fps" if clip.fps is not None else ""
        return f"protocol {self.name} takes at least {self.span(clip)} frames{rate}"

    def test_clip(self, clip: ClipSpec, num_frames: int | None = None) -> ClipSpec:
        """`clip` as this protocol crops it; with `num_frames`, of that length (`full_video`). Raises as `check`."""
        self.check(clip)
        if self.whole_side and isinstance(clip.resize, int):
            clip = clip.replace(height=clip.resize, width=clip.resize, resize=clip.resize)
        return clip if num_frames is None else clip.replace(frames=num_frames)


def _ratio(info, clip):
    """Source frames for one of the clip's rate."""
    return 1.0 if clip.fps is None else info.fps / clip.fps


def _linspace_float32(start, stop, count):
    """`torch.linspace` of float32: counted up in the first half and down in the second."""
    start, stop = np.float32(start), np.float32(stop)
    if count == 1:
        return np.array([start])
    step = (stop - start) / np.float32(count - 1)
    steps = np.arange(count, dtype=np.float32)
    return np.where(steps < count // 2, start + step * steps, stop - step * (count - 1 - steps))


def _slowfast(info, clip, first, last, policy):
    """start_i = (N - L) * i / 10 in float, T frames from it by linspace, cut off to whole numbers and clamped."""
    total = last - first
    length = clip.stride * clip.frames * _ratio(info, clip)
    clips = []
    for i in range(10):
        start = max(total - length, 0) * i / 10
        frames = _linspace_float32(start, start + length - 1, clip.frames)
        clips.append((first + np.clip(frames, 0, total - 1).astype(np.int64)).tolist())
    return clips


def _garden(info, clip, first, last, policy):
    """Starts by linspace from 0 to N - T * stride, both included, in float32; a short video is tiled."""
    frames = stream(info, clip, first, last)
    free = max(len(frames) - clip.frames * clip.stride, 0)
    step = np.float32(free) / np.float32(9)
    starts = [0, *(int(step * np.float32(i)) for i in range(1, 9)), free]
    return [[frames[(start + k * clip.stride) % len(frames)] for k in range(clip.frames)] for start in starts]


def _mmaction(info, clip, first, last, policy):
    """Starts round(i * (N - span) / 9), halves to even; with a target rate, floor((N - L) / 9) * i."""
    total = last - first
    if clip.fps is None:
        starts = np.round(np.arange(10) * (max(total - clip.span, 0) / 9.0))
        steps = np.arange(clip.frames) * clip.stride
    else:
        length = max(1.0, clip.frames * clip.stride * _ratio(info, clip))
        starts = np.arange(10) * np.floor(max(total - length, 0) / 9.0)
        steps = np.linspace(0, length - 1, clip.frames).astype(np.int32)
    return (first + (starts[:, None] + steps).astype(np.int64) % total).tolist()


def _torchvision_frames(info, clip, first=0, last=None):
    """The resampled video: multiples of the ratio of the rates, in float32, cut off to whole numbers."""
    total = (info.num_frames if last is None else last) - first
    step = _ratio(info, clip)
    if step.is_integer():
        return first + np.arange(0, total, int(step))
    frames = np.floor(np.arange(int(total / step), dtype=np.float32) * np.float32(step)).astype(np.int64)
    return first + frames[frames < total]


def _torchvision(info, clip, first, last, policy):
    """Windows one frame apart in the resampled video, of which five, by linspace, first and last included."""
    frames = _torchvision_frames(info, clip, first, last)
    starts = np.floor(_linspace_float32(0, len(frames) - clip.span, 5)).astype(np.int64)
    return [frames[clip_indices(int(start), clip.frames, clip.stride, len(frames), policy)].tolist()
            for start in starts]


def _sliding(info, clip, first, last, policy):
    """Windows that follow one another without overlap; the last is filled by repeating its own frames."""
    frames = stream(info, clip, first, last)[::clip.stride]
    return [[frames[start + k % (min(start + clip.frames, len(frames)) - start)] for k in range(clip.frames)]
            for start in range(0, len(frames), clip.frames)]


def _tsn(info, clip, first, last, policy):
    """The middle of each of 25 equal segments, in float64; the first frame, each time, of a video of just 25."""
    total = last - first
    span = clip.frames * clip.stride
    tick = (total - span + 1) / 25.0
    starts = [int(tick / 2.0 + tick * i) for i in range(25)] if total > 25 + span - 1 else [0] * 25
    return [[first + index for index in clip_indices(start, clip.frames, clip.stride, total, policy)]
            for start in starts]


def _full(info, clip, first, last, policy):
    """Every frame at the clip's rate and stride, as one clip."""
    return [list(stream(info, clip, first, last)[::clip.stride])]


def _centre(info, clip, first, last, policy):
    """The clip in the middle."""
    return [centre_clip(info, clip, first, last, policy)]


def _twice(total, parts, clips):
    """The middle frame of each part, and its first: TSM's, and mmaction2's, `twice_sample`."""
    return np.stack([parted.at(total, parts, 0.5), parted.at(total, parts, 0.0)])


def _something(total, parts, clips):
    """Parts of all frames but the last, from rounded edge to rounded edge, both of them frames of the part."""
    edges = np.round(np.arange(parts + 1) * (float(total - 1) / parts)).astype(np.int64)
    return ((edges[:-1] + edges[1:]) // 2)[np.newaxis]


PROTOCOLS = {row.name: row for row in (
    Protocol("centre", "one clip, one crop: quick, for validation while training", 1, _centre),
    Protocol("slowfast_10x3", "PySlowFast, arXiv 1812.03982", 10, _slowfast, THREE, whole_side=True, combine="sum"),
    Protocol("garden_10x3", "TensorFlow Model Garden through dmvr", 10, _garden, THREE, whole_side=True, policy="loop"),
    Protocol("mmaction_10x3", "mmaction2 SampleFrames, ThreeCrop", 10, _mmaction, THREE, whole_side=True,
             policy="loop"),
    Protocol("torchvision_5", "torchvision references/video_classification", 5, _torchvision, combine="sum",
             policy="error", frames=_torchvision_frames),
    Protocol("sliding_16", "kenshohara/3D-ResNets-PyTorch", None, _sliding, policy="loop"),
    Protocol("tsn_25x10", "TSN, arXiv 1608.00859; GluonCV's 2D networks", 25, _tsn, TEN, average="logits",
             policy="error", segments=25),
    Protocol("full_video", "I3D, arXiv 1705.07750: the whole video in one pass", 1, _full, policy="error",
             in_parts=None),
    Protocol("tsm_2x3", "TSM, arXiv 1811.08383, and mmaction2: twice_sample, ThreeCrop", 2, None, THREE,
             whole_side=True, in_parts=_twice),
    Protocol("ssv2_1x3", "PySlowFast on Something-Something", 1, None, THREE, whole_side=True, combine="sum",
             in_parts=_something),
)}


def protocol(name: str) -> Protocol:
    """The evaluation protocol called `name`; `PROTOCOLS` lists them. Another name is a ValueError.

    >>> row = protocol("slowfast_10x3")
    >>> row.views, row.average, row.combine
    (30, 'softmax', 'sum')
    """
    if name not in PROTOCOLS:
        raise ValueError(f"A protocol is one of {', '.join(PROTOCOLS)}. Received: {name!r}.")
    return PROTOCOLS[name]
