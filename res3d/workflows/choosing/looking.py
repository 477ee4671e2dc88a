"""What the videos of a run are like: durations, rates and shapes of some of them, and who was recorded."""

import contextlib
from concurrent import futures

from pipelines.arguments import default_workers
from pipelines.augment.flip import directional
from pipelines.bench.rates import some_of
from pipelines.grouping.groups import groups_of
from pipelines.records.index import of_manifest
from pipelines.sample.extents import extent
from pipelines.video.info import VideoError
from pipelines.video.probe_cache import Probes
from res3d.choosing.facts import DataFacts, Spread
from res3d.workflows.choosing.sights import linear_accuracy

MOST = 64  # videos that are looked into; of more, so many at random


def look(split, group=None, workers=None, linear=True):
    """The `DataFacts` of a `Split`.

    Args:
        split: `Split`.
        group: pattern of names, as `groups_of` takes it.
        workers: int or None. Videos probed at once.
        linear: bool. Whether linear classifiers are asked what tells the videos apart; it takes a while.

    Raises:
        ValueError: if none of the videos can be read.
    """
    training, whole = split.training, split.whole
    chosen = some_of(training, MOST)
    rows = _of_records(chosen) if of_manifest(chosen) else _of_videos(chosen, workers)
    if not rows:
        raise ValueError(f"Expected videos that can be read. Received {len(chosen)} of which none can, such as "
                         f"'{chosen.entries[0].path}'. `res3d doctor` tells why of each.")
    frames, rates, heights, widths = zip(*rows)
    groups = groups_of(whole, group)
    own = {id(entry): name for entry, name in zip(whole, groups.names)}
    names = [own[id(entry)] for entry in training]
    told = linear_accuracy(training, names, workers) if linear and not whole.multi_label else {}
    return DataFacts(
        videos=len(training), held=len(split.held_out or ()), classes=tuple(whole.labels),
        groups=len(set(names)), grouped_by=groups.source,
        seconds=Spread.of([count / rate for count, rate in zip(frames, rates)]), frames=Spread.of(frames),
        fps=Spread.of(rates), aspect=Spread.of([width / height for height, width in zip(heights, widths)]),
        splits=tuple(sorted(set(whole.splits) - {None})), multi_label=whole.multi_label,
        sided=tuple(directional(whole.labels)), still=told.get("middle_frame"), moving=told.get("frame_differences"))


def _of_records(manifest):
    """(frames, rate, height, width) of each record, as it is written."""
    return [(entry.frames, entry.fps, entry.height, entry.width) for entry in manifest]


def _of_videos(manifest, workers):
    """The same of each video that can be read, or of the part of it that an entry covers."""
    probes, rows = Probes(), []

    def one(entry):
        with contextlib.suppress(VideoError):
            info = probes.info(entry.path, entry.num_frames is not None)
            first, last = extent(entry, info)
            rows.append((last - first, info.fps, info.height, info.width))

    with futures.ThreadPoolExecutor(workers or default_workers()) as pool:
        list(pool.map(one, manifest))
    return rows
