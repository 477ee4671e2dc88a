"""Batches of windows over long videos, with the targets of each step, as `tf.data`: `training_windows`."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from pipelines.annotations.spans import Spans
from pipelines.arguments import checked_workers
from pipelines.dataset.clip_dataset import ClipDataset
from pipelines.dataset.epochs import EpochPlan
from pipelines.dataset.quarantine import Quarantine
from pipelines.dataset.training import TrainingClips, picture_of
from pipelines.dataset.windows.footage import RecordFootage, VideoFootage
from pipelines.dataset.windows.mixing import window_mixup
from pipelines.dataset.windows.source import WindowOptions, WindowSource
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.spans import read_spans
from pipelines.video.frame_cache import FrameCache
from pipelines.video.jumps import is_long
from pipelines.video.probe_cache import Probes
from res3d.geometry import ClipSpec, check_clip

Path = str | os.PathLike


def training_windows(spans: Path | Spans | SpanSet, clip: ClipSpec, batch_size: int, seed: int = 0, *,
                     labels: Sequence[str] | None = None, workers: int | None = None, on_error: str = "quarantine",
                     augment: Callable | None = None, crop: str = "random", none_class: bool | None = None,
                     background: float = 0.5, density: float = 1.0, foreground_weight: float = 1.0,
                     dilation_seconds: float = 0.0, mixup: float = 0.0, drop_remainder: bool = False,
                     shard: tuple[int, int] = (0, 1), start_epoch: int = 0, start_step: int = 0,
                     quarantine_csv: Path | None = None, probe_cache: Path | None = None, jumps: bool | None = None,
                     cache: FrameCache | None = None) -> ClipDataset:
    """Batches of windows over long videos: an epoch has as many as cover each video once, at other places each time.

    Which frame is at which step is told by the times at which frames are shown, not by their number and a mean rate.
    The order is that of an epoch of `training_clips`: a function of (seed, epoch, place), the same for any number of
    workers, of which any rest can be read again.

    Args:
        spans: what `pipelines.read_spans` reads or gives, or a `SpanSet`.
        clip: `ClipSpec`: a window. `fps` must be given, and is divided by `stride` the steps a second.
        batch_size: int. Windows in a batch.
        seed, workers, on_error, augment, crop, drop_remainder, shard, start_epoch, start_step, quarantine_csv,
            probe_cache, jumps, cache: as of `training_clips`; with a `cache`, `jumps` None finds none.
        labels: label names in the order of their ids, or None for those found, sorted.
        none_class: bool or None. Whether class 0 is of nothing and each step has one class; None says so unless spans
            of different labels share time, and then each label has zeros and ones of its own.
        background: float. The share of windows without anything in them that stays; the others are taken around
            something that happens.
        density: float. Windows to each of those that would cover a video once.
        foreground_weight: float. Weight of the loss of steps at which something happens; of the others it is 1.
        dilation_seconds: float. On each side of an instant, how long it counts as it.
        mixup: float. Above 0, windows are blended in pairs by Beta(mixup, mixup), step by step.

    Returns:
        `ClipDataset` of (uint8 (batch, frames, height, width, channels), float32 (batch, frames, classes), float32
        (batch, frames) weights), as `model.fit` takes them.

    Raises:
        ValueError: for wrong arguments, a clip without `fps`, no spans, or no video that decodes.

    >>> from pipelines import synthetic
    >>> table = synthetic.write_long("long", videos=1, seconds=8)
    >>> train = training_windows(table, ClipSpec(16, 1, 12.5, 32, 32), batch_size=4)
    >>> clips, targets, weights = next(iter(train))
    >>> tuple(clips.shape), targets.shape[:2] == weights.shape == (4, 16), len(train)
    ((4, 16, 32, 32, 3), True, 2)
    """
    check_window(clip)
    workers = checked_workers(workers)
    if not isinstance(spans, SpanSet):
        spans = SpanSet(spans if isinstance(spans, Spans) else read_spans(spans), labels=labels)
    if not spans.spans:
        raise ValueError(f"Expected spans to train on. Received none in {len(spans.videos)} videos.")
    none_class = not spans.overlapping if none_class is None else none_class
    options = WindowOptions(none_class, background, density, foreground_weight, dilation_seconds)
    picture, augment = picture_of(clip, crop, augment)
    quarantine = Quarantine(quarantine_csv)
    footage = _footage(spans, clip, quarantine, workers, on_error, probe_cache, jumps, cache)
    source = WindowSource(spans, clip, options, footage, quarantine, on_error)
    plan = EpochPlan(source.manifest, batch_size, seed, shard, drop_remainder=drop_remainder)
    mix = window_mixup(mixup) if mixup else None
    return TrainingClips(source, plan, picture, augment, mix, workers).starting(start_epoch, start_step).map(_apart)


def check_window(clip: Any) -> ClipSpec:
    """`clip`, if it can be a window; ValueError for one whose steps are not even in time."""
    if check_clip(clip).fps is None or clip.in_segments:
        raise ValueError("A window over a long video has steps that are even in time: its clip needs `fps`, and is "
                         f"dense. Received: {clip!r}.")
    return clip


def _footage(spans, clip, quarantine, workers, on_error, probe_cache, jumps, cache):
    if spans.records is None:
        wanted = cache is None and is_long if jumps is None else jumps
        return VideoFootage(spans.videos, clip, quarantine, Probes(probe_cache, wanted), workers, on_error, cache)
    if cache is not None and cache.where != "auto":
        raise ValueError("`cache` keeps frames of videos, which cost more to decode. Received: records. Leave it out.")
    return RecordFootage(spans.records, spans.videos, clip, quarantine)


def _apart(clips, targets):
    return clips, targets[..., :-1], targets[..., -1]
