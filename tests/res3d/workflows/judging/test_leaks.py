"""What held-out videos share with those trained on: found at the end of a run, told, and taken out of the figures."""

import shutil

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.video import write_video
from res3d.evaluation.worth import worth_lines
from res3d.workflows.judging import leaks

ROWS = [{"second": "b", "kind": "same moments"}, {"second": "b", "kind": "same background"},
        {"second": "c", "kind": "same background"}]


def test_figures_are_told_without_what_is_shared():
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    found = leaks.leak_figures(ROWS, list("abcd"), scores, np.array([1, 0, 1, 0]), False)
    assert (found["same_moments"], found["same_background"]) == (1, 1)
    assert found["without_same_moments"] == {"top1": 2 / 3, "mean_class_accuracy": 0.75, "videos": 3}
    assert found["without_both"] == {"top1": 0.5, "mean_class_accuracy": 0.5, "videos": 2}
    lines = worth_lines({"top1": 0.75, "leaks": found})
    assert lines == ["1 of the videos show moments of videos trained on; top1 without: 66.7 %",
                     "1 of the videos show the same background; top1 without: 50.0 %"]


def test_where_nothing_is_shared_nothing_is_left_out():
    found = leaks.leak_figures([], list("ab"), np.eye(2), np.array([0, 1]), False)
    assert found == {"same_moments": 0, "same_background": 0}
    assert worth_lines({"top1": 1.0, "leaks": found}) == []


def test_where_all_is_shared_no_figure_is_left():
    found = leaks.leak_figures(ROWS[:1], ["b"], np.eye(2)[:1], np.array([0]), False)
    assert found["without_same_moments"] == {"videos": 0}
    line, = worth_lines({"top1": 1.0, "leaks": found})
    assert line == "1 of the videos show moments of videos trained on; no others are left"


def test_too_many_videos_and_none_are_not_looked_at(monkeypatch):
    one, none = Manifest([Entry("nowhere.mp4", (0,))], ["a"]), Manifest([], ["a"])
    assert leaks.find_leaks(none, one) == []
    monkeypatch.setattr(leaks, "MOST", 1)
    assert leaks.find_leaks(one, one) is None


def test_a_run_leaves_what_it_found_even_if_that_is_nothing(trained):
    assert {row["kind"] for row in leaks.load_leaks(trained / "leaks.csv")} <= {"same background"}


@pytest.fixture
def torn(motion, tmp_path):
    """The generated motions, of which one held-out video is one trained on, encoded anew."""
    from pipelines.video import reading

    data = shutil.copytree(motion, tmp_path / "data")
    source = sorted((data / "train" / "left").iterdir())[0]
    info = reading.probe(source)
    frames = reading.read_frames(source, range(info.num_frames))
    write_video(data / "val" / "left" / "again.mp4", frames, info.fps)
    return data


@pytest.mark.slow
def test_a_run_tells_what_is_shared_and_evaluate_the_figure_without(torn, tiny, tmp_path, console):
    flags = [f"--set={setting}" for setting in tiny]
    code, out, _ = console("train", "--recipe=demo", f"--data={torn}", f"--workdir={tmp_path / 'run'}", *flags)
    assert code == 0
    assert f"1 of 9 videos show moments of videos trained on, and 0 more the same background: " \
           f"{tmp_path / 'run' / 'leaks.csv'}" in out
    (row,) = leaks.load_leaks(tmp_path / "run" / "leaks.csv")
    assert row["second"] == str(torn / "val/left/again.mp4")
    assert row["first"].startswith(str(torn / "train/left"))
    code, out, _ = console("evaluate", f"--workdir={tmp_path / 'run'}", "--nobaselines")
    assert code == 0
    assert "1 of the videos show moments of videos trained on; top1 without: " in out
    code, out, _ = console("evaluate", f"--workdir={tmp_path / 'run'}", "--nobaselines", f"--data={torn / 'val'}")
    assert "1 of the videos show moments of videos trained on" in out  # looked for again


@pytest.mark.slow
def test_it_can_be_left_out(motion, tiny, tmp_path, console):
    flags = [f"--set={setting}" for setting in tiny]
    code, out, _ = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={tmp_path / 'run'}", "--noleaks",
                           *flags)
    assert code == 0
    assert not (tmp_path / "run" / "leaks.csv").exists()
    code, out, _ = console("evaluate", f"--workdir={tmp_path / 'run'}", "--nobaselines", "--noleaks")
    assert "trained on" not in out
