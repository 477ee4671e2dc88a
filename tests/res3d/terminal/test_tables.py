"""Tables fit a terminal and are whole elsewhere."""

import io

import pytest

from res3d.terminal import tables

ROWS = [("videos/train/running/0000000001.mp4", "0.9931", "running on a track, seen from above"),
        ("b.mp4", "0.5", "lies")]


@pytest.mark.parametrize("width", [40, 60, 79, 200])
def test_lines_are_no_wider_than_the_terminal(width):
    lines = tables.aligned(ROWS, right=(1,), elastic=(0, 2), ends=(0,), width=width).splitlines()
    assert max(map(len, lines)) == min(width, 80)
    assert "0.9931" in lines[0]
    assert ("…" in lines[0]) == (width < 80)
    assert lines[0].partition("  ")[0].endswith("0001.mp4"), "the end of a path tells it from others"


def test_without_a_width_nothing_is_cut():
    assert tables.aligned(ROWS).splitlines()[0] == "  ".join(ROWS[0])


def test_a_column_keeps_some_letters_on_the_narrowest_terminal():
    first = tables.aligned(ROWS, elastic=(0, 2), width=1).splitlines()[0]
    assert first == "videos/trai…  0.9931  running on …"


def test_only_a_terminal_has_a_width(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert tables.width_of_terminal() is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "97")
    assert tables.width_of_terminal() == 97
