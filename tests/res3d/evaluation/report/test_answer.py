"""What the top of a page says: why to believe the figure, and what to do."""

import pytest

from res3d.evaluation.report import answer

SOUND = {"top1": 0.8, "videos": 100, "groups": 20, "intervals": {"top1": [0.75, 0.85]}, "trained_on": 0,
         "of_trained_groups": 0, "leaks": {"same_moments": 0}, "baselines": {"chance": {"top1": 0.1}}}
ROW = {"label": "a", "videos": 30, "right": 30, "value": 1.0, "answers": 30, "taken_for": "", "times": 0}
LOW = ROW | {"label": "b", "right": 3, "value": 0.1, "taken_for": "a", "times": 9}


def test_a_sound_figure_is_believed_and_nothing_is_asked_for():
    rows = answer.trust(SOUND)
    assert [state for state, _ in rows] == ["good"] * 4
    assert answer.verdict(rows) == ("good", "All 4 checks hold")
    assert answer.next_steps(SOUND, [ROW, ROW | {"label": "c"}])[0][0] == "Try it on videos of other places"


@pytest.mark.parametrize(("change", "sentence", "step"), [
    ({"trained_on": 3}, "3 of the videos were trained on", "Evaluate on videos that it has not seen"),
    ({"leaks": {"same_moments": 2, "without_same_moments": {"top1": 0.7}}},
     "2 of the videos show moments of videos trained on", "Take out what leaks"),
    ({"baselines": {"chance": {"top1": 0.8}}}, "“chance” does as well without a network",
     "Find out why no network is needed"),
    ({"baselines": {"chance": {"top1": 0.9}}}, "“chance” does 10.0 points better without a network",
     "Find out why no network is needed"),
    ({"intervals": {"top1": [0.7, 0.85]}, "baselines": {"middle_frame": {"top1": 0.75}}},
     "Only 5.0 points above “linear, one middle frame”, which lies in its interval: this may be luck",
     "Look at “b” beside “a”"),
    ({"intervals": {"top1": [0.5, 0.9]}}, "50.0 % to 90.0 % if other groups were filmed (95 %, 20 groups)",
     "Evaluate on more groups"),
    ({"skipped": 20}, "20 videos could not be read and count for nothing", "Repair the videos that cannot be read")])
def test_what_is_doubtful_is_said_and_comes_first(change, sentence, step):
    assert ("warn", sentence) in answer.trust(SOUND | change)
    assert answer.verdict(answer.trust(SOUND | change))[0] == "warn"
    assert answer.next_steps(SOUND | change, [ROW, LOW])[0][0] == step


def test_what_nobody_looked_at_is_not_called_good():
    rows = answer.trust({"top1": 0.5, "videos": 2})
    assert {state for state, _ in rows} == {""}
    assert answer.verdict(rows) == ("", "Nobody has checked it")
    _, *others = answer.trust(SOUND)
    assert answer.verdict([*others, *rows[:2]]) == ("", "3 checks hold, 2 were not made")


def test_a_few_that_cannot_be_read_are_told_and_speak_against_nothing():
    rows = answer.trust(SOUND | {"skipped": 1, "padded": 1})
    assert rows[-2:] == [("note", "1 video could not be read and counts for nothing"),
                         ("note", "1 video was too short, and had frames repeated")]
    assert answer.verdict(rows) == ("good", "All 4 checks hold")


def test_none_of_these_is_told_and_speaks_against_nothing():
    found = {"threshold": 0.62, "answered": 0.9, "right_of_answered": 0.95, "alarms_per_hour": 3.0}
    rows = answer.trust(SOUND | {"rejection": found})
    assert rows[-1] == ("note", "Below a score of 0.62 it answers “none of these”, which no other figure counts: "
                        "90.0 % of the videos are answered, 95.0 % of the answers are right; 3.0 false alarms an hour "
                        "of background")
    chosen = {"chosen_on_these": ["alarms_per_hour"], "held_out": {"alarms_per_hour": 7.0}}
    assert answer.trust(SOUND | {"rejection": found | chosen})[-1][1].endswith(
        "an hour of background. The false alarms are counted in the very background that the threshold was chosen on. "
        "By a threshold of the other half of them: 7.0 false alarms an hour")
    assert answer.verdict(rows) == ("good", "All 4 checks hold")


def test_the_class_that_fails_is_named_with_what_it_is_taken_for():
    (what, why), *_ = answer.next_steps(SOUND, [ROW, LOW])
    assert what == "Look at “b” beside “a”"
    assert "3 of 30 and takes 9 for the other" in why


def test_a_gap_and_a_falling_loss_are_seen_in_the_history():
    history = [{"accuracy": 0.9, "val_accuracy": 0.5, "val_loss": loss} for loss in (4.0, 3.0, 2.0, 1.0)]
    assert [what for what, _ in answer.next_steps(SOUND, [ROW], history)] == ["Give it more variety", "Train longer"]


def test_frames_shuffled_are_no_baseline():
    assert answer.against(SOUND | {"motion": {"shuffled": {"top1": 0.79}, "stilled": {"top1": 0.5}}}) == (
        pytest.approx(0.3), "middle frame only")
