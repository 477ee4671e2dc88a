"""Which part of a picture is kept, and at what size: for one picture, for arrays of many, and inside a graph."""

import dataclasses
from typing import Any

Ints = Any  # an int, or an array of ints


@dataclasses.dataclass(frozen=True)
class Cut:
    """What is done to a picture: `box` of it is scaled to `size`, and `crop` of that is kept, `mirrored` or not.

    `box` and `crop` are (top, left, height, width), `size` is (height, width), in pixels: ints for one picture, arrays
    for many, tensors in a graph. `ClipSpec` computes them; whoever holds the pixels carries them out.
    """

    box: tuple[Ints, Ints, Ints, Ints]
    size: tuple[Ints, Ints]
    crop: tuple[Ints, Ints, Ints, Ints]
    mirrored: bool = False

    def boxed(self, pictures: Any) -> Any:
        """`box` of `(..., height, width, channels)`."""
        return _part(pictures, self.box)

    def cropped(self, scaled: Any) -> Any:
        """`crop` of what `boxed` gave, scaled to `size` meanwhile; not yet mirrored."""
        return _part(scaled, self.crop)


def _part(pictures, box):
    top, left, height, width = box
    return pictures[..., top:top + height, left:left + width, :]


class Plain:
    """What NumPy and TensorFlow do with arrays under these names, for single ints."""

    minimum, maximum = min, max

    @staticmethod
    def where(condition, yes, no):
        return yes if condition else no


def rounded(number, divisor):
    """`number / divisor`, whole, as `round` has it: halves go to the even number."""
    doubled = 2 * number + divisor
    nearest = doubled // (2 * divisor)
    return nearest - (doubled % (2 * divisor) == 0) * (nearest % 2)
