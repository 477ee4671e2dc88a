"""Where the pixels of a video go: which clips each frame fills, and which part of a picture at what size.

For `pipelines.video`, and for others who cut pictures the same way; how pixels are scaled is theirs to say.
"""

import dataclasses
import operator

import numpy as np


@dataclasses.dataclass(frozen=True)
class Cut:
    """What is done to one picture: `box` of it or all, scaled to `size`, of which each of `corners` begins a crop.

    `box` is (top, left, height, width) in pixels, `size` and `crop` are (height, width), `corners` are (top, left,
    mirrored) in the scaled picture.
    """

    box: tuple | None
    size: tuple
    corners: tuple
    crop: tuple


def whole(size):
    """A function (height, width) -> Cut that keeps the whole picture, scaled.

    A picture that changes its size in mid-stream is scaled to what the first one was.

    Args:
        size: None for the picture's own size, (height, width), or a function of (height, width) that returns it.
    """
    first = []

    def cut(height, width):
        if not first:
            wanted = size(height, width) if callable(size) else (height, width) if size is None else size
            if not isinstance(wanted, list | tuple) or len(wanted) != 2 or min(wanted) < 1:
                raise ValueError("`size` must be None, two positive ints (height, width), or a function of (height, "
                                 f"width) that returns them. Received: {wanted!r}.")
            first.append(tuple(wanted))
        return Cut(None, first[0], ((0, 0, False),), first[0])

    return cut


def clip_cut(clip, crops=(1,), positions=3, box=None):
    """A function (height, width) -> Cut as a `ClipSpec` says: resized and cropped, or `box` scaled to the clip's size.

    >>> from res3d.geometry import ClipSpec
    >>> clip_cut(ClipSpec(), crops=(0, 2))(240, 320)
    Cut(box=None, size=(128, 170), corners=((8, 0, False), (8, 58, False)), crop=(112, 112))
    """
    crop = clip.height, clip.width

    def cut(height, width):
        if box is not None:
            part = tuple(int(edge) for edge in (box(height, width) if callable(box) else box))
            top, left, rows, columns = part
            if min(top, left) < 0 or min(rows, columns) < 1 or top + rows > height or left + columns > width:
                raise ValueError(f"A box is (top, left, height, width) inside a picture of {height}x{width}. "
                                 f"Received: {part}.")
            return Cut(part, crop, ((0, 0, False),), crop)
        size = clip.resized_size(height, width)
        return Cut(None, size, tuple(crop_corner(clip, *size, place, positions) for place in crops), crop)

    return cut


def crop_corner(clip, height, width, crop, positions=3):
    """(top, left, mirrored) of a crop in a resized picture.

    Args:
        clip: `ClipSpec`.
        height: int. Of the resized picture.
        width: int.
        crop: int, a position of `positions` along the longer side; or (row, column, mirrored), row and column each 0
            first, 1 middle or 2 last.
        positions: int.

    Raises:
        ValueError: for a crop that would not lie inside the picture.

    >>> from res3d.geometry import ClipSpec
    >>> clip = ClipSpec(height=112, width=112)
    >>> crop_corner(clip, 128, 170, 2), crop_corner(clip, 128, 170, (2, 0, True))
    ((8, 58, False), (16, 0, True))
    """
    if isinstance(crop, tuple):
        row, column, mirrored = crop
        if not {row, column} <= {0, 1, 2}:
            raise ValueError("A crop is a position, or (row, column, mirrored) with row and column 0, 1 or 2. "
                             f"Received: {crop}.")
        return (height - clip.height) * row // 2, (width - clip.width) * column // 2, mirrored
    return *clip.crop_offsets(height, width, crop, positions), False


def slots(lists):
    """{frame: [(view, place), ...]} for lists of frame numbers.

    >>> slots([[3, 5], [5, 6]])
    {3: [(0, 0)], 5: [(0, 1), (1, 0)], 6: [(1, 1)]}
    """
    found = {}
    for view, indices in enumerate(lists):
        for place, value in enumerate(indices):
            try:
                index = operator.index(value)
            except TypeError:
                index = -1
            if index < 0:
                raise ValueError(f"A frame number must be an integer from 0 on. Received: {value!r}.")
            found.setdefault(index, []).append((view, place))
    return found


class Filling:
    """Clips that fill with one picture after the other, each picture cut, scaled and put wherever it is wanted.

    Args:
        lists: lists of frame numbers, one a clip.
        cut: function (height, width) -> Cut.
        channels: int.
        resize: function of (picture, (height, width)).
        convert: function of (picture, target) that writes it into an array of its size with `channels` channels.

    Attributes:
        users: {frame: [(clip, place), ...]}.
        out: uint8 (clips x crops, frames, height, width, channels), the crops of a clip side by side; None at first.
    """

    def __init__(self, lists, cut, channels, resize, convert):
        self.lists, self.cut, self.channels, self.resize, self.convert = lists, cut, channels, resize, convert
        self.users = slots(lists)
        self.out = self._shape = None

    @property
    def wanted(self):
        """Frame numbers in order; of empty lists the first, which tells the size."""
        return sorted(self.users) or [0]

    def put(self, index, picture):
        """Takes in frame `index`."""
        if picture.shape != self._shape:
            self._shape = picture.shape
            self._how = self.cut(*picture.shape[:2])
        how, (rows, columns) = self._how, self._how.crop
        count = len(how.corners)
        if self.out is None:
            shape = len(self.lists) * count, max(map(len, self.lists)), rows, columns, self.channels
            self.out = np.empty(shape, np.uint8)
        if index not in self.users:
            return
        (clip, place), *others = self.users[index]
        if how.box is not None:
            top, left, height, width = how.box
            picture = picture[top:top + height, left:left + width]
        if picture.shape[:2] != how.size:
            picture = self.resize(picture, how.size)
        for crop, (top, left, mirrored) in enumerate(how.corners):
            target = self.out[clip * count + crop, place]
            self.convert(picture[top:top + rows, left:left + columns], target)
            if mirrored:
                target[:] = target[:, ::-1].copy()
            for other, position in others:
                self.out[other * count + crop, position] = target


def one_of(name, value, table):
    """`table[value]`; a value that is not there is refused by the argument's name."""
    if value not in table:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, table))}. Received: {value!r}.")
    return table[value]
