"""Python's side of reading records: what is wrong with one that the graph could not read, and what stands in for it."""

import tensorflow as tf

from pipelines.dataset.clip_reader import ClipReader
from pipelines.dataset.from_records.rows import OFFSET, UNREADABLE
from pipelines.records import record, tfrecord
from pipelines.storage import addresses, files
from pipelines.video.info import VideoError
from pipelines.video.opencv import decode_image
from pipelines.video.probe_cache import Probes


class RecordReader(ClipReader):
    """Reads single records by position in the manifest; `attempt` and `attempt_next` are those of `ClipReader`.

    Args:
        manifest: `Manifest` of `RecordEntry` objects.
        rows: `RecordRows` of the same.
        quarantine: `Quarantine`.
        on_error: "quarantine" or "raise".
    """

    def __init__(self, manifest, rows, quarantine, on_error="quarantine"):
        super().__init__(manifest, rows.clip, Probes(), quarantine, on_error, rows.policy)
        self.rows = rows

    def extent(self, index):
        """(info, first, last): what sampling has to know, and the half-open range of the record's frames."""
        info = self.manifest.entries[index].info
        return info, 0, info.num_frames

    def serialized(self, index):
        """A record's bytes; VideoError names the shard, the offset and what is wrong there."""
        entry = self.manifest.entries[index]
        try:
            with files.open_file(entry.shard) as file:
                return tfrecord.read_at(file, entry.offset, addresses.shown(entry.shard))
        except (tfrecord.DamagedRecordError, OSError) as error:
            raise VideoError(entry.path, str(error)) from None

    def read(self, index, decode, row, *rest):
        """What `decode`, of `pipelines.dataset.from_records.decode`, gives for a record, as arrays.

        Raises:
            VideoError: for a record that cannot be read, parsed or decoded.
        """
        entry = self.manifest.entries[index]
        if row[OFFSET] == UNREADABLE:
            raise VideoError(entry.path, f"its record has {entry.frames} frames, fewer than a clip spans "
                                         f"({self.clip.span}); use a shorter clip or a smaller stride, or pass "
                                         "policy='repeat_last'")
        serialized = self.serialized(index)
        try:
            return decode(tf.constant(serialized), *map(tf.constant, (row, *rest))).numpy()
        except tf.errors.OpError as error:
            raise VideoError(entry.path, self.diagnosis(entry, serialized, error)) from None

    def diagnosis(self, entry, serialized, error):
        """What is wrong with a record that reads and does not decode."""
        try:
            frames = record.decode(serialized, str(entry)).frames
        except record.RecordError as wrong:
            return str(wrong)
        if len(frames) != entry.frames:
            return f"the record at {entry} has {len(frames)} frames, and its manifest says {entry.frames}"
        for number, frame in enumerate(frames):
            try:
                decode_image(frame)
            except VideoError:
                return f"frame {number} of the record at {entry} is no JPEG that decodes"
        return f"the record at {entry} cannot be decoded: {error.message[:200]}"

    def check(self, workers=1, every=False):
        """Positions of the records that their shards are long enough to hold; the others are quarantined.

        Raises:
            ValueError: if there are none, or all are shorter than a clip.
        """
        sizes = {}
        for shard in self.rows.shards:
            try:
                sizes[shard] = files.size(shard)
            except OSError as error:
                sizes[shard] = error
        good = [index for index in range(len(self.manifest)) if self.attempt(self._lies_in(sizes), index) is not None]
        if not good:
            raise ValueError(self.nothing_usable())
        longest, position = self.rows.longest
        if longest < self.clip.span:
            rate = f" at {self.clip.fps:g} fps" if self.clip.fps is not None else ""
            raise ValueError(
                f"Expected a record at least as long as a clip of {self.clip.frames} frames, stride {self.clip.stride}"
                f"{rate}: {self.clip.span} frames. The longest of {len(good)} is that of "
                f"'{self.manifest.entries[position].path}' with {longest}. Use fewer frames or a smaller stride.")
        return good

    def _lies_in(self, sizes):
        def look(index):
            entry = self.manifest.entries[index]
            size = sizes[entry.shard]
            if isinstance(size, OSError):
                raise VideoError(entry.path, f"its shard '{addresses.shown(entry.shard)}' cannot be opened: {size}")
            end = entry.offset + tfrecord.HEADER_BYTES + entry.length + tfrecord.FOOTER_BYTES
            if end > size:
                raise VideoError(entry.path, f"the record at {entry} is cut off: the shard has {size} bytes, and it "
                                             f"ends at {end}; copy the shard again")
            return entry

        return look
