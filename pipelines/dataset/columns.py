"""Tables of whole numbers whose columns have names: structured arrays in NumPy, positions of a row in a graph."""

import numpy as np


class Columns:
    """Names for the columns of an int64 table, and the one place that knows where each of them lies.

    NumPy code has structured arrays (`rows["key"]`). A graph, which knows none, has plain rows of integers, of which
    `row[columns["key"]]` is a column.

    Args:
        single: names of columns of one number each.
        several: {name: how many numbers}, of columns behind those.

    Attributes:
        names: tuple of str, in order.
        width: int. Numbers in a row.

    >>> columns = Columns("offset", box=4)
    >>> rows = columns.zeros(2)
    >>> rows["box"] = 1, 2, 3, 4
    >>> columns.plain(rows)[0].tolist(), columns["offset"], columns["box"]
    ([0, 1, 2, 3, 4], 0, slice(1, 5, None))
    """

    def __init__(self, *single, **several):
        self.names = (*single, *several)
        sizes = dict.fromkeys(single, ()) | {name: (size,) for name, size in several.items()}
        self.dtype = np.dtype([(name, np.int64, size) for name, size in sizes.items()])
        self.width = self.dtype.itemsize // np.dtype(np.int64).itemsize
        self._places = {name: place for place, name in enumerate(single)}
        start = len(single)
        for name, size in several.items():
            self._places[name] = slice(start, start + size)
            start += size

    def __getitem__(self, name):
        """Where a column lies in a plain row: an int, or a slice for several numbers."""
        return self._places[name]

    def zeros(self, count):
        """A table of `count` rows, structured."""
        return np.zeros(count, self.dtype)

    def plain(self, rows):
        """A structured table (n,) as int64 (n, width)."""
        return np.ascontiguousarray(rows).view(np.int64).reshape(*rows.shape, self.width)

    def named(self, table):
        """Plain rows, int64 (n, width) or (width,), as a structured table, or one row of it."""
        return np.ascontiguousarray(table).view(self.dtype)[..., 0]
