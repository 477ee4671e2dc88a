"""TFRecord files, framed here because no package but TensorFlow, seconds to import, does.

Each record is its length, the length's masked CRC-32C, the content and the content's masked CRC-32C.
"""

import os
import struct

import google_crc32c


def write(path, records):
    """Writes byte strings as one TFRecord file."""
    with open(path, "wb") as file:
        for record in records:
            length = struct.pack("<Q", len(record))
            file.write(length + masked_crc(length) + record + masked_crc(record))


def read(path):
    """The records of a TFRecord file, in order.

    Raises:
        ValueError: for a file that ends inside a record, or whose checksums do not match; names file and record.
    """
    with open(path, "rb") as file:
        number, size = 0, os.fstat(file.fileno()).st_size
        while head := file.read(12):
            if len(head) < 12 or masked_crc(head[:8]) != head[8:]:
                raise ValueError(f"'{path}' must be a TFRecord file. The header of record {number} is damaged.")
            length = struct.unpack("<Q", head[:8])[0]
            record, check = file.read(min(length, size)), file.read(4)
            if len(record) < length or check != masked_crc(record):
                raise ValueError(f"'{path}' must be a whole TFRecord file. Record {number} of {length} bytes is "
                                 "damaged or cut short.")
            yield record
            number += 1


def masked_crc(content):
    """The CRC-32C of a byte string as TFRecord files keep it: rotated and shifted, four bytes.

    >>> masked_crc(b"123456789").hex()
    'e5b08ac7'
    """
    crc = google_crc32c.value(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
