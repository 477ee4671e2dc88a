"""Sequence parameter sets of H.264 (ITU-T H.264, 7.3.2.1.1) and HEVC (ITU-T H.265, 7.3.2.2) to sizes of pictures."""

from pipelines.video.headers.bits import Bits, units

# Profiles whose sets tell the format of colours; others have 4:2:0.
_WITH_COLORS = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
_H264_SET, _HEVC_SET = 7, 33
_CROP = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}  # pixels of a unit of cropping, (across, down), by colour format


def h264_size(packet):
    """(width, height) of the last set in a packet of start codes, which counts; None without one."""
    sets = [unit for kind, unit in units(packet, 0x1F) if kind == _H264_SET]
    return _h264(_plain(sets[-1][1:])) if sets else None


def hevc_size(packet):
    """(width, height) of the last set in a packet of start codes, which counts; None without one.

    Before it may stand the set of the file's header, which is put there whether or not the packet has its own.
    """
    sets = [unit for kind, unit in units(packet, 0x7E) if kind >> 1 == _HEVC_SET]
    return _hevc(_plain(sets[-1][2:])) if sets else None


def _plain(unit):
    """A unit without the bytes that keep start codes out of it."""
    return unit[:1024].replace(b"\0\0\3", b"\0\0")


def _h264(unit):
    profile, bits = unit[0], Bits(unit)
    bits.take(24)
    bits.golomb()
    colors, separate = 1, 0
    if profile in _WITH_COLORS:
        colors = bits.golomb()
        separate = bits.take(1) if colors == 3 else 0
        bits.golomb(), bits.golomb(), bits.take(1)
        if bits.take(1):
            for index in range(12 if colors == 3 else 8):
                if bits.take(1):
                    _skip_scaling(bits, 16 if index < 6 else 64)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1), bits.signed(), bits.signed()
        for _ in range(bits.golomb()):
            bits.signed()
    bits.golomb(), bits.take(1)
    width, rows = 16 * (bits.golomb() + 1), bits.golomb() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    across, down = _CROP[0 if separate else colors]
    left, right, top, bottom = _crop(bits)
    return width - across * (left + right), (2 - frames_only) * (16 * rows - down * (top + bottom))


def _skip_scaling(bits, count):
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _hevc(unit):
    bits = Bits(unit)
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)  # the profile and the level
    told = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in told:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    colors = bits.golomb()
    separate = bits.take(1) if colors == 3 else 0
    width, height = bits.golomb(), bits.golomb()
    across, down = _CROP[0 if separate else colors]
    left, right, top, bottom = _crop(bits)
    return width - across * (left + right), height - down * (top + bottom)


def _crop(bits):
    return [bits.golomb() for _ in range(4)] if bits.take(1) else (0, 0, 0, 0)
