"""Clips to evaluate on, the same every time: one a video for `fit`, or all views of a named protocol."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from pipelines.annotations.entries import Manifest
from pipelines.arguments import check_whole_number, checked_workers
from pipelines.dataset import graph, order
from pipelines.dataset.clip_dataset import ClipDataset, input_options
from pipelines.dataset.fallback import Lineup
from pipelines.dataset.source import open_source
from pipelines.dataset.targets import labelled
from pipelines.manifest import read_manifest
from pipelines.sample.protocols import protocol as find_protocol
from pipelines.video.frame_cache import FrameCache
from res3d.geometry import ClipSpec, check_clip

Path = str | os.PathLike


def evaluation_clips(data: Path | Manifest, clip: ClipSpec, batch_size: int, protocol: str = "centre",
                     split: str | None = None, labels: Sequence[str] | Path | None = None, workers: int | None = None,
                     on_error: str = "quarantine", *, shard: tuple[int, int] = (0, 1),
                     quarantine_csv: Path | None = None, probe_cache: Path | None = None,
                     cache: FrameCache | None = None) -> ClipDataset:
    """Batches of one clip a video, the same every time, in the order of the manifest: what `fit` validates on.

    Nothing stands in for a video that cannot be decoded: it is left out of its batch, and is in `quarantine`, once it
    has come up. Videos are opened when their clips are due, so that the first batch does not wait for the last video;
    the number of batches follows from the manifest, less those of which no video can be read, at whose first reading
    Keras warns that there were fewer. Until a video has come up `num_videos` counts it. `videos` tells
    which have a clip, in the order of the rows that `model.predict` gives; it is exact at any time, and asked before
    the first reading it looks at all of them.

    Args:
        data, clip, batch_size, split, labels, workers, probe_cache: as in `training_clips`.
        protocol: name of a protocol of `pipelines.sample` with one view a video, such as "centre".
        on_error: "quarantine" leaves out a video that cannot be decoded, and lists it; "raise" stops.
        shard: (index, count). Every `count`-th video of the manifest from `index` on, for this host.
        quarantine_csv: path or None. Where the list of videos left out is written: what of them is known at once, the
            others when the clips have been read to the end.
        cache: `pipelines.video.FrameCache` or None. Where decoded frames are kept; the clips are the same ones.

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
    check_clip(clip)
    check_whole_number("batch_size", batch_size)
    index, count = order.check_shard(shard)
    workers = checked_workers(workers)
    manifest = read_manifest(data, split=split, labels=labels)
    chosen = find_protocol(protocol)
    if chosen.views != 1 or chosen.name == "full_video":
        raise ValueError(f"Expected a protocol with one clip a video, such as 'centre'. Received: '{protocol}'. Use "
                         "`evaluation_views` for it.")
    source = open_source(labelled(manifest), clip, on_error=on_error, workers=workers, quarantine_csv=quarantine_csv,
                         probe_cache=probe_cache, cache=cache)
    source.check(workers)
    lineup = Lineup(source, range(index, len(manifest), count), batch_size, workers)
    _note(lineup)
    dataset = source.evaluation(lineup.places, chosen, batch_size, workers)
    dataset = dataset.concatenate(graph.ending(dataset.element_spec, lambda: _note(lineup)))
    dataset = dataset.prefetch(graph.PREFETCHED_BATCHES).with_options(input_options(workers))
    return ClipDataset(dataset, source, len(lineup), lineup.batches, videos=lineup,
                       batches=lambda: lineup.batches)


def _note(lineup):
    """Saves what has been found out so far, and says how many videos have no clip if that has changed."""
    lineup.source.save()
    if lineup.news():
        logging.warning("evaluating %d of %d videos; the others cannot be decoded", len(lineup), len(lineup.places))


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
    check_clip(clip)
    index, count = order.check_shard(shard)
    workers = checked_workers(workers)
    manifest = read_manifest(data, split=split, labels=labels)
    chosen = find_protocol(protocol)
    source = open_source(manifest, clip, on_error=on_error, workers=workers, quarantine_csv=quarantine_csv,
                         probe_cache=probe_cache)
    videos = np.arange(len(manifest))[index::count]
    frames, *picture = chosen.test_clip(clip).shape
    shape = (chosen.views, None if chosen.name == "full_video" else frames, *picture)
    dataset = source.views(videos, chosen, workers)
    dataset = dataset.filter(lambda views, target, video: tf.shape(views)[0] > 0)
    dataset = dataset.map(lambda views, target, video: (tf.ensure_shape(views, shape), target, video))
    dataset = dataset.concatenate(graph.ending(dataset.element_spec, source.save))
    return ClipDataset(dataset.with_options(input_options(workers)), source, len(videos), None)
