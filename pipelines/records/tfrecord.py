"""TFRecord files: framing, checksums, and records by their place; ours, so that TensorFlow is not waited for.

A record is 8 bytes of length, a checksum of those, the data, a checksum of them. The checksum is CRC-32C, masked.
Reference: the file format in TensorFlow's `record_writer.h`; CRC-32C as in RFC 3720, appendix B.4.
"""

import os
import struct

import google_crc32c

HEADER_BYTES, FOOTER_BYTES = 12, 4


class DamagedRecordError(ValueError):
    """A record that does not read back; the text names the file and the offset.

    `found` holds the (offset, length) of the records that lie before it, where that was being looked for.
    """

    found = ()


class Writer:
    """Appends records to an open binary file and knows where each went.

    >>> import io
    >>> file = io.BytesIO()
    >>> writer = Writer(file)
    >>> writer.write(b"one"), writer.write(b"three"), [data for _, data in read_all(file)]
    (0, 19, [b'one', b'three'])
    """

    def __init__(self, file):
        self.file, self.offset = file, 0

    def write(self, data):
        """Writes a record; returns its offset."""
        began, length = self.offset, struct.pack("<Q", len(data))
        for part in (length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data))):
            self.file.write(part)
        self.offset += HEADER_BYTES + len(data) + FOOTER_BYTES
        return began


def read_at(file, offset, name=""):
    """The record at `offset` of an open file; DamagedRecordError says what is wrong with it."""
    length = _length(file, offset, name)
    data = file.read(length)
    footer = file.read(FOOTER_BYTES)
    if len(data) < length or len(footer) < FOOTER_BYTES:
        raise DamagedRecordError(f"{_at(name, offset)} is cut off: {length} bytes were promised, {len(data)} are there")
    if struct.unpack("<I", footer)[0] != masked_crc(data):
        raise DamagedRecordError(f"{_at(name, offset)} has a wrong checksum over its {length} bytes")
    return data


def offsets(file, name=""):
    """(offset, length) of each record, found by hopping from header to header.

    Raises:
        DamagedRecordError: where a header is damaged: what lies behind it cannot be found.
    """
    file.seek(0, os.SEEK_END)
    end, at, found = file.tell(), 0, []  # TensorFlow's files do not say where they have gone
    while at < end:
        try:
            length = _length(file, at, name)
            if at + HEADER_BYTES + length + FOOTER_BYTES > end:
                raise DamagedRecordError(f"{_at(name, at)} is cut off: {length} bytes were promised, "
                                    f"{end - at - HEADER_BYTES} are there")
        except DamagedRecordError as error:
            error.found = found
            raise
        found.append((at, length))
        at += HEADER_BYTES + length + FOOTER_BYTES
    return found


def read_all(file, name=""):
    """Yields (offset, data) of each record of an open file."""
    for offset, _ in offsets(file, name):
        yield offset, read_at(file, offset, name)


def _length(file, offset, name):
    file.seek(offset)
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise DamagedRecordError(f"{_at(name, offset)} is cut off: {len(header)} of the {HEADER_BYTES} bytes of its "
                                 "header are there")
    if struct.unpack("<I", header[8:])[0] != masked_crc(header[:8]):
        raise DamagedRecordError(f"{_at(name, offset)} has a wrong checksum over its length")
    return struct.unpack("<Q", header[:8])[0]


def _at(name, offset):
    return f"the record at byte {offset}" + (f" of '{name}'" if name else "")


def masked_crc(data):
    """CRC-32C of bytes, rotated and shifted as the format has it.

    >>> hex(masked_crc(b"123456789"))
    '0xc78ab0e5'
    """
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
