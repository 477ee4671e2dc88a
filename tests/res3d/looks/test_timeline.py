"""Lanes lie where their times are, whatever the time that they stand for."""

import pytest

from res3d.looks.timeline import clock, timeline


def test_parts_lie_at_their_share_of_the_time_and_moments_can_be_seen():
    drawing = timeline([("run", [("truth", "told", 30.0, 60.0, "run"), ("answer", "right", 90.0, 90.0, "hit")])], 120.0)
    assert drawing["lanes"] == [("run", [("truth", "told", 25.0, 25.0, "run"), ("answer", "right", 75.0, 0.35, "hit")])]
    assert drawing["marks"] == [(0.0, "0:00"), (12.5, "0:15"), (25.0, "0:30"), (37.5, "0:45"), (50.0, "1:00"),
                                (62.5, "1:15"), (75.0, "1:30"), (87.5, "1:45")]


@pytest.mark.parametrize("seconds", [0.0, 0.3, 7.0, 59.9, 3600.0, 100_000.0])
def test_marks_are_few_even_and_inside(seconds):
    marks = timeline([], seconds)["marks"]
    assert 1 <= len(marks) <= 9
    assert all(0 <= place < 100 for place, _ in marks)


def test_what_ends_after_the_video_is_inside():
    assert timeline([("a", [("", "right", 5.0, 20.0, "a")])], 10.0)["lanes"][0][1][0][2:4] == (25.0, 75.0)


def test_times_as_people_read_them():
    assert [clock(value) for value in (59.99, 3599.5, 7325)] == ["1:00.0", "59:59.5", "2:02:05"]
