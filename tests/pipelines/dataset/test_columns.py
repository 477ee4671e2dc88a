"""Names for the columns of a table of integers, in NumPy and in a graph."""

import numpy as np
import tensorflow as tf

from pipelines.dataset.columns import Columns

COLUMNS = Columns("offset", "length", box=4, frames=1, rest=0)


def test_there_and_back():
    rows = COLUMNS.zeros(2)
    rows["offset"], rows["box"], rows["frames"] = (5, 6), (1, 2, 3, 4), [[7], [8]]
    plain = COLUMNS.plain(rows)
    assert plain.tolist() == [[5, 0, 1, 2, 3, 4, 7], [6, 0, 1, 2, 3, 4, 8]]
    assert (plain.dtype, COLUMNS.width) == (np.int64, 7)
    np.testing.assert_array_equal(COLUMNS.named(plain), rows)
    assert COLUMNS.named(plain[1])["box"].tolist() == [1, 2, 3, 4]
    assert COLUMNS.plain(COLUMNS.zeros(0)).shape == (0, 7)
    assert COLUMNS.named(np.zeros((0, 7), np.int64)).shape == (0,)


def test_tables_that_do_not_lie_side_by_side_in_memory():
    rows = COLUMNS.zeros(4)
    rows["offset"] = range(4)
    assert COLUMNS.plain(rows[::2])[:, COLUMNS["offset"]].tolist() == [0, 2]
    table = np.arange(14, dtype=np.int64).reshape(7, 2).T
    assert COLUMNS.named(table)["length"].tolist() == [2, 3]


def test_rows_in_a_graph():
    @tf.function
    def parts(row):
        return row[COLUMNS["length"]], row[COLUMNS["box"]], row[COLUMNS["rest"]]

    length, box, rest = parts(tf.range(7, dtype=tf.int64))
    assert (int(length), box.numpy().tolist(), rest.shape) == (1, [2, 3, 4, 5], (0,))
