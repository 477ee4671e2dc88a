"""Python's side of reading records: a single one, and what is wrong with it if the graph could not read it."""

import tensorflow as tf

from pipelines.dataset.from_records.rows import UNREADABLE, named
from pipelines.records import record, tfrecord
from pipelines.storage import addresses, files
from pipelines.video.info import VideoError
from pipelines.video.opencv import decode_image


class RecordReader:
    """Reads single records by position in the manifest.

    Args:
        manifest: `Manifest` of `RecordEntry` objects.
        clip: `ClipSpec`.
    """

    def __init__(self, manifest, clip):
        self.manifest, self.clip = manifest, clip

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
        if named(row)["offset"] == UNREADABLE:
            shorter = "a clip of fewer" if self.clip.in_segments else "a shorter clip or a smaller stride"
            raise VideoError(entry.path, f"its record has {entry.frames} frames, fewer than a clip spans "
                                         f"({self.clip.span}); use {shorter}, or pass policy='repeat_last'")
        serialized = self.serialized(index)
        try:
            return decode(tf.constant(serialized), *map(tf.constant, (row, *rest))).numpy()
        except tf.errors.OpError as error:
            raise VideoError(entry.path, diagnosis(entry, serialized, error)) from None

    def lies_in(self, sizes, index):
        """The `RecordEntry`; VideoError if its shard is not long enough to hold it.

        `sizes` has the bytes of each shard, or the OSError that asking for them gave.
        """
        entry = self.manifest.entries[index]
        size = sizes[entry.shard]
        if isinstance(size, OSError):
            raise VideoError(entry.path, f"its shard '{addresses.shown(entry.shard)}' cannot be opened: {size}")
        end = entry.offset + tfrecord.HEADER_BYTES + entry.length + tfrecord.FOOTER_BYTES
        if end > size:
            raise VideoError(entry.path, f"the record at {entry} is cut off: the shard has {size} bytes, and it "
                                         f"ends at {end}; copy the shard again")
        return entry


def shard_sizes(shards):
    """{shard: bytes, or the OSError for one that cannot be opened}."""
    sizes = {}
    for shard in shards:
        try:
            sizes[shard] = files.size(shard)
        except OSError as error:
            sizes[shard] = error
    return sizes


def diagnosis(entry, serialized, error):
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
