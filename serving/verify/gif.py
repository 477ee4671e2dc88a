"""Small grey GIF files for warm-up and verification, written without any imaging library.

Codes of eight bits and a dictionary that is cleared before it grows: no compression, every decoder reads it.
"""

import struct

import numpy as np

CLEAR, END = 128, 129


def encode(frames):
    """An animated GIF of grey pictures with 128 levels.

    Args:
        frames: uint8 `(n, height, width)`, even values; the lowest bit is dropped.

    Returns:
        bytes; a decoder gives `frames` back, the same in red, green and blue.
    """
    height, width = frames.shape[1:]
    palette = b"".join(bytes([2 * level] * 3) for level in range(128))
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0xF6, 0, 0), palette]
    for frame in frames:
        parts += [b"\x21\xf9\x04\x00\x04\x00\x00\x00", b"\x2c", struct.pack("<HHHHB", 0, 0, width, height, 0), b"\x07",
                  _blocks(_codes(frame.reshape(-1) // 2)), b"\x00"]
    return b"".join([*parts, b"\x3b"])


def _codes(levels):
    """One byte a code while fewer than 256 codes are known: a clear code before every 100 pixels keeps it so."""
    groups = [levels[start:start + 100] for start in range(0, len(levels), 100)]
    return b"".join(bytes([CLEAR]) + group.astype(np.uint8).tobytes() for group in groups) + bytes([END])


def _blocks(content):
    return b"".join(bytes([len(part)]) + part
                    for part in (content[start:start + 255] for start in range(0, len(content), 255)))
