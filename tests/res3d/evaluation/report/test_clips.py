"""Which clips a page shows, and a film of any number of frames."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from res3d.evaluation.predictions import Predictions
from res3d.evaluation.report.clips import clip_groups
from res3d.looks.pictures import film

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.05, 0.5, 0.45], [0.3, 0.6, 0.1], [np.nan] * 3])


def test_the_kinds_and_their_order():
    predictions = Predictions(list("abcde"), ["x", "y", "z"], [(0,), (0,), (0,), (0,), (0,)], SCORES)
    groups = clip_groups(predictions, lambda i: np.zeros((2, 8, 8, 3), "uint8"), count=2)
    assert [(heading, [card["video"] for card in cards]) for heading, _, cards in groups] == [
        ("Surest wrong answers", ["b", "d"]), ("Furthest from the truth", ["c"]), ("Surest right answers", ["a"])]
    (_, _, (card, *_)), *_ = groups
    assert [(row["label"], row["own"]) for row in card["scores"]] == [("y", False), ("x", True), ("z", False)]


def test_the_score_of_the_truth_is_shown_where_it_is_not_among_the_best():
    scores = np.array([[0.0, 0.4, 0.3, 0.2, 0.1]])
    predictions = Predictions(["a"], list("vwxyz"), [(0,)], scores)
    ((_, _, (card,)),) = clip_groups(predictions, lambda i: np.zeros((2, 8, 8, 3), "uint8"))
    assert [row["label"] for row in card["scores"]] == ["w", "x", "y", "v"]


@pytest.mark.parametrize(("count", "channels"), [(1, 3), (3, 1), (20, 3)])
def test_a_film_takes_any_number_of_frames(count, channels):
    found = film(np.zeros((count, 10, 20, channels), "uint8"))
    size = Image.open(io.BytesIO(base64.b64decode(found["source"].split(",")[1]))).size
    assert size == (264 * min(count, 8), 132)
    assert found["frames"] == min(count, 8)
