"""Codecs whose pictures tell their own size: VP8 (RFC 6386), VP9, JPEG, PNG and ProRes."""

import struct

from pipelines.video.headers.bits import Bits

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of JPEG that a frame's header follows
_SRGB = 7


def vp8_size(packet):
    """(width, height) of a key frame, or None."""
    if packet[0] & 1 or packet[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = struct.unpack_from("<HH", packet, 6)
    return width & 0x3FFF, height & 0x3FFF


def vp9_size(packet):
    """(width, height) of a key frame, or None."""
    bits = Bits(packet[:32])
    if bits.take(2) != 2:
        return None
    profile = bits.take(1) + 2 * bits.take(1)
    bits.take(profile == 3)
    if bits.take(2):  # a frame shown again, or one that is no key frame
        return None
    bits.take(2)
    if bits.take(24) != 0x498342:
        return None
    bits.take(profile >= 2)
    if bits.take(3) != _SRGB:
        bits.take(1 + 3 * (profile % 2))
    else:
        bits.take(profile % 2)
    return bits.take(16) + 1, bits.take(16) + 1


def jpeg_size(packet):
    """(width, height) of the first frame in a JPEG, or None."""
    place = 2
    while packet[place] == 0xFF:
        marker = packet[place + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", packet, place + 5)
            return width, height
        place += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", packet, place + 2)[0]
    return None


def png_size(packet):
    """(width, height) of a PNG, or None."""
    return struct.unpack_from(">II", packet, 16) if packet[12:16] == b"IHDR" else None


def prores_size(packet):
    """(width, height) of a frame, or None."""
    return struct.unpack_from(">HH", packet, 16) if packet[4:8] == b"icpf" else None
