"""Batches of clips from videos, as `tf.data`: `training_clips`, `evaluation_clips` and `evaluation_views`.

The phases, in order: order the videos, probe, sample frames, decode, augment, batch, mix. All that is random in a clip
is drawn from integers that depend on (seed, epoch, place in the epoch), so that the clips and their order are the same
for any number of workers.
"""

import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from pipelines import addresses, graph, order, record_index, sample
from pipelines.clip_dataset import ClipDataset, Epochs, input_options
from pipelines.clip_reader import ClipReader
from pipelines.manifest import Manifest, read_manifest
from pipelines.probes import Probes
from pipelines.quarantine import Quarantine
from pipelines.transforms import chain, clip_box
from res3d.geometry import ClipSpec

Path = str | os.PathLike
PREFETCHED_BATCHES = 2  # one being handed over, one ready; more costs memory and hides nothing
CROPS = ("random", "centre")


def training_clips(data: Path | Manifest, clip: ClipSpec, batch_size: int, seed: int = 0, split: str | None = None,
                   labels: Sequence[str] | Path | None = None, workers: int | None = None, on_error: str = "quarantine",
                   augment: Callable | None = None, *, mix: Callable | None = None, crop: str = "random",
                   clips_per_video: int = 1, balanced: bool = False, drop_remainder: bool = False,
                   short: str = "repeat_last", shard: tuple[int, int] = (0, 1), start_epoch: int = 0,
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
        augment: None or a function of (clip, seed), such as `chain(...)` of `pipelines.transforms` and
            `pipelines.augment`. A chain that begins with a spatial step (`random_resized_crop`, ...) replaces `crop`.
        mix: None or a function of (clips, labels, seed, num_classes) for a batch, such as `mixup` or `cutmix`; labels
            then become float32 (batch, classes).
        crop: "random" or "centre". Where in the picture, scaled as `clip` says, a clip is cut out.
        clips_per_video: int. Clips taken from a video each time it is decoded; they stand together in a batch.
        balanced: bool. Every class equally often, whatever its number of videos.
        short: policy for videos shorter than a clip: "repeat_last", "loop" or "error".
        shard: (index, count). This host's share of every batch, for several hosts that step together.
        start_epoch, start_step: ints. Where the first iteration begins; it then gives the rest of that epoch.
        quarantine_csv: path or None. Where the list of unusable videos is written at the end of each epoch.
        probe_cache: path or None. A file that remembers true frame counts from run to run.
        jumps: bool. When a video is first met, find out from which key frames its decoding may start with the same
            pixels: several decodes once, less for every clip after, where videos are long.
        data_service: address, grpc://HOST:PORT, of a dispatcher of shared input workers that read the records; None
            reads them here. `pipelines.data_service` says what is guaranteed.

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
    manifest = _labelled(read_manifest(data, split=split, labels=labels))
    _positive("batch_size", batch_size)
    _positive("clips_per_video", clips_per_video)
    workers = _workers(workers)
    shard = order.check_shard(shard)
    if balanced and manifest.multi_label:
        raise ValueError("`balanced` needs one label a video. Received: a multi-label data set.")
    if crop not in CROPS:
        raise ValueError(f"`crop` must be one of {', '.join(map(repr, CROPS))}. Received: {crop!r}.")
    of_records = record_index.of_manifest(manifest)
    if data_service is not None and not of_records:
        raise ValueError("`data_service` needs records, which its workers read without Python. Received videos. Run "
                         "`res3d prepare` first.")
    probes, quarantine = Probes(probe_cache, jumps), Quarantine(quarantine_csv)
    if of_records:
        reader = record_dataset().open_reader(manifest, clip, quarantine, on_error, short)
    else:
        reader = ClipReader(manifest, clip, probes, quarantine, on_error, short, workers)
    reader.check(workers)

    window, whole, augment = _spatial(augment, clip, crop)
    targets = _targets(manifest)
    picture = (None, None) if whole else (clip.height, clip.width)
    shape = (clips_per_video, clip.frames, *picture, clip.channels)
    num_videos = -(-len(manifest) // shard[1])
    per_epoch = num_videos * clips_per_video
    steps = per_epoch // batch_size if drop_remainder else -(-per_epoch // batch_size)
    if steps == 0:
        raise ValueError(f"Expected at least one full batch. Received: {per_epoch} clips for batch_size={batch_size} "
                         "with drop_remainder=True. Use a smaller batch.")
    facts = _facts(reader, num_videos, steps)

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



def evaluation_clips(data: Path | Manifest, clip: ClipSpec, batch_size: int, protocol: str = "centre",
                     split: str | None = None, labels: Sequence[str] | Path | None = None, workers: int | None = None,
                     on_error: str = "quarantine", *, shard: tuple[int, int] = (0, 1),
                     quarantine_csv: Path | None = None, probe_cache: Path | None = None) -> ClipDataset:
    """Batches of one clip a video, the same every time, in the order of the manifest: what `fit` validates on.

    Nothing stands in for a video that cannot be decoded. Every video is therefore probed at once, in parallel, so that
    the number of batches is known; `num_videos` tells how many are evaluated, and `quarantine` lists those that are
    not.

    Args:
        data, clip, batch_size, split, labels, workers, probe_cache: as in `training_clips`.
        protocol: name of a protocol of `pipelines.sample` with one view a video, such as "centre".
        on_error: "quarantine" leaves out a video that cannot be decoded, and lists it; "raise" stops.
        shard: (index, count). Every `count`-th video from `index` on, for this host.
        quarantine_csv: path or None. Where the list of videos left out is written, at once.

    Returns:
        `ClipDataset`, with batches as in `training_clips`; the last one may be smaller.

    Raises:
        ValueError: for wrong arguments, if no video decodes, or if none is as long as a clip.

    >>> from pipelines import synthetic
    >>> from res3d.geometry import ClipSpec
    >>> folder = synthetic.write("motions", train_per_class=1, val_per_class=1)
    >>> val = evaluation_clips("motions", ClipSpec(frames=8, height=56, width=56), batch_size=8, split="val")
    >>> len(val), val.num_videos, list(val.quarantine)
    (1, 8, [])
    """
    _positive("batch_size", batch_size)
    index, count = order.check_shard(shard)
    workers = _workers(workers)
    plan, reader = _evaluation(data, clip, protocol, split, labels, on_error, quarantine_csv, probe_cache, workers)
    if plan.views != 1 or plan.name == "full_video":
        raise ValueError(f"Expected a protocol with one clip a video, such as 'centre'. Received: '{protocol}'. Use "
                         "`evaluation_views` for it.")
    _labelled(reader.manifest)
    good = reader.check(workers, every=True)
    reader.save()
    if len(reader.quarantine):
        logging.warning("evaluating %d of %d videos; the others cannot be decoded", len(good), len(reader.manifest))
    good = good[index::count]
    targets = _targets(reader.manifest)
    facts = _facts(reader, len(good), -(-len(good) // batch_size))
    if record_index.of_manifest(reader.manifest):
        dataset = record_dataset().evaluation(reader, plan, good, targets, batch_size, workers)
        return ClipDataset(dataset.prefetch(PREFETCHED_BATCHES).with_options(input_options(workers)), facts)
    dataset = tf.data.Dataset.from_tensor_slices(np.array(good, np.int64))
    shape = plan.test_clip(clip).shape

    def read(video):
        return reader.surely(lambda index: reader.views(index, plan)[0], int(video)), targets[video]

    decoded = graph.decoded(read, shape, targets)
    dataset = dataset.map(lambda video: decoded(video)[:2], workers)
    dataset = dataset.batch(batch_size).prefetch(PREFETCHED_BATCHES).with_options(input_options(workers))
    return ClipDataset(dataset, facts)


def evaluation_views(data: Path | Manifest, clip: ClipSpec, protocol: str, split: str | None = None,
                     labels: Sequence[str] | Path | None = None, workers: int | None = None,
                     on_error: str = "quarantine", *, shard: tuple[int, int] = (0, 1),
                     quarantine_csv: Path | None = None, probe_cache: Path | None = None) -> ClipDataset:
    """All views of a video at once, video after video in the order of the manifest: what a named protocol averages
    over.

    Each video is decoded in one pass, however many views it has. Videos that cannot be decoded are left out, and are in
    `quarantine` when the iteration is over; how many remain is not known before.

    Args:
        data, clip, split, labels, on_error, shard, probe_cache: as in `evaluation_clips`. Labels may be missing.
        protocol: name of a protocol of `pipelines.sample`.
        workers: int or None. Videos decoded at once; each holds all its views in memory.
        quarantine_csv: path or None. Where the list of videos left out is written when the iteration is over.

    Returns:
        `ClipDataset` of `(uint8 (views, frames, height, width, channels), target, int64 position in the manifest)`; the
        target is as in `training_clips`, and -1 where there is no label.

    >>> from pipelines import synthetic
    >>> from res3d.geometry import ClipSpec
    >>> folder = synthetic.write("motions", train_per_class=1, val_per_class=1)
    >>> views = evaluation_views("motions", ClipSpec(8, 1, height=56, width=56), "slowfast_10x3", split="val")
    >>> [tuple(clips.shape) for clips, label, video in views.take(1)]
    [(30, 8, 64, 64, 3)]
    """
    index, count = order.check_shard(shard)
    workers = _workers(workers)
    plan, reader = _evaluation(data, clip, protocol, split, labels, on_error, quarantine_csv, probe_cache, workers)
    videos = np.arange(len(reader.manifest))[index::count]
    targets = _targets(reader.manifest)
    view_shape = plan.test_clip(clip).shape
    empty = np.empty((0, *view_shape), np.uint8)

    def read(video):
        views = reader.attempt(lambda video: reader.views(video, plan), int(video))
        return empty if views is None else views, targets[video]

    shape = (plan.views, None if plan.name == "full_video" else clip.frames, *view_shape[1:])
    if record_index.of_manifest(reader.manifest):
        dataset = record_dataset().views(reader, plan, videos, targets, workers)
    else:
        dataset = tf.data.Dataset.from_tensor_slices(videos)
        dataset = dataset.map(graph.decoded(read, (None, *shape[1:]), targets), workers)
    dataset = dataset.filter(lambda views, target, video: tf.shape(views)[0] > 0)
    dataset = dataset.map(lambda views, target, video: (tf.ensure_shape(views, shape), target, video))
    dataset = dataset.concatenate(graph.ending(dataset.element_spec, reader.save))
    return ClipDataset(dataset.with_options(input_options(workers)), _facts(reader, len(videos), None))


def _evaluation(data, clip, protocol, split, labels, on_error, quarantine_csv, probe_cache, workers):
    manifest = read_manifest(data, split=split, labels=labels)
    if record_index.of_manifest(manifest):
        reader = record_dataset().open_reader(manifest, clip, Quarantine(quarantine_csv), on_error)
        return sample.protocol(protocol), reader
    reader = ClipReader(manifest, clip, Probes(probe_cache), Quarantine(quarantine_csv), on_error, workers=workers)
    return sample.protocol(protocol), reader


def record_dataset():
    """`pipelines.record_dataset`, when records are read."""
    from pipelines import record_dataset

    return record_dataset


def _labelled(manifest):
    bare = [addresses.shown(entry.path) for entry in manifest if not entry.labels and not manifest.multi_label]
    if bare:
        raise ValueError(f"Expected a label for every video. {len(bare)} have none, the first '{bare[0]}'. Name a "
                         "split that has labels.")
    return manifest


def _targets(manifest):
    """What the network should say, one row a video: int32 ids, or float32 zeros and ones where there are several."""
    if not manifest.multi_label:
        return np.array([-1 if entry.label is None else entry.label for entry in manifest], np.int32)
    targets = np.zeros((len(manifest), manifest.num_classes), np.float32)
    for row, entry in zip(targets, manifest):
        row[list(entry.labels)] = 1
    return targets


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


def _facts(reader, num_videos, steps):
    manifest = reader.manifest
    return {"labels": manifest.labels, "num_classes": manifest.num_classes, "manifest": manifest, "clip": reader.clip,
            "reader": reader, "quarantine": reader.quarantine, "num_videos": num_videos, "steps_per_epoch": steps}


def default_workers():
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(workers):
    if workers is None:
        return default_workers()
    _positive("workers", workers)
    return workers


def _positive(name, value):
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{name}` must be a whole number from 1 on. Received: {name}={value!r}.")
