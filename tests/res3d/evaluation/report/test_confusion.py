"""Classes that are taken for each other stand together, and a picture of many says what is right."""

import base64
import io

import numpy as np
from PIL import Image

from res3d.evaluation.report.confusion import clustered, confusion, matrix_picture


def confused(classes, pairs):
    matrix = np.eye(classes, dtype="int64") * 10
    for i, j in pairs:
        matrix[i, j] += 10
    return matrix


def test_confused_classes_become_neighbours():
    order, groups = clustered(confused(9, [(0, 8), (2, 6), (6, 4)]))
    assert sorted(order.tolist()) == list(range(9))
    assert sorted(map(sorted, groups)) == [[0, 8], [2, 4, 6]]
    places = np.argsort(order)
    assert abs(places[0] - places[8]) == 1
    assert max(places[[2, 4, 6]]) - min(places[[2, 4, 6]]) == 2


def test_without_confusion_nothing_moves():
    order, groups = clustered(np.eye(5, dtype="int64"))
    assert order.tolist() == list(range(5))
    assert groups == []


def test_a_chain_of_confusion_is_no_group_of_all():
    _, groups = clustered(confused(40, [(i, i + 1) for i in range(39)]))
    assert groups
    assert max(map(len, groups)) <= 10


def test_every_count_is_written_of_few_classes_and_in_the_numbers_of_many():
    matrix = np.random.default_rng(0).integers(0, 4, (70, 70))
    few, many = confusion(matrix[:9, :9], list("abcdefghi")), confusion(matrix, [f"c{i}" for i in range(70)])
    assert sum(n for _, cells in few["written"] for n, *_ in cells) == matrix[:9, :9].sum()
    assert few["map"] is None
    assert many["written"] is None
    assert many["map"].startswith("data:image/png")


def test_the_shares_in_a_group_are_of_whole_rows():
    matrix = confused(70, [(0, 1), (0, 2)])
    matrix[0, 30] = 70  # a row of 100, of which a tenth is right
    group = confusion(matrix, [f"c{i}" for i in range(70)])["groups"][0]
    row = dict(group["written"])["c0"]
    n, share, own = row[group["columns"].index("c0")]
    assert (n, share, own) == (10, 31.6, True)  # the root of a tenth, in percent


def test_the_picture_is_blue_where_right_red_where_wrong_and_clear_elsewhere():
    uri = matrix_picture(np.array([[4, 0], [4, 0]]))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))).astype(int)
    right, nothing, wrong = pixels[0, 0], pixels[0, 1], pixels[1, 0]
    assert right[2] > right[0]
    assert wrong[0] > wrong[2]
    assert (right[3], nothing[3]) == (255, 0)
