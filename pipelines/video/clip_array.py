"""Where the pixels of a video go: which clips each frame fills, and which cuts are made of a picture for them.

For `pipelines.video`, and for others who cut pictures the same way; how pixels are scaled is theirs to say.
"""

import operator

import numpy as np

from res3d.geometry.cutting import Cut


def whole(size):
    """A function (height, width) -> one `Cut`, in a tuple, that keeps the whole picture, scaled.

    A picture that changes its size in mid-stream is scaled to what the first one was.

    Args:
        size: None for the picture's own size, (height, width), or a function of (height, width) that returns it.
    """
    first = []

    def cuts(height, width):
        if not first:
            wanted = size(height, width) if callable(size) else (height, width) if size is None else size
            if not isinstance(wanted, list | tuple) or len(wanted) != 2 or min(wanted) < 1:
                raise ValueError("`size` must be None, two positive ints (height, width), or a function of (height, "
                                 f"width) that returns them. Received: {wanted!r}.")
            first.append(tuple(wanted))
        return (Cut((0, 0, height, width), first[0], (0, 0, *first[0])),)

    return cuts


def clip_cuts(clip, crops=(1,), positions=3, box=None):
    """A function (height, width) -> the `Cut`s of a `ClipSpec`: one for each of `crops`, or that of `box` instead.

    `crops` and `positions` are as `ClipSpec.cut` takes them, `box` as `read_clips` does.

    >>> from res3d.geometry import ClipSpec
    >>> [cut.crop for cut in clip_cuts(ClipSpec(), crops=(0, 2))(240, 320)]
    [(8, 0, 112, 112), (8, 58, 112, 112)]
    """
    def cuts(height, width):
        if box is None:
            return tuple(clip.cut(height, width, crop, positions) for crop in crops)
        part = tuple(int(edge) for edge in (box(height, width) if callable(box) else box))
        top, left, rows, columns = part
        if min(top, left) < 0 or min(rows, columns) < 1 or top + rows > height or left + columns > width:
            raise ValueError(f"A box is (top, left, height, width) inside a picture of {height}x{width}. "
                             f"Received: {part}.")
        return (clip.box_cut(part),)

    return cuts


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
        cuts: function (height, width) -> `Cut`s, as many for every picture, of the same box scaled to the same size.
        channels: int.
        resize: function of (picture, (height, width)).
        convert: function of (picture, target) that writes it into an array of its size with `channels` channels.

    Attributes:
        users: {frame: [(clip, place), ...]}.
        out: uint8 (clips x cuts, frames, height, width, channels), the cuts of a clip side by side; None at first.
    """

    def __init__(self, lists, cuts, channels, resize, convert):
        self.lists, self.cuts, self.channels, self.resize, self.convert = lists, cuts, channels, resize, convert
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
            self._made = self.cuts(*picture.shape[:2])
        made, count = self._made, len(self._made)
        if self.out is None:
            shape = len(self.lists) * count, max(map(len, self.lists)), *made[0].crop[2:], self.channels
            self.out = np.empty(shape, np.uint8)
        if index not in self.users:
            return
        (clip, place), *others = self.users[index]
        picture = made[0].boxed(picture)
        if picture.shape[:2] != made[0].size:
            picture = self.resize(picture, made[0].size)
        for number, cut in enumerate(made):
            target = self.out[clip * count + number, place]
            self.convert(cut.cropped(picture), target)
            if cut.mirrored:
                target[:] = target[:, ::-1].copy()
            for other, position in others:
                self.out[other * count + number, position] = target


def one_of(name, value, table):
    """`table[value]`; a value that is not there is refused by the argument's name."""
    if value not in table:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, table))}. Received: {value!r}.")
    return table[value]
