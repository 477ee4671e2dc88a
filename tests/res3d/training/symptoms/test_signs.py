"""Each sign where it is right, and where it stays silent."""

import math

import keras
import numpy as np
import pytest

from res3d.training.losses import ClassificationLoss
from res3d.training.symptoms import signs

SIX = signs.guess_of([1 / 6] * 6)


def line(*losses, every=100):
    return [(every * (i + 1), loss) for i, loss in enumerate(losses)]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_guessing_and_the_floor_are_those_of_the_loss_itself(smoothing):
    shares = np.array([0.5, 0.3, 0.2])
    labels = np.repeat(np.arange(3), [5, 3, 2])
    loss = ClassificationLoss(smoothing)
    best = np.log(shares * (1 - smoothing) + smoothing / 3)
    guess = signs.guess_of(shares, smoothing)
    assert guess.loss == pytest.approx(float(loss(labels, np.tile(best, (10, 1)))), abs=1e-5)
    sure = np.log(np.eye(3)[labels] * (1 - smoothing) + smoothing / 3 + 1e-12)
    assert guess.floor == pytest.approx(float(loss(labels, sure)), abs=1e-5)
    for other in (best + np.eye(3)[0] / 10, best - np.eye(3)[1] / 10):  # no constant answer is better
        assert float(loss(labels, np.tile(other, (10, 1)))) > guess.loss


def test_the_loss_of_guessing_several_labels():
    shares, hot = np.array([0.5, 0.25]), np.array([[1, 0], [0, 0], [1, 1], [0, 0]], "float32")
    loss = ClassificationLoss(multi_label=True)
    answers = np.tile(np.log(shares / (1 - shares)), (4, 1))
    assert signs.guess_of(shares, multi_label=True).loss == pytest.approx(
        float(keras.ops.convert_to_numpy(loss(hot, answers))), abs=1e-5)


def test_a_loss_like_guessing_is_told_after_the_stated_steps_and_not_before():
    flat = line(1.80, 1.79, 1.78, 1.79)
    assert signs.does_not_learn(flat, SIX, steps=400)
    assert not signs.does_not_learn(flat, SIX, steps=401)
    assert not signs.does_not_learn([], SIX, steps=0)


@pytest.mark.parametrize("losses", [
    (1.79, 1.75, 1.70, 1.65),  # slowly
    (1.79, 1.79, 1.79, 1.5),  # late
    (5.0, 1.5, 0.4, 0.1),
])
def test_what_learns_is_left_alone(losses):
    assert not signs.does_not_learn(line(*losses), SIX, steps=300)
    assert not signs.diverges(line(*losses), SIX)


def test_smoothing_counts_in_both_directions():
    """With smoothing 0.3 a perfect loss is 1.0: 1.5 of 1.79 is then well on its way."""
    smooth = signs.guess_of([1 / 6] * 6, 0.3)
    assert smooth.loss == pytest.approx(math.log(6))
    assert 0.9 < smooth.floor < 1.2
    assert not signs.does_not_learn(line(1.79, 1.7, 1.6, 1.5), smooth, steps=300)
    assert signs.does_not_learn(line(1.79, 1.78, 1.78, 1.77), smooth, steps=300)


@pytest.mark.parametrize("losses", [
    (1.8, 1.2, 6.0, 40.0),  # explodes
    (1.8, 0.6, 1.8, 1.8),  # falls back to guessing
    (8.0, 9.5, 30.0, 90.0),  # from the first step on
])
def test_a_loss_that_rises_for_good_is_told(losses):
    assert signs.diverges(line(*losses), SIX)


@pytest.mark.parametrize("losses", [
    (1.8, 1.2, 6.0, 1.1),  # one bad stretch
    (1.8, 1.0, 1.3, 1.4),  # overfits or is noisy, still better than guessing
    (9.0, 4.0, 2.5, 2.0),  # begins high
    (1.8, 6.0),
])
def test_a_loss_that_comes_down_again_is_left_alone(losses):
    assert not signs.diverges(line(*losses), SIX)


def rows(*pairs):
    return [{"accuracy": accuracy, "val_accuracy": held} for accuracy, held in pairs]


def test_what_is_remembered_and_not_understood_is_told():
    assert signs.remembers_only(rows((0.5, 0.2), (0.9, 0.18), (0.95, 0.16), (0.99, 0.2)), 1 / 6, videos=60)


@pytest.mark.parametrize("history", [
    rows((0.9, 0.18), (0.95, 0.16)),  # too early
    rows((0.9, 0.18), (0.95, 0.40), (0.99, 0.2)),
    rows((0.4, 0.18), (0.5, 0.16), (0.6, 0.2)),  # knows neither yet
    rows((0.9, 0.5), (0.95, 0.5), (0.99, 0.5)),  # a gap, but far above chance
    [{"accuracy": 0.99}] * 3,  # nothing held out
])
def test_a_gap_alone_is_no_sign(history):
    assert not signs.remembers_only(history, 1 / 6, videos=60)


def test_few_held_out_videos_may_be_right_by_luck():
    history = rows(*[(0.95, 0.5)] * 3)
    assert signs.remembers_only(history, 0.25, videos=8)
    assert not signs.remembers_only(history, 0.25, videos=80)


def test_a_class_with_nearly_all_answers_is_named():
    assert signs.swallowing_class([1, 0, 39], [20, 10, 10]) == 2
    assert signs.near_chance(rows(*[(0.4, 0.3)] * 3), 0.3, videos=40)


@pytest.mark.parametrize(("answers", "truth"), [
    ([30, 5, 5], [20, 10, 10]),
    ([39, 1, 0], [38, 1, 1]),  # nearly all videos are of it
    ([0, 9, 0], [3, 3, 3]),  # too few
    ([40, 0, 0], [40, 0, 0]),
])
def test_a_class_with_many_answers_is_not(answers, truth):
    assert signs.swallowing_class(answers, truth) is None


def test_answers_are_not_counted_where_the_accuracy_is_above_the_largest_class():
    assert not signs.near_chance(rows((0.4, 0.3), (0.4, 0.3), (0.5, 0.8)), 0.3, videos=40)
