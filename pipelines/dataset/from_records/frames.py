"""A few frames of a record on a disk: their bytes alone are read, each checked by a checksum of its own.

A video's record holds hundreds of frames, of which a clip takes a few next to each other. Its context has a table of
them (`records.FRAME_TABLE`), so that the rest of the record is neither read nor checked nor copied.
"""

import functools
import os
import zlib

import numpy as np

from pipelines.dataset.from_records.rows import named
from pipelines.records import record, wire
from pipelines.records.tfrecord import HEADER_BYTES
from pipelines.storage import addresses
from pipelines.video.opencv import decode_image

ENTRY = np.dtype([("from_end", "<u4"), ("size", "<u4"), ("crc", "<u4")])
HEAD_BYTES = 1024  # room for names and labels before the table
INDEX_BYTES = 8  # of the other index before the table, for each frame


def can_read(manifest, names):
    """Whether every record has the table, and every shard's name is a file on a disk."""
    return all(entry.tabled for entry in manifest) and not any(addresses.is_remote(name) for name in names)


def read(path, offset, length, count, frames):
    """The JPEGs of some frames of a record, as a list of bytes.

    Args:
        path: str. The shard.
        offset, length: ints. Where its manifest says that the record lies, bytes.
        count: int. Frames of the record.
        frames: ints. Which are wanted.

    Raises:
        ValueError: if it has no table of so many frames there, or a frame has another checksum.
    """
    began, frames = offset + HEADER_BYTES, np.asarray(frames)
    with open(path, "rb", buffering=0) as file:
        descriptor, prefix = file.fileno(), _prefix(count)
        for room in (HEAD_BYTES + (ENTRY.itemsize + INDEX_BYTES) * count, length):
            head = os.pread(descriptor, min(room, length), began)
            at = head.find(prefix) + len(prefix)
            if len(prefix) <= at <= len(head) - ENTRY.itemsize * count:
                break
        else:
            raise ValueError(f"Expected a table of {count} frames in the record at byte {offset} of '{path}'. Found "
                             "none. Copy the shard again.")
        table = np.frombuffer(head, ENTRY, count, at)[frames].tolist()
        first = length - max(from_end for from_end, _, _ in table)
        last = length - min(from_end - size for from_end, size, _ in table)
        data = os.pread(descriptor, last - first, began + first) if 0 <= first < last <= length else b""
    found = []
    for number, (from_end, size, crc) in zip(frames.tolist(), table):
        start = length - from_end - first
        found.append(data[start:start + size])
        if zlib.crc32(found[-1]) != crc:
            raise ValueError(f"Expected frame {number} of the record at byte {offset} of '{path}' as it was written. "
                             "Its checksum is another. Copy the shard again.")
    return found


def pictures(path, row, count, channels):
    """The part of each chosen frame that a row of `RecordRows` asks for, uint8 (frames, height, width, channels)."""
    row = named(row)
    offset = int(row["offset"])
    if offset < 0:
        raise ValueError("Expected a record that is to be read. Received the row of one that is too "
                         "short. Leave it out.")
    top, left, height, width = row["box"].tolist()
    jpegs = read(path, offset, int(row["length"]), count, row["frames"])
    found = np.empty((len(jpegs), height, width, channels), np.uint8)
    for place, jpeg in enumerate(jpegs):
        picture = decode_image(jpeg, channels)
        if picture.shape[0] < top + height or picture.shape[1] < left + width:
            raise ValueError(f"Expected pictures of {top + height}x{left + width} or more in the record at byte "
                             f"{offset} of '{path}'. One has {picture.shape[0]}x{picture.shape[1]}. Prepare "
                             "the data again.")
        found[place] = picture[top:top + height, left:left + width]
    return found


@functools.lru_cache(maxsize=4096)
def _prefix(count):
    return wire.before_bytes(record.FRAME_TABLE, ENTRY.itemsize * count)
