"""The clips of a record as its row asks for them: by the graph or in Python, from a few frames alone or all of it."""

import numpy as np
import tensorflow as tf

from pipelines.dataset.from_records import decode, frames
from pipelines.dataset.from_records.rows import PLACE
from pipelines.dataset.graph import call, clips_shape

CHUNK = 256  # rows computed at a time


class RecordClips:
    """Reads `count` clips of a record, uint8 `shape`, in each of the ways there are.

    Args:
        source: `RecordSource`.
        clip: `ClipSpec` of what is read.
        count: int. Clips of a record.
        resizes: bool. Whether any picture has to be scaled.
        full_frame: bool. Whole pictures, whose size is known only when they are decoded.
    """

    def __init__(self, source, clip, count, resizes, full_frame=False):
        self.source, self.clip = source, clip
        self.shape = clips_shape(clip, count, full_frame)
        self.decode = decode.clip_decoder(clip, count, source.indexed, resizes, full_frame)
        self.fit = decode.fitter(clip, count, resizes, full_frame)
        self._here = tf.function(self.decode)

    def nothing(self):
        """What stands for clips that cannot be read, until others are found."""
        return tf.zeros([side or 1 for side in self.shape], tf.uint8)

    def read(self, dataset, position_of, finished, workers):
        """(row, other) becomes `finished(clips, whether they could be read, row, other)`, in order, here.

        Args:
            dataset: elements are the row of a record, and whatever else travels with it.
            position_of: function other -> position in the manifest.
            finished: function of tensors.
            workers: int. Records read at once.
        """
        if self.source.frames_alone:
            return dataset.map(lambda row, other: finished(*self._alone(row, position_of(other)), row, other), workers)
        return self.read_whole(dataset, workers).map(finished, workers)

    def read_whole(self, dataset, workers, autotune=False):
        """(row, other) becomes (clips, whether they could be read, row, other), in TensorFlow alone.

        With `autotune`, tf.data finds out how many records to read at once, up to `workers`.
        """
        return decode.read(dataset, self.source.names, self.decode, self.nothing, workers, autotune)

    def read_here(self, index, row):
        """The clips of a record as an array; VideoError where they cannot be read, with the reason."""
        return self.source.reader.read(index, self._here, row)

    def _alone(self, row, position):
        """(clips, whether they could be read) from the bytes of their frames alone."""
        entries, names, channels = self.source.manifest.entries, self.source.names, self.clip.channels

        def pictures(row, position):
            try:
                return frames.pictures(names[row[PLACE["shard"]]], row, entries[position].frames, channels), True
            except (ValueError, OSError):  # what it was is found out when the whole record is read
                return np.zeros((1, 1, 1, channels), np.uint8), False

        found, good = call(pictures, [row, position], (tf.uint8, tf.bool), ((None, None, None, channels), ()))
        return tf.cond(good, lambda: self.fit(found, row), self.nothing), good


def with_rows(dataset, rows_of, width):
    """Each element behind its row: `rows_of` computes the rows of a batch of elements at once, int64 (n, width)."""
    dataset = dataset.batch(CHUNK).map(lambda batch: (call(rows_of, [batch], tf.int64, (None, width)), batch))
    return dataset.flat_map(lambda *parts: tf.data.Dataset.from_tensor_slices(parts))
