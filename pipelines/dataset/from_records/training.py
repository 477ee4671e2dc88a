"""Random clips of records, read here or by shared input workers; what is damaged is replaced here."""

import tensorflow as tf
from absl import logging

from pipelines.dataset import data_service
from pipelines.dataset.epochs import ROW
from pipelines.dataset.from_records.clips import RecordClips, with_rows
from pipelines.dataset.from_records.rows import columns
from pipelines.dataset.graph import call, epoch_rows, target_of


class RecordTraining:
    """The clips of epochs: `local` and `shared` make a dataset of (clips, target, row) for a counter of epochs.

    Args:
        source: `RecordSource`.
        plan: `EpochPlan`.
        crop, full_frame: what part of the pictures, as `Source.training` takes it.
        workers: int. Records decoded at once.
    """

    def __init__(self, source, plan, crop, full_frame, workers):
        self.source, self.plan, self.crop, self.full_frame, self.workers = source, plan, crop, full_frame, workers
        self.table, self.count = source.rows, plan.clips_per_video
        self.columns = columns(self.count * source.clip.frames)
        self.clips = RecordClips(source, source.clip, self.count, self.table.resizes(crop, full_frame), full_frame)
        self._target_of = target_of(source.targets)
        self._warned = set()  # epochs

    def local(self, counter):
        """The epoch that is due, in order."""
        dataset = with_rows(epoch_rows(counter, self.plan), self.planned, self.columns.width)
        return self.clips.read(dataset, lambda row: row[ROW["video"]], self._finished, self.workers)

    def shared(self, counter):
        """The epoch that is due, in the order in which workers send it."""
        def reading(dataset, at_once=None):
            return self.clips.read_whole(dataset, at_once or self.workers, autotune=at_once is not None)

        dataset = data_service.epoch(counter, self.plan, self.planned, self.columns.width, reading, self.source.service)
        return dataset.map(self._finished, self.workers)

    def planned(self, rows):
        """What to read for plain rows of an epoch: rows of records, plain."""
        rows = ROW.named(rows)
        return self.columns.plain(self.table.training(rows["video"], rows["key"], self.count, self.crop,
                                                      self.full_frame))

    def _finished(self, clips, good, _, row):
        """(clips, target, row), the clips and the target being those of a stand-in where a record cannot be read."""
        targets, shape = self.source.targets, self.clips.shape
        clips, target = tf.cond(
            good, lambda: (clips, self._target_of(row[ROW["video"]])),
            lambda: call(self._stand_in, [row], (tf.uint8, tf.as_dtype(targets.dtype)), (shape, targets.shape[1:])))
        return tf.ensure_shape(clips, shape), target, row

    def _stand_in(self, row):
        row = ROW.named(row)

        def read(index):
            planned = self.table.training([index], row["key"][None], self.count, self.crop, self.full_frame)
            return self.clips.read_here(index, self.columns.plain(planned)[0])

        clips, used = self.source.fallback.read_or_next(read, int(row["video"]))
        if used == row["video"]:
            self._warn(used, int(row["epoch"]))
        return clips, self.source.targets[used]

    def _warn(self, used, epoch):
        """Says once an epoch that a record is readable here that was not where it was to be read."""
        if self.source.service is not None and epoch not in self._warned:
            self._warned.add(epoch)
            logging.warning("a worker could not read %s, and it was read here, as may be others. Do the workers see "
                            "the shards under the names that are used here?", self.source.manifest.entries[used])
