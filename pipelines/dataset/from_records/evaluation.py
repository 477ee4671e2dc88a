"""The clips of records on which a network is evaluated; what is damaged is left out."""

import numpy as np
import tensorflow as tf

from pipelines.dataset.from_records import decode
from pipelines.dataset.from_records.clips import RecordClips, with_rows
from pipelines.dataset.from_records.rows import PLACE, UNREADABLE, columns
from pipelines.dataset.graph import batches_of_good, call, target_of
from pipelines.video.info import VideoError


class RecordEvaluation:
    """Batches of the one clip that a protocol takes of each record.

    Args:
        source: `RecordSource`.
        protocol: `Protocol` of one view.
    """

    def __init__(self, source, protocol):
        self.source, self.protocol = source, protocol
        self.clip = protocol.test_clip(source.clip)
        self.table, self.columns = source.rows.of(self.clip), columns(self.clip.frames)
        self.clips = RecordClips(source, self.clip, 1, self.table.resizes(None, False))
        self._target_of = target_of(source.targets)

    def batches(self, places, batch_size, workers):
        """(clips, targets) of the records at `places`."""
        dataset = tf.data.Dataset.from_tensor_slices(np.array(places, np.int64))
        dataset = with_rows(dataset, self.planned, self.columns.width)
        dataset = self.clips.read(dataset, lambda record: record, self._finished, workers)
        return batches_of_good(dataset, batch_size)

    def planned(self, records):
        """What to read of records, int64 (n, columns)."""
        entries = self.source.manifest.entries
        frames = [self.protocol.indices(entries[index].info, self.source.clip)[0] for index in records]
        rows = self.table.centre(records, np.array(frames, np.int64))
        rows["offset"][[self.source.fallback.is_bad(int(index)) for index in records]] = UNREADABLE
        return self.columns.plain(rows)

    def _finished(self, clips, good, _, record):
        """(clip, target, whether it could be read)."""
        shape = self.clips.shape
        clips, good = tf.cond(good, lambda: (clips, True),
                              lambda: call(self._again, [record], (tf.uint8, tf.bool), (shape, ())))
        return tf.ensure_shape(clips, shape)[0], self._target_of(record), good

    def _again(self, record):
        row = self.planned(np.array([record]))[0]
        clips = self.source.fallback.try_read(lambda index: self.clips.read_here(index, row), int(record))
        return (np.zeros(self.clips.shape, np.uint8), False) if clips is None else (clips, True)


class RecordViews:
    """All views of each record under a protocol, each picture decoded once.

    Args:
        source: `RecordSource`.
        protocol: `Protocol`.
    """

    def __init__(self, source, protocol):
        self.source, self.protocol = source, protocol
        self.clip = protocol.test_clip(source.clip)
        self.table = source.rows.of(self.clip)
        self.decode = decode.views_decoder(self.clip, len(protocol.crops), source.indexed)
        self._here, self._target_of = tf.function(self.decode), target_of(source.targets)
        self.shape = (None, None, *self.clip.shape[1:])
        self.shapes = (PLACE.width,), (None,), (None, None), (len(protocol.crops), 3)

    def dataset(self, records, workers):
        """(views, target, position) of the records at some positions; no views where one cannot be read."""
        dataset = tf.data.Dataset.from_tensor_slices(np.asarray(records, np.int64))
        dataset = dataset.map(lambda record: (*call(self._planned_or_nothing, [record], (tf.int64,) * 4, self.shapes),
                                              record))
        dataset = decode.read(dataset, self.source.names, lambda serialized, *rest: self.decode(serialized, *rest[:4]),
                              lambda: tf.zeros(_empty(self.shape), tf.uint8), workers)
        return dataset.map(self._finished)

    def planned(self, record):
        """(row, frames, clips, corners) of a record, as `views_decoder` takes them; VideoError for one too short."""
        entry = self.source.manifest.entries[int(record)]
        lists = np.array(self.protocol.indices(entry.info, self.source.clip), np.int64)
        frames, places = np.unique(lists, return_inverse=True)
        row = PLACE.plain(self.table.full_frames([int(record)]))[0]
        cuts = [self.clip.cut(entry.height, entry.width, crop) for crop in self.protocol.crops]
        corners = np.array([(*cut.crop[:2], cut.mirrored) for cut in cuts], np.int64)
        return row, frames, places.reshape(lists.shape), corners

    def _planned_or_nothing(self, record):
        try:
            return self.planned(record)
        except VideoError:  # too short for the protocol: `_again` takes note of it
            rows = PLACE.zeros(1)
            rows["offset"] = UNREADABLE
            return PLACE.plain(rows)[0], *(np.zeros(_empty(shape), np.int64) for shape in self.shapes[1:])

    def _again(self, record):
        def read(index):
            return self.source.reader.read(index, self._here, *self.planned(index))

        found = self.source.fallback.try_read(read, int(record))
        return np.zeros(_empty(self.shape), np.uint8) if found is None else found

    def _finished(self, found, good, row, frames, clips, corners, record):
        found = tf.cond(good, lambda: found, lambda: call(self._again, [record], tf.uint8, self.shape))
        return tf.ensure_shape(found, self.shape), self._target_of(record), record


def _empty(shape):
    return [side or 0 for side in shape]
