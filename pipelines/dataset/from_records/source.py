"""The part of `pipelines.dataset` that differs for records: from rows of an epoch to decoded clips.

Orders, keys, frames and crops are those of the same videos. From a disk only the bytes of the chosen frames are read,
in Python. From elsewhere, for shared input workers, and from records without a table of frames, the graph reads whole
records without Python, which is asked only for what is damaged.
"""

import numpy as np
import tensorflow as tf
from absl import logging

from pipelines.dataset import data_service, graph
from pipelines.dataset.from_records import decode as record_graph
from pipelines.dataset.from_records import frames as record_frames
from pipelines.dataset.from_records.reader import RecordReader
from pipelines.dataset.from_records.rows import (
    COLUMNS,
    HEIGHT,
    OFFSET,
    OUT_HEIGHT,
    OUT_WIDTH,
    SHARD,
    UNREADABLE,
    WIDTH,
    RecordRows,
)
from pipelines.dataset.graph import call
from pipelines.storage import files
from pipelines.video.info import VideoError

CHUNK = 256  # rows computed at a time


def open_reader(manifest, clip, quarantine, on_error, policy="repeat_last"):
    """The `RecordReader` of a manifest of records."""
    return RecordReader(manifest, RecordRows(manifest.entries, clip, policy), quarantine, on_error)


def training(reader, targets, rows, count, window, whole, workers, service=None):
    """A function epochs -> dataset of (clips, target, row), `count` clips of a record together.

    Args:
        reader: `RecordReader`.
        targets: array, one row a record.
        rows: function (epoch, step) -> the rows of an epoch still to come, as `pipelines.dataset` has them.
        count: int. Clips of a record.
        window: None, or what chooses the box of a picture that is decoded.
        whole: bool. Whole pictures.
        workers: int. Records decoded at once.
        service: address of a tf.data service dispatcher, or None to read here.
    """
    table, clip = reader.rows, reader.clip
    names = [files.openable(shard) for shard in table.shards]
    decode = record_graph.clip_decoder(clip, count, _indexed(reader), table.resizes(window, whole), whole)
    here = tf.function(decode)
    fit = record_graph.fitter(clip, count, table.resizes(window, whole), whole)
    picture = (None, None) if whole else (clip.height, clip.width)
    shape = (count, clip.frames, *picture, clip.channels)
    width = COLUMNS + count * clip.frames

    def wide(short_rows):
        return table.training(short_rows[:, graph.VIDEO], short_rows[:, graph.KEY], count, window, whole)

    def nothing():
        return tf.zeros([side or 1 for side in shape], tf.uint8)

    def reading(dataset, at_once=None):
        return record_graph.read(dataset, names, decode, nothing, at_once or workers, autotune=at_once is not None)

    def stand_in(row):
        def read(index):
            planned = np.array([[0, 0, index, row[graph.KEY], 0]])
            return reader.read(index, here, wide(planned)[0])

        clips, used = reader.attempt_next(read, int(row[graph.VIDEO]))
        if service is not None and used == row[graph.VIDEO] and row[graph.EPOCH] not in told:
            told.add(int(row[graph.EPOCH]))
            logging.warning("a worker could not read %s, and it was read here, as may be others. Do the workers see "
                            "the shards under the names that are used here?", reader.manifest.entries[used])
        return clips, targets[used]

    told = set()  # epochs
    target_of = _target_of(targets)

    def finished(clips, good, _, row):
        clips, target = tf.cond(
            good, lambda: (clips, target_of(row[graph.VIDEO])),
            lambda: call(stand_in, [row], (tf.uint8, tf.as_dtype(targets.dtype)), (shape, targets.shape[1:])))
        return tf.ensure_shape(clips, shape), target, row

    def local(epochs):
        dataset = graph.epoch_rows(epochs, rows).batch(CHUNK)
        dataset = dataset.map(lambda row: (call(wide, [row], tf.int64, (None, width)), row))
        dataset = dataset.flat_map(lambda *parts: tf.data.Dataset.from_tensor_slices(parts))
        if record_frames.can_read(reader.manifest, names):
            alone = _frames_alone(reader, names, clip, fit, nothing)
            return dataset.map(lambda row, planned: finished(*alone(row, planned[graph.VIDEO]), row, planned), workers)
        return reading(dataset).map(finished, workers)

    def shared(epochs):
        return data_service.epoch(epochs, rows, wide, width, reading, service).map(finished, workers)

    return local if service is None else shared


