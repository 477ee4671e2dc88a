"""TFRecord files without TensorFlow: length, masked crc32c of the length, content, masked crc32c of the content."""

import functools
import os
import struct

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli, reflected
LANES = 512


def write(path, records):
    """Writes byte strings as one TFRecord file."""
    with open(path, "wb") as file:
        for record in records:
            length = struct.pack("<Q", len(record))
            file.write(length + _mask(crc32c(length)) + record + _mask(crc32c(record)))


def read(path):
    """The records of a TFRecord file, in order.

    Raises:
        ValueError: for a file that ends inside a record, or whose checksums do not match; names file and record.
    """
    with open(path, "rb") as file:
        number, size = 0, os.fstat(file.fileno()).st_size
        while head := file.read(12):
            if len(head) < 12 or _mask(crc32c(head[:8])) != head[8:]:
                raise ValueError(f"'{path}' must be a TFRecord file. The header of record {number} is damaged.")
            length = struct.unpack("<Q", head[:8])[0]
            record, check = file.read(min(length, size)), file.read(4)
            if len(record) < length or check != _mask(crc32c(record)):
                raise ValueError(f"'{path}' must be a whole TFRecord file. Record {number} of {length} bytes is "
                                 "damaged or cut short.")
            yield record
            number += 1


def _mask(crc):
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(content):
    """The Castagnoli checksum of a byte string, many lanes at once.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table = _table()
    crc, width = 0xFFFFFFFF, len(content) // LANES
    if width >= 64:
        lanes = np.frombuffer(content, np.uint8, LANES * width).reshape(LANES, width)
        crcs = np.zeros(LANES, np.uint32)
        crcs[0] = crc
        for column in np.ascontiguousarray(lanes.T):
            crcs = table[(crcs ^ column) & 0xFF] ^ (crcs >> 8)
        crc, shift = 0, _shift(width)
        for lane in crcs.tolist():  # the checksum is linear: moved past `width` zeros it makes room for the next lane
            crc = (shift[0][crc & 255] ^ shift[1][crc >> 8 & 255] ^ shift[2][crc >> 16 & 255] ^ shift[3][crc >> 24]
                   ^ lane)
        content = content[LANES * width:]
    table = table.tolist()
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@functools.cache
def _table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ POLYNOMIAL, table >> 1).astype(np.uint32)
    return table


@functools.lru_cache(maxsize=8)
def _shift(count):
    """Four tables, one a byte of the checksum, that move it past `count` zero bytes."""
    values = np.arange(256, dtype=np.uint32)
    crcs = np.stack([values << np.uint32(8 * byte) for byte in range(4)])
    table = _table()
    for _ in range(count):
        crcs = table[crcs & 0xFF] ^ (crcs >> 8)
    return crcs.tolist()
