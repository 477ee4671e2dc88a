"""TFRecord files: framing, checksums, and records by their place, without TensorFlow.

A record is 8 bytes of length, a checksum of those, the data, a checksum of them. The checksum is CRC-32C, masked.
Reference: the file format in TensorFlow's `record_writer.h`; CRC-32C as in RFC 3720, appendix B.4.
"""

import functools
import os
import struct

import numpy as np

HEADER_BYTES, FOOTER_BYTES = 12, 4
_POLYNOMIAL = 0x82F63B78
_LANE = 256  # bytes that a lane of the vectorised checksum goes through
# x^5685 + x^1362 + x^426 + 1 is a multiple of the polynomial, and so is what it becomes with x^32 for x: a word may be
# taken away from where it is, and added this many words behind.
_BEHIND = 4323, 5259, 5685


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
    """CRC-32C, rotated and shifted as the format has it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data):
    """CRC-32C (Castagnoli) of bytes.

    Long data are folded into their end; that goes through many lanes at once, whose checksums are then joined in pairs.
    Both are sound because checksums are linear.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    data, begin = np.frombuffer(data, np.uint8), 0xFFFFFFFF
    if data.size >= 4 * (_BEHIND[0] + _BEHIND[-1]):
        data, begin = _folded(data, begin), 0
    lanes = data.size // _LANE
    if lanes < 8:
        return _plain(data, begin) ^ 0xFFFFFFFF
    head = data.size - lanes * _LANE
    # Zero bytes in front leave a zero state alone, so lanes may be padded to a power of two from the front.
    words = data[head:].reshape(lanes, _LANE).view("<u4")
    high, low = _pair_tables()
    state = np.zeros(lanes, np.uint32)
    for step in np.ascontiguousarray(words.T):
        state ^= step
        state = high[state & 0xFFFF] ^ low[state >> 16]
    size = _LANE
    while state.size > 1:
        if state.size % 2:
            state = np.concatenate([np.zeros(1, np.uint32), state])
        state = _shifted(state[0::2], size) ^ state[1::2]
        size *= 2
    first = _plain(data[:head], begin)
    return int(_shift_by(first, lanes * _LANE) ^ int(state[0])) ^ 0xFFFFFFFF


def _folded(data, begin):
    """Shorter bytes, whose checksum begun with 0 is that of `data` begun with `begin`."""
    words, step, reach = data[:data.size // 4 * 4].view("<u4"), _BEHIND[0], _BEHIND[-1]
    added, at = np.zeros(step + reach, "<u4"), 0  # to the words from `at` on
    added[0] = begin
    while at + step + reach <= words.size:
        block = words[at:at + step] ^ added[:step]
        added[:reach] = added[step:]
        added[reach:] = 0
        for behind in _BEHIND:
            added[behind - step:behind] ^= block
        at += step
    return np.concatenate([(words[at:at + reach] ^ added[:reach]).view(np.uint8), data[4 * (at + reach):]])


def _plain(data, state):
    table = _table().tolist()
    for byte in data.tolist():
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state


@functools.cache
def _table():
    """What a byte of the state becomes when eight zero bits follow it."""
    state = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        state = np.where(state & 1, (state >> 1) ^ np.uint32(_POLYNOMIAL), state >> 1)
    return state


@functools.cache
def _pair_tables():
    """What the low and the high half of the state become when four zero bytes follow."""
    half, table = np.arange(1 << 16, dtype=np.uint32), _table()
    found = []
    for state in (half, half << 16):
        for _ in range(4):
            state = table[state & 0xFF] ^ (state >> 8)
        found.append(state)
    return found


@functools.cache
def _zeros(size):
    """Four tables, one a byte of the state: what it becomes when `size` zero bytes follow; `size` a power of two."""
    if size == 1:
        table = _table()
        byte = np.arange(256, dtype=np.uint32)
        return np.stack([table, byte, byte << 8, byte << 16])
    return _shifted(_zeros(size // 2), size // 2)


def _shifted(state, size):
    first, second, third, fourth = _zeros(size)
    return first[state & 0xFF] ^ second[state >> 8 & 0xFF] ^ third[state >> 16 & 0xFF] ^ fourth[state >> 24]


def _shift_by(state, size):
    state, power = np.array([state], np.uint32), 1
    while size:
        if size & 1:
            state = _shifted(state, power)
        size >>= 1
        power *= 2
    return int(state[0])