def evaluation(reader, plan, good, targets, batch_size, workers):
    """Batches of the one clip that a `Protocol` takes of each record in `good`: (clips, targets)."""
    table, clip = reader.rows, reader.clip
    test_clip = plan.test_clip(clip)
    table = RecordRows(table.entries, test_clip) if test_clip != clip else table
    names, resizes = _names(table), table.resizes(None, False)
    decode = record_graph.clip_decoder(test_clip, 1, _indexed(reader), resizes)
    here, target_of = tf.function(decode), _target_of(targets)

    def wide(records):
        frames = [plan.indices(reader.manifest.entries[index].info, clip)[0] for index in records]
        return table.centre(records, np.array(frames, np.int64))

    def again(record):
        row = wide(np.array([record]))[0]
        clips = reader.attempt(lambda index: reader.read(index, here, row), int(record))
        return (np.zeros((1, *test_clip.shape), np.uint8), False) if clips is None else (clips, True)

    def finished(clips, good, _, record):
        clips, good = tf.cond(good, lambda: (clips, True), lambda: call(
            again, [record], (tf.uint8, tf.bool), ((1, *test_clip.shape), ())))
        return tf.ensure_shape(clips, (1, *test_clip.shape))[0], target_of(record), good

    def without_bad(clips, found, good):
        some = tf.debugging.assert_equal(tf.reduce_any(good), True, "no record of this batch can be read")
        with tf.control_dependencies([some]):
            return tf.cond(tf.reduce_all(good), lambda: (clips, found),
                           lambda: (tf.boolean_mask(clips, good), tf.boolean_mask(found, good)))

    dataset = tf.data.Dataset.from_tensor_slices(np.array(good, np.int64)).batch(CHUNK)
    dataset = dataset.map(lambda records: (call(wide, [records], tf.int64, (None, COLUMNS + clip.frames)), records))
    dataset = dataset.flat_map(lambda *parts: tf.data.Dataset.from_tensor_slices(parts))
    def nothing():
        return tf.zeros((1, *test_clip.shape), tf.uint8)

    if record_frames.can_read(reader.manifest, names):
        alone = _frames_alone(reader, names, test_clip, record_graph.fitter(test_clip, 1, resizes), nothing)
        dataset = dataset.map(lambda row, record: finished(*alone(row, record), row, record), workers)
    else:
        dataset = record_graph.read(dataset, names, decode, nothing, workers).map(finished, workers)
    dataset = dataset.batch(batch_size).map(without_bad)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-len(good) // batch_size)))


def views(reader, plan, records, targets, workers):
    """All views of each record under a `Protocol`: (views, target, position); none where it cannot be read."""
    table, clip = reader.rows, reader.clip
    view_clip = plan.test_clip(clip)
    decode = record_graph.views_decoder(view_clip, len(plan.crops), _indexed(reader))
    here, target_of = tf.function(decode), _target_of(targets)
    shape = (None, None, *view_clip.shape[1:])
    shapes = (COLUMNS,), (None,), (None, None), (len(plan.crops), 3)

    def wide(record):
        entry = reader.manifest.entries[int(record)]
        lists = np.array(plan.indices(entry.info, clip), np.int64)
        frames, places = np.unique(lists, return_inverse=True)
        row = table._rows(np.array([record]))[0]
        cuts = [view_clip.cut(entry.height, entry.width, crop) for crop in plan.crops]
        row[HEIGHT:WIDTH + 1] = entry.height, entry.width
        row[OUT_HEIGHT:OUT_WIDTH + 1] = cuts[0].size
        corners = [(*cut.crop[:2], cut.mirrored) for cut in cuts]
        return row, frames, places.reshape(lists.shape), np.array(corners, np.int64)

    def planned(record):
        try:
            return wide(record)
        except VideoError:  # too short for the protocol: `again` takes note of it
            row = np.zeros(COLUMNS, np.int64)
            row[OFFSET] = UNREADABLE
            return row, *(np.zeros([side or 0 for side in shape], np.int64) for shape in shapes[1:])

    def nothing():
        return tf.zeros([side or 0 for side in shape], tf.uint8)

    def again(record):
        found = reader.attempt(lambda index: reader.read(index, here, *wide(index)), int(record))
        return np.zeros([side or 0 for side in shape], np.uint8) if found is None else found

    def finished(found, good, row, frames, clips, corners, record):
        found = tf.cond(good, lambda: found, lambda: call(again, [record], tf.uint8, shape))
        return tf.ensure_shape(found, shape), target_of(record), record

    dataset = tf.data.Dataset.from_tensor_slices(np.asarray(records, np.int64))
    dataset = dataset.map(lambda record: (*call(planned, [record], (tf.int64,) * 4, shapes), record))
    dataset = record_graph.read(dataset, _names(table), lambda serialized, *rest: decode(serialized, *rest[:4]),
                                nothing, workers)
    return dataset.map(finished)


def _frames_alone(reader, names, clip, fit, nothing):
    """A function (row, position in the manifest) -> (clips, whether they could be read)."""
    def pictures(row, index):
        try:
            return record_frames.pictures(names[row[SHARD]], row, reader.manifest.entries[index].frames,
                                          clip.channels), True
        except (ValueError, OSError):  # what it was is found out when the whole record is read
            return np.zeros((1, 1, 1, clip.channels), np.uint8), False

    def alone(row, index):
        found, good = call(pictures, [row, index], (tf.uint8, tf.bool), ((None, None, None, clip.channels), ()))
        return tf.cond(good, lambda: fit(found, row), nothing), good

    return alone


def _names(table):
    return [files.openable(shard) for shard in table.shards]


def _indexed(reader):
    return all(entry.indexed for entry in reader.manifest)


def _target_of(targets):
    """A function position -> target; a table in the graph, unless it would be large."""
    if targets.ndim == 1:
        table = tf.constant(targets)
        return lambda position: tf.gather(table, position)
    return lambda position: call(lambda index: targets[index], [position], tf.as_dtype(targets.dtype),
                                 targets.shape[1:])
