"""Batches of clips from videos, as `tf.data`: `training_clips` here, and `evaluation_clips` and `evaluation_views`.

The phases, in order: order the videos, probe, sample frames, decode, augment, batch, mix. All that is random in a clip
is drawn from integers that depend on (seed, epoch, place in the epoch), so that the clips and their order are the same
for any number of workers.
"""

import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from pipelines.annotations.entries import Manifest
from pipelines.arguments import check_whole_number
from pipelines.augment.chaining import chain
from pipelines.augment.crops import clip_box
from pipelines.dataset import graph, order
from pipelines.dataset.clip_dataset import ClipDataset, Epochs, input_options
from pipelines.dataset.clip_reader import ClipReader
from pipelines.dataset.evaluation import evaluation_clips, evaluation_views
from pipelines.dataset.facts import (
    PREFETCHED_BATCHES,
    checked_workers,
    default_workers,
    facts_of,
    labelled,
    record_dataset,
    targets_of,
)
from pipelines.dataset.quarantine import Quarantine
from pipelines.manifest import read_manifest
from pipelines.records.index import of_manifest
from pipelines.video.probe_cache import Probes
from res3d.geometry import ClipSpec, check_clip

__all__ = ["default_workers", "evaluation_clips", "evaluation_views", "training_clips"]

Path = str | os.PathLike
CROPS = ("random", "centre")


