"""A header bit by bit: numbers of fixed length, and Exp-Golomb codes."""


class Bits:
    """Reads a header from its first bit on; IndexError past its end.

    >>> bits = Bits(bytes([0b1011_0010, 0b0100_0000]))
    >>> bits.take(2), bits.golomb(), bits.golomb(), bits.take(1)
    (2, 0, 0, 0)
    """

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        """An unsigned number of `count` bits."""
        if self.place + count > 8 * len(self.data):
            raise IndexError("the header ends")
        first, self.place = self.place, self.place + count
        window = int.from_bytes(self.data[first // 8:(self.place + 7) // 8], "big")
        return window >> -self.place % 8 & (1 << count) - 1

    def golomb(self):
        """An unsigned number as `ue(v)` of H.264 and HEVC."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self):
        """A signed number as `se(v)`."""
        code = self.golomb()
        return (code + 1) // 2 * (1 if code % 2 else -1)


def units(data, mask=0xFF):
    """Yields (first byte & `mask`, bytes) of what begins at each start code 00 00 01."""
    place = data.find(b"\0\0\1")
    while 0 <= place < len(data) - 3:
        after = data.find(b"\0\0\1", place + 3)
        yield data[place + 3] & mask, data[place + 3:after if after >= 0 else len(data)]
        place = after
