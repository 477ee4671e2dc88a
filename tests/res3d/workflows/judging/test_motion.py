"""Clips with their motion changed, and the figures of it."""

import json
import shutil

import numpy as np
import pytest

from res3d.workflows.judging.motion import reversed_, shuffled, stilled

VIEWS = np.arange(2 * 6).reshape(2, 6, 1, 1, 1)


def test_reversed_and_stilled_say_what_they_do():
    np.testing.assert_array_equal(reversed_(VIEWS, 0)[1, :, 0, 0, 0], [11, 10, 9, 8, 7, 6])
    np.testing.assert_array_equal(stilled(VIEWS, 0)[:, :, 0, 0, 0], [[3] * 6, [9] * 6])


def test_shuffled_clips_have_the_same_frames_never_in_order_and_the_same_each_time():
    for position in range(50):
        found = shuffled(VIEWS, position)[:, :, 0, 0, 0]
        assert sorted(found[0]) == list(range(6))
        assert list(found[0]) != list(range(6))
        np.testing.assert_array_equal(found[1] - 6, found[0])
        np.testing.assert_array_equal(found, shuffled(VIEWS, position)[:, :, 0, 0, 0])
    assert shuffled(VIEWS[:, :1], 0).shape == (2, 1, 1, 1, 1)


@pytest.mark.slow
def test_evaluate_tells_motion_and_what_needs_no_network(trained, tmp_path, console):
    copy = shutil.copytree(trained, tmp_path / "run")
    code, out, _ = console("evaluate", f"--workdir={copy}", "--motion")
    assert code == 0
    metrics = json.loads((copy / "metrics.json").read_text())
    assert set(metrics["motion"]) == {"shuffled", "reversed", "stilled"}
    assert all(0 <= found["top1"] <= 1 and 0 <= found["same_answer"] <= 1 for found in metrics["motion"].values())
    assert metrics["baselines"]["chance"]["top1"] == 1 / 8
    assert metrics["groups"] == 8
    assert "  linear, frame differences " in out
    assert "  frames shuffled " in out
    assert "Against what needs no network" in (copy / "report.html").read_text()


@pytest.mark.slow
def test_baselines_can_be_left_out(trained, tmp_path, console):
    copy = shutil.copytree(trained, tmp_path / "run")
    code, out, _ = console("evaluate", f"--workdir={copy}", "--nobaselines")
    assert code == 0
    assert "linear" not in out
    assert "baselines" not in json.loads((copy / "metrics.json").read_text())
