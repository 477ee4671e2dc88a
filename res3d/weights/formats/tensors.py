"""Tensors as a checkpoint describes them: a storage of numbers, and views into it by offset, size and stride."""

import dataclasses

import numpy as np


@dataclasses.dataclass(eq=False)
class Storage:
    """A flat run of `count` numbers that several tensors may share; `values` arrives when the file has been read."""

    dtype: str
    key: str
    count: int
    values: np.ndarray | None = None
    offset: int = 0  # of a legacy view, in numbers, within `base`
    base: "Storage | None" = None

    def read(self):
        """The numbers, flat."""
        if self.base is not None:
            return self.base.read()[self.offset:self.offset + self.count]
        return self.values


@dataclasses.dataclass(eq=False)
class Tensor:
    """A view of a storage: element (i, j, ...) is number offset + i * stride[0] + j * stride[1] + ..."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def to_numpy(self):
        """A contiguous array of its own.

        Raises:
            ValueError: if the view leaves its storage, or counts an element twice; the text says which.
        """
        values = self.storage.read()
        check_view(self.offset, self.size, self.stride, values.size)
        if 0 in self.size:
            return np.zeros(self.size, values.dtype)
        step = values.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(values[self.offset:], self.size, [n * step for n in self.stride],
                                               writeable=False)
        return np.array(view, order="C")


def check_view(offset, size, stride, count):
    """Raises ValueError unless a view reads inside `count` numbers and each at most once.

    >>> check_view(0, (2, 3), (1, 2), 6)
    >>> check_view(0, (2, 3), (1, 1), 6)
    Traceback (most recent call last):
    ...
    ValueError: size (2, 3) with stride (1, 1) overlaps itself
    """
    numbers = [offset, *size, *stride]
    if len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(f"offset {offset!r}, size {size!r} and stride {stride!r} are not whole numbers that agree")
    if 0 in size:
        return
    reach = 0  # farthest number the axes so far can touch, smallest stride first
    for step, length in sorted(zip(stride, size)):
        if length == 1:
            continue
        if step <= reach:
            raise ValueError(f"size {size} with stride {stride} overlaps itself")
        reach += step * (length - 1)
    if offset + reach >= count:
        raise ValueError(f"offset {offset}, size {size} and stride {stride} reach past a storage of {count} numbers")
