"""Sequence headers of MPEG-1 and MPEG-2 (ISO 13818-2, 6.2.2.1) and layers of MPEG-4 (ISO 14496-2, 6.2.3) to sizes."""

from pipelines.video.headers.bits import Bits, units

_SEQUENCE, _LAYERS = 0xB3, range(0x20, 0x30)


def mpeg2_size(packet):
    """(width, height) of the first sequence header in a packet, or None."""
    return next(((bits.take(12), bits.take(12)) for kind, unit in units(packet) if kind == _SEQUENCE
                 for bits in [Bits(unit[1:])]), None)


def mpeg4_size(packet):
    """(width, height) of the first video object layer in a packet, or None; of shapes other than a rectangle, too."""
    return next((_layer(Bits(unit[1:])) for kind, unit in units(packet) if kind in _LAYERS), None)


def _layer(bits):
    bits.take(9)
    version = 1
    if bits.take(1):
        version = bits.take(4)
        bits.take(3)
    if bits.take(4) == 15:  # an aspect ratio of its own
        bits.take(16)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            bits.take(79)
    shape = bits.take(2)
    if shape == 3 and version != 1:
        bits.take(4)
    bits.take(1)
    ticks = bits.take(16)
    bits.take(1)
    if bits.take(1):
        bits.take(max((ticks - 1).bit_length(), 1))
    if shape != 0:
        return None
    bits.take(1)
    width = bits.take(13)
    bits.take(1)
    return width, bits.take(13)
