"""Batches of clips to train on, as `tf.data`: `training_clips`.

The phases, in order: order the videos, probe, sample frames, decode, augment, batch, mix. All that is random in a clip
is drawn from integers that depend on (seed, epoch, place in the epoch), so that the clips and their order are the same
for any number of workers.
"""

import os
from collections.abc import Callable, Sequence

import tensorflow as tf

from pipelines.annotations.entries import Manifest
from pipelines.arguments import checked_workers
from pipelines.augment.chaining import chain
from pipelines.augment.crops import ClipCrop
from pipelines.dataset import graph
from pipelines.dataset.clip_dataset import ClipDataset, input_options
from pipelines.dataset.epochs import EpochCounter, EpochPlan
from pipelines.dataset.source import open_source
from pipelines.dataset.targets import labelled
from pipelines.manifest import read_manifest
from pipelines.video.frame_cache import FrameCache
from res3d.geometry import ClipSpec, check_clip

Path = str | os.PathLike
CROPS = ("random", "centre")


def training_clips(data: Path | Manifest, clip: ClipSpec, batch_size: int, seed: int = 0, split: str | None = None,
                   labels: Sequence[str] | Path | None = None, workers: int | None = None, on_error: str = "quarantine",
                   augment: Callable | None = None, *, mix: Callable | None = None, crop: str = "random",
                   clips_per_video: int = 1, balanced: bool = False, drop_remainder: bool = False,
                   policy: str = "repeat_last", shard: tuple[int, int] = (0, 1), start_epoch: int = 0,
                   start_step: int = 0, quarantine_csv: Path | None = None, probe_cache: Path | None = None,
                   jumps: bool | None = None, data_service: str | None = None, temporal_crop: float = 0.0,
                   cache: FrameCache | None = None) -> ClipDataset:
    """Batches of random clips for training: every video once an epoch, in another order each epoch.

    Iterating it gives one epoch; the next iteration gives the next. An epoch that is left before its end is given
    again. The last batch of an epoch is smaller where the batch size does not divide the number of clips
    (`drop_remainder=True` leaves it out).

    Args:
        data: a folder of class folders, a manifest, an annotation file or a folder that `res3d prepare` wrote: whatever
            `read_manifest` takes.
        clip: `ClipSpec`.
        batch_size: int. Clips in a batch.
        seed: int. The same seed gives the same clips in the same order, whatever the number of workers.
        split: str or None. Keep only this split of the data.
        labels: list of label names that fixes the label ids, or None to sort those found.
        workers: int or None. Clips decoded at once; None is one a core.
        on_error: "quarantine" lists a video that cannot be decoded and takes the next usable one of the manifest
            instead; "raise" stops.
        augment: None or a function of (clip, seed), such as `chain(...)` of `pipelines.augment`. A chain that
            begins with a spatial step (`random_resized_crop`, ...) replaces `crop`.
        mix: None or a function of (clips, labels, seed, num_classes) for a batch, such as `mixup` or `cutmix`; labels
            then become float32 (batch, classes).
        crop: "random" or "centre". Where in the picture, scaled as `clip` says, a clip is cut out.
        clips_per_video: int. Clips taken from a video each time it is decoded; they stand together in a batch.
        balanced: bool. Every class equally often, whatever its number of videos; and within a class every group of a
            manifest that has a column `group`.
        policy: what stands for frames that a video shorter than a clip lacks: "repeat_last", "loop" or "error". A clip
            of segments repeats frames in their order by the first two.
        shard: (index, count). This host's share of every batch, for several hosts that step together.
        start_epoch, start_step: ints. Where the first iteration begins; it then gives the rest of that epoch.
        quarantine_csv: path or None. Where the list of unusable videos is written at the end of each epoch.
        probe_cache: path or None. A file that remembers true frame counts from run to run.
        jumps: bool or None. When a video is first met, find out from which key frames its decoding may start with the
            same pixels: two decodes more, once, and less for every clip after. None does so for recordings of minutes
            of which the manifest takes many parts.
        data_service: address, grpc://HOST:PORT, of a dispatcher of shared input workers that read the records; None
            reads them here. `pipelines.dataset.data_service` says what is guaranteed.
        temporal_crop: float. For a clip of segments: the fraction of a video that may be left out of those that are cut
            into parts, at random, at its beginning and end.
        cache: `pipelines.video.FrameCache` or None. Where every frame, scaled as `clip` says, is kept once it has been
            decoded; all videos are probed at once. A random crop is then cut from the scaled picture, and scaled again
            where it is larger or smaller than a clip. Records are read as they are.

    Returns:
        `ClipDataset`, a `tf.data.Dataset` of `(uint8 (batch, frames, height, width, channels), int32 (batch,))`, or
        float32 (batch, classes) of zeros and ones where videos have several labels. Its cardinality is exact.

    Raises:
        ValueError: for wrong arguments, and, before anything is trained, if no video decodes or none is as long as a
            clip.

    >>> from pipelines import synthetic
    >>> from res3d.geometry import ClipSpec
    >>> folder = synthetic.write("motions", train_per_class=1, val_per_class=1)
    >>> train = training_clips("motions", ClipSpec(frames=8, height=56, width=56), batch_size=3, split="train")
    >>> len(train), train.num_classes, [clips.shape[0] for clips, labels in train]
    (3, 8, [3, 3, 2])
    """
    check_clip(clip)
    workers = checked_workers(workers)
    manifest = labelled(read_manifest(data, split=split, labels=labels))
    plan = EpochPlan(manifest, batch_size, seed, shard, clips_per_video, balanced, drop_remainder)
    source = open_source(manifest, clip, on_error=on_error, policy=policy, workers=workers, data_service=data_service,
                         quarantine_csv=quarantine_csv, probe_cache=probe_cache, jumps=jumps,
                         temporal_crop=temporal_crop, cache=cache)
    picture, augment = picture_of(clip, crop, augment)
    source.check(workers)
    clips = TrainingClips(source, plan, picture, augment, mix, workers)
    return clips.starting(start_epoch, start_step)