def training_clips(data: Path | Manifest, clip: ClipSpec, batch_size: int, seed: int = 0, split: str | None = None,
                   labels: Sequence[str] | Path | None = None, workers: int | None = None, on_error: str = "quarantine",
                   augment: Callable | None = None, *, mix: Callable | None = None, crop: str = "random",
                   clips_per_video: int = 1, balanced: bool = False, drop_remainder: bool = False,
                   policy: str = "repeat_last", shard: tuple[int, int] = (0, 1), start_epoch: int = 0,
                   start_step: int = 0, quarantine_csv: Path | None = None, probe_cache: Path | None = None,
                   jumps: bool = False, data_service: str | None = None) -> ClipDataset:
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
        augment: None or a function of (clip, seed), such as `chain(...)` of `pipelines.augment` and
            `pipelines.augment`. A chain that begins with a spatial step (`random_resized_crop`, ...) replaces `crop`.
        mix: None or a function of (clips, labels, seed, num_classes) for a batch, such as `mixup` or `cutmix`; labels
            then become float32 (batch, classes).
        crop: "random" or "centre". Where in the picture, scaled as `clip` says, a clip is cut out.
        clips_per_video: int. Clips taken from a video each time it is decoded; they stand together in a batch.
        balanced: bool. Every class equally often, whatever its number of videos.
        policy: what stands for frames that a video shorter than a clip lacks: "repeat_last", "loop" or "error".
        shard: (index, count). This host's share of every batch, for several hosts that step together.
        start_epoch, start_step: ints. Where the first iteration begins; it then gives the rest of that epoch.
        quarantine_csv: path or None. Where the list of unusable videos is written at the end of each epoch.
        probe_cache: path or None. A file that remembers true frame counts from run to run.
        jumps: bool. When a video is first met, find out from which key frames its decoding may start with the same
            pixels: several decodes once, less for every clip after, where videos are long.
        data_service: address, grpc://HOST:PORT, of a dispatcher of shared input workers that read the records; None
            reads them here. `pipelines.dataset` says what is guaranteed.

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
    manifest = labelled(read_manifest(data, split=split, labels=labels))
    check_whole_number("batch_size", batch_size)
    check_whole_number("clips_per_video", clips_per_video)
    workers = checked_workers(workers)
    shard = order.check_shard(shard)
    if balanced and manifest.multi_label:
        raise ValueError("`balanced` needs one label a video. Received: a multi-label data set.")
    if crop not in CROPS:
        raise ValueError(f"`crop` must be one of {', '.join(map(repr, CROPS))}. Received: {crop!r}.")
    of_records = of_manifest(manifest)
    if data_service is not None and not of_records:
        raise ValueError("`data_service` needs records, which its workers read without Python. Received videos. Run "
                         "`res3d prepare` first.")
    probes, quarantine = Probes(probe_cache, jumps), Quarantine(quarantine_csv)
    if of_records:
        reader = record_dataset().open_reader(manifest, clip, quarantine, on_error, policy)
    else:
        reader = ClipReader(manifest, clip, probes, quarantine, on_error, policy, workers)
    reader.check(workers)

    window, whole, augment = _spatial(augment, clip, crop)
    targets = targets_of(manifest)
    picture = (None, None) if whole else (clip.height, clip.width)
    shape = (clips_per_video, clip.frames, *picture, clip.channels)
    num_videos = -(-len(manifest) // shard[1])
    per_epoch = num_videos * clips_per_video
    steps = per_epoch // batch_size if drop_remainder else -(-per_epoch // batch_size)
    if steps == 0:
        raise ValueError(f"Expected at least one full batch. Received: {per_epoch} clips for batch_size={batch_size} "
                         "with drop_remainder=True. Use a smaller batch.")
    facts = facts_of(reader, num_videos, steps)

    def rows(at):
        """The rows of the videos of an epoch still to come."""
        epoch, step = map(int, at)
        if balanced:
            videos = order.balanced_order([entry.label for entry in manifest], seed, epoch, shard)
        else:
            videos = order.epoch_order(len(manifest), seed, epoch, shard)
        places = np.arange(num_videos)
        keys = order.clip_keys(seed, epoch, places * shard[1] + shard[0])
        left_out = np.clip(step * batch_size - places * clips_per_video, 0, clips_per_video)
        table = np.stack([np.full(num_videos, epoch), places, videos, keys, left_out], axis=1)
        return table[left_out < clips_per_video]

    def decode(row):
        clips, used = reader.attempt_next(
            lambda index: reader.random_clips(index, int(row[graph.KEY]), clips_per_video, window, whole),
            int(row[graph.VIDEO]))
        return clips, targets[used]

    def decoded(epochs):
        return graph.epoch_rows(epochs, rows).map(graph.decoded(decode, shape, targets), workers)

    if of_records:
        decoded = record_dataset().training(reader, targets, rows, clips_per_video, window, whole, workers,
                                            data_service)

    def build(epoch, step, fixed=False):
        epochs = Epochs(epoch, step, steps, fixed, when_done=reader.epoch_done)
        dataset = decoded(epochs)
        dataset = dataset.flat_map(lambda *parts: graph.each_clip(*parts, clips_per_video))
        if augment is not None:
            dataset = dataset.map(graph.augmented(augment, clip), workers)
        dataset = dataset.batch(batch_size, drop_remainder)
        if mix is not None:
            dataset = dataset.map(graph.mixed(mix, manifest.num_classes), workers)
        dataset = dataset.prefetch(PREFETCHED_BATCHES)
        # Behind the prefetch: `Epochs` says why.
        dataset = dataset.map(graph.counted(epochs, min(per_epoch, steps * batch_size) - 1))
        if fixed or step == 0:
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps - step))
        return ClipDataset(dataset.with_options(input_options(workers)), facts, epochs,
                           lambda epoch, step: build(epoch, step, fixed=True))

    return build(start_epoch, start_step)


def _spatial(augment, clip, crop):
    """(window, whole, augment): the box to decode or None for the centre, whether to decode whole pictures instead, and
    what is left to do in the graph."""
    steps = () if augment is None else chain(augment).steps
    if not steps or not getattr(steps[0], "spatial", False):
        return (clip_box(clip) if crop == "random" else None), False, augment
    if not hasattr(steps[0], "box"):
        return None, True, augment
    size = steps[0].height, steps[0].width
    if size != (clip.height, clip.width):
        raise ValueError(f"`augment` begins with a crop to {size[0]}x{size[1]}, but a clip is {clip.height}x"
                         f"{clip.width}. Make them equal.")
    return steps[0].box, False, chain(*steps[1:]) if steps[1:] else None
