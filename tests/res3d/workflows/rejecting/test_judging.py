"""Figures of each half by the threshold of the other, against the same written out plainly."""

import numpy as np
import pytest

from res3d.evaluation.predictions import Predictions
from res3d.evaluation.rejection import Rejection, count_alarms, threshold_keeping, threshold_of_alarms
from res3d.evaluation.rejection_words import told
from res3d.workflows.rejecting.background import Background
from res3d.workflows.rejecting.judging import Judged, digest_of_names, figures, halves


def test_halves_keep_names_together_and_are_about_as_large():
    names = [f"g{number % 7}" for number in range(40)]
    half = halves(names)
    assert 15 <= half.sum() <= 25
    assert all(len(set(half[[name == other for other in names]])) == 1 for name in names)


def test_a_share_that_is_kept_is_told_of_videos_that_it_was_not_chosen_on():
    rng = np.random.default_rng(0)
    videos, groups = [f"{i}.avi" for i in range(30)], [f"g{i // 3}" for i in range(30)]
    scores = rng.dirichlet(np.ones(4), 30)
    predictions = Predictions(videos, ["a", "b", "c", "none"], [(int(i),) for i in rng.integers(0, 3, 30)], scores)
    judged = Judged.of(predictions, groups, False)
    found = figures(Rejection(1.0, threshold_keeping(judged.scores, judged.right, 0.8), "keep=0.8",
                              on=digest_of_names(videos)), judged)
    best, half = scores.argmax(axis=1), halves(groups)
    right, named, given = best == predictions.single, best != 3, np.zeros(30, bool)
    for mine, other in ((half, ~half), (~half, half)):
        threshold = threshold_keeping(scores.max(axis=1)[other], (right & named)[other], 0.8)
        given |= mine & named & (scores.max(axis=1) >= threshold)
    assert found["held_out"] == {"answered": given.mean(), "right_of_answered": right[given].mean(),
                                 "right_kept": given[right & named].mean()}
    assert found["right_kept"] >= 0.8
    assert "These are the very videos that the threshold was chosen on. By a threshold of the other half" in told(found)
    others = figures(Rejection(1.0, 0.5, "keep=0.8", on=digest_of_names(videos[:-1])), judged)
    assert (others["chosen_on_these"], others["held_out"]) == ([], None)
    assert "very videos" not in told(others)


@pytest.mark.parametrize("per_hour", [0, 30])
def test_alarms_are_told_of_background_that_they_were_not_chosen_on(per_hour):
    rng = np.random.default_rng(1)
    windows = [(video, label, float(rng.uniform())) for video in "abcd" for label in rng.choice(["x", "y"], 50)]
    background = Background(windows, dict.fromkeys("abcd", 1800.0), [])
    rejection = Rejection(1.0, threshold_of_alarms(windows, 7200, per_hour), f"alarms={per_hour}",
                          on=digest_of_names("abcd"))
    judged = Judged.of(Predictions(["v"], ["x", "y"], [(0,)], np.array([[0.9, 0.1]])), ["v"], False)
    found = figures(rejection, judged, background)
    sides = [{name for name, is_one in zip("abcd", halves(list("abcd"))) if is_one == side} for side in (True, False)]
    alarms = 0
    for mine, other in (sides, sides[::-1]):
        ours, theirs = ([row for row in windows if row[0] in some] for some in (mine, other))
        alarms += count_alarms(ours, threshold_of_alarms(theirs, 3600, per_hour))
    assert found["held_out"] == {"alarms_per_hour": alarms / 2}
    assert found["alarms_per_hour"] <= per_hour
    assert "the very background that the threshold was chosen on. By a threshold of the other half" in told(found)
