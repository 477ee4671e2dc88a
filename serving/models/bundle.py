"""Whether the variables of a SavedModel have arrived whole: what their index promises against the files that are there.

The index is a sorted table (LevelDB's format, uncompressed as TensorFlow writes it) of BundleEntryProto messages.
"""

import os
import stat
import struct

from serving.tensors.tfrecord import masked_crc

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48  # bytes
_TRAILER = 5  # bytes after each block: its compression and its checksum
_MOST_BYTES = 2**31  # of a message; a longer file is none


def content(file):
    """The bytes of a file that a version consists of.

    Args:
        file: pathlib.Path.

    Raises:
        OSError: if it cannot be read, is no plain file, or has more bytes than a message can.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise OSError(0, "it is no plain file", str(file))
    if status.st_size >= _MOST_BYTES:
        raise OSError(0, f"it has {status.st_size} bytes, and at most {_MOST_BYTES - 1} can be", str(file))
    return file.read_bytes()


def missing(folder):
    """What a `variables/` folder lacks, in words, or "" if every byte that its index promises is there.

    Args:
        folder: pathlib.Path.

    Raises:
        OSError: if something there cannot be read.
    """
    index = folder / "variables.index"
    try:
        whole = content(index)
    except FileNotFoundError:
        return f"{folder.name}/{index.name} is not there"
    if len(whole) < _FOOTER or struct.unpack("<Q", whole[-8:])[0] != _MAGIC:
        return f"{folder.name}/{index.name} ends early"
    try:
        shards, ends = _promises(whole)
    except (ValueError, IndexError, struct.error):
        return f"{folder.name}/{index.name} is damaged"
    for number in range(shards):
        shard = folder / f"variables.data-{number:05}-of-{shards:05}"
        there = os.path.isfile(shard)
        size = shard.stat().st_size if there else 0
        if not there or size < ends.get(number, 0):
            return f"{folder.name}/{shard.name} has {size} of {ends.get(number, 0)} bytes"
    return ""


def _promises(content):
    """The number of data files, and how many bytes each must at least have.

    Raises:
        ValueError, IndexError, struct.error: for an index that is damaged.
    """
    shards, ends = 0, {}
    footer = content[-_FOOTER:]
    _, at = _handle(footer, 0)
    (offset, size), _ = _handle(footer, at)
    for _, handle in _entries(content, offset, size):
        (start, length), _ = _handle(handle, 0)
        for key, value in _entries(content, start, length):
            fields = _fields(value)
            if not key:  # the header: field 1 counts the shards
                shards = fields.get(1, 1)
            else:  # an entry: 3 is its shard, 4 its offset, 5 its size
                shard = fields.get(3, 0)
                ends[shard] = max(ends.get(shard, 0), fields.get(4, 0) + fields.get(5, 0))
    if not shards:
        raise ValueError("There is no header.")
    return shards, ends


def _entries(content, offset, size):
    """Keys and values of one block, whose keys drop what they share with the one before."""
    block, check = content[offset:offset + size], content[offset + size + 1:offset + size + _TRAILER]
    if masked_crc(content[offset:offset + size + 1]) != check:
        raise ValueError("A block's checksum does not match.")
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at:at + fresh]
        at += fresh
        yield key, block[at:at + length]
        at += length


def _handle(data, at):
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        if shift > 63:
            raise ValueError("A number has more than 64 bits.")
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _fields(message):
    """The whole-number fields of a serialized message; the others are stepped over."""
    fields, at = {}, 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            fields[tag >> 3], at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            at += length
        else:
            at += 4 if kind == 5 else 8
    return fields