class TrainingClips:
    """The phases from the plan of an epoch to its batches, for any epoch.

    Args:
        source: `Source`.
        plan: `EpochPlan` of the same videos.
        picture: (crop, full_frame), the part of the picture to read, as `Source.training` takes it.
        augment: None or a function of (clip, seed).
        mix: None or a function of (clips, labels, seed, num_classes).
        workers: int. Clips decoded, and augmented, at once.
    """

    def __init__(self, source, plan, picture, augment, mix, workers):
        self.source, self.plan, self.augment, self.mix, self.workers = source, plan, augment, mix, workers
        self._decoded = source.training(plan, *picture, workers)

    def starting(self, epoch, step=0):
        """`ClipDataset` whose first iteration begins at a step of an epoch, and the following with the epochs after."""
        return self._dataset(EpochCounter(epoch, step, self.plan.steps, when_done=self.source.epoch_done))

    def at(self, epoch, step=0):
        """`ClipDataset` of the batches of one epoch from one step on, the same each time it is read."""
        return self._dataset(EpochCounter(epoch, step, self.plan.steps, fixed=True, when_done=self.source.epoch_done))

    def batches(self, counter):
        """`tf.data.Dataset` of (clips, targets, rows) of the epoch that `counter` says is due, augmented and mixed."""
        plan, workers = self.plan, self.workers
        dataset = self._decoded(counter)
        dataset = dataset.flat_map(lambda *parts: graph.each_clip(*parts, plan.clips_per_video))
        if self.augment is not None:
            dataset = dataset.map(graph.augmented(self.augment, self.source.clip), workers)
        dataset = dataset.batch(plan.batch_size, plan.drop_remainder)
        if self.mix is not None:
            dataset = dataset.map(graph.mixed(self.mix, self.source.manifest.num_classes), workers)
        return dataset

    def _dataset(self, counter):
        plan, dataset = self.plan, self.batches(counter).prefetch(graph.PREFETCHED_BATCHES)
        # Behind the prefetch: `EpochCounter` says why.
        dataset = dataset.map(graph.counted(counter, plan.last_place))
        if counter.fixed or counter.step == 0:
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(counter.rest))
        return ClipDataset(dataset.with_options(input_options(self.workers)), self.source, plan.num_videos, plan.steps,
                           counter, self.at)


def picture_of(clip, crop, augment):
    """((crop, full_frame), augment): the part of the picture to read, and what is left to do in the graph.

    A chain that begins with a spatial step replaces `crop`, "random" or "centre": the step's own box is read, or whole
    pictures where it has none.
    """
    if crop not in CROPS:
        raise ValueError(f"`crop` must be one of {', '.join(map(repr, CROPS))}. Received: {crop!r}.")
    steps = () if augment is None else chain(augment).steps
    if not steps or not getattr(steps[0], "spatial", False):
        return (ClipCrop(clip) if crop == "random" else None, False), augment
    if not hasattr(steps[0], "box"):
        return (None, True), augment
    size = steps[0].height, steps[0].width
    if size != (clip.height, clip.width):
        raise ValueError(f"`augment` begins with a crop to {size[0]}x{size[1]}, but a clip is {clip.height}x"
                         f"{clip.width}. Make them equal.")
    return (steps[0], False), chain(*steps[1:]) if steps[1:] else None
