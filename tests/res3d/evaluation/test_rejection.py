"""A temperature against the plain definition, thresholds against every threshold there is."""

import numpy as np
import pytest

from res3d.evaluation.metrics import sigmoid, softmax
from res3d.evaluation.rejection import (
    Rejection,
    cooled_scores,
    count_alarms,
    fit_sigmoid_temperature,
    fit_temperature,
    from_card,
    threshold_keeping,
    threshold_of_alarms,
)


@pytest.mark.parametrize("truth", [0.4, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_at_is_found(truth):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (4000, 5))
    labels = [rng.choice(5, p=row) for row in softmax(logits / truth)]
    assert fit_temperature(logits + rng.normal(size=(4000, 1)), labels) == pytest.approx(truth, rel=0.1)


def test_no_other_temperature_is_likelier():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 2, (30, 3)), rng.integers(0, 3, 30)
    targets = (np.eye(3)[labels] * 30 + 1) / 33

    def loss(temperature):
        return -(targets * np.log(softmax(logits / temperature))).sum()

    found = fit_temperature(logits, labels)
    assert loss(found) <= min(loss(value) for value in np.geomspace(0.1, 10, 300)) + 1e-9


def test_a_few_videos_that_are_all_right_do_not_make_it_certain():
    logits = np.eye(3)[[0, 1, 2]] * 2.0
    assert fit_temperature(logits, [0, 1, 2]) > 0.1
    assert cooled_scores(softmax(logits), fit_temperature(logits, [0, 1, 2])).max() < 0.8


def test_several_labels_have_the_temperature_that_they_were_drawn_at():
    rng = np.random.default_rng(5)
    logits = rng.normal(-1, 3, (4000, 4))
    hot = rng.uniform(size=logits.shape) < sigmoid(logits / 2.5)
    assert fit_sigmoid_temperature(logits, hot) == pytest.approx(2.5, rel=0.1)
    assert fit_sigmoid_temperature(logits / 2.5, hot, 2.5) == pytest.approx(1.0, rel=0.1)
    np.testing.assert_allclose(cooled_scores(sigmoid(logits), 1.7, True), sigmoid(logits / 1.7), atol=1e-9)


def test_cooling_scores_is_cooling_their_logits():
    logits = np.random.default_rng(2).normal(size=(4, 6))
    np.testing.assert_allclose(cooled_scores(softmax(logits), 1.7), softmax(logits / 1.7), atol=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 1.0])
def test_the_threshold_is_the_greatest_that_keeps_the_share(share):
    rng = np.random.default_rng(3)
    scores, right = rng.uniform(size=37), rng.uniform(size=37) < 0.7
    found = threshold_keeping(scores, right, share)
    assert (scores[right] >= found).mean() >= share
    assert (scores[right] >= np.nextafter(found, 1)).mean() < share


@pytest.mark.parametrize("per_hour", [0, 2, 7.5, 1000])
def test_the_threshold_is_the_least_above_which_alarms_keep_to_their_number(per_hour):
    rng = np.random.default_rng(4)
    windows = [("ab"[i // 30], ("run", "jump", "none")[rng.integers(3)], float(rng.uniform())) for i in range(60)]
    found = threshold_of_alarms(windows, 3600.0, per_hour)
    above = [score for _, _, score in windows if score >= found]
    assert all(count_alarms(windows, score) <= per_hour for score in above)
    below = max((score for _, label, score in windows if score < found and label != "none"), default=None)
    assert below is None or count_alarms(windows, below) > per_hour


def test_neighbours_of_one_answer_are_one_alarm_and_of_two_videos_two():
    windows = [("a", "run", 0.9), ("a", "run", 0.9), ("b", "run", 0.9), ("b", "jump", 0.9), ("b", "none", 0.9)]
    assert count_alarms(windows, 0.5) == 3
    assert count_alarms([], 0.5) == 0


def test_it_is_saved_and_read_back_and_refuses(tmp_path):
    rejection = Rejection(1.5, 0.6, "keep=0.95", 20, "abc")
    rejection.save(tmp_path / "r.json")
    assert Rejection.load(tmp_path / "r.json") == rejection
    assert rejection.refuses([{"label": "none", "score": 0.9}])
    assert from_card({"rejection": {"temperature": 1.5, "threshold": 0.6}}).threshold == 0.6
    assert from_card({}) is None
    (tmp_path / "r.json").write_text('{"temperature": 1}')
    with pytest.raises(ValueError, match=r"must have the fields .*--calibrate"):
        Rejection.load(tmp_path / "r.json")


@pytest.mark.parametrize(("call", "says"), [
    (lambda: Rejection(0.0, 0.5), "`temperature` of a rejection must be a number, above 0"),
    (lambda: Rejection(1.0, float("nan")), "`threshold`"),
    (lambda: threshold_keeping([0.5], [False]), "none that is right"),
    (lambda: threshold_keeping([0.5], [True], 1.5), "at most 1"),
    (lambda: threshold_of_alarms([], 0.0, 1), "above 0"),
])
def test_what_is_no_input_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()
