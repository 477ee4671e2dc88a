"""Clips in turns give what they give one by one, however many a session takes at once."""

import numpy as np
import pytest

from serving.session.runtimes.turns import in_turns


class Session:
    """Answers the first pixel of each clip; keeps how many it was given."""

    def __init__(self, batch):
        self.batch, self.taken = batch, []

    def run(self, clips):
        self.taken.append(len(clips))
        return {"scores": clips[:, :1].astype("float32"), "logits": -clips[:, :1].astype("float32")}


@pytest.mark.parametrize(("batch", "most", "taken"), [
    (None, None, [5]), (None, 4, [4, 1]), (1, None, [1] * 5), (2, 4, [2, 2, 2]), (8, None, [8])])
def test_answers_stand_in_the_order_of_the_clips(batch, most, taken):
    session, clips = Session(batch), np.arange(10, dtype="uint8").reshape(5, 2)
    found = in_turns(session, clips, most)
    assert found["scores"].tolist() == [[0], [2], [4], [6], [8]]
    assert found["logits"].tolist() == [[0], [-2], [-4], [-6], [-8]]
    assert session.taken == taken
