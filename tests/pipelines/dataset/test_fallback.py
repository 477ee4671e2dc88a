"""A video that cannot be read is named, and the next that can be stands in for it."""

import pytest

from pipelines.annotations.entries import Entry
from pipelines.dataset.fallback import Fallback
from pipelines.dataset.quarantine import Quarantine
from pipelines.video.info import UnreachableError, VideoError

BAD = {1: VideoError("1.mp4", "it is empty"), 2: VideoError("2.mp4", "it is text")}


def read(index):
    if index in BAD:
        raise BAD[index]
    return f"clip of {index}"


def fallback(count=4, on_error="quarantine"):
    return Fallback([Entry(f"{number}.mp4") for number in range(count)], Quarantine(), on_error)


def test_the_next_stands_in_around_the_end():
    found = fallback(3)
    assert found.read_or_next(read, 0) == ("clip of 0", 0)
    assert not found.quarantine
    assert found.read_or_next(read, 1) == ("clip of 0", 0)
    assert list(found.quarantine) == [("1.mp4", "it is empty"), ("2.mp4", "it is text")]


def test_a_bad_video_is_tried_once():
    found, tried = fallback(), []

    def noted(index):
        tried.append(index)
        return read(index)

    assert [found.try_read(noted, 1) for _ in range(3)] == [None] * 3
    assert found.read_or_next(noted, 1) == ("clip of 3", 3)
    assert tried == [1, 2, 3]
    assert found.failure is None


def test_nothing_stands_in_where_that_is_not_wanted():
    found = fallback(on_error="raise")
    with pytest.raises(VideoError, match="it is empty"):
        found.read_or_next(read, 1)
    assert found.failure is BAD[1]
    assert not found.quarantine


def test_read_keeps_what_went_wrong():
    found = fallback()
    assert found.read(read, 3) == "clip of 3"
    with pytest.raises(VideoError, match="it is text"):
        found.read(read, 2)
    assert found.failure is BAD[2]
    assert not found.quarantine


def test_what_cannot_be_reached_is_no_bad_video():
    def unreachable(index):
        raise UnreachableError(f"{index}.mp4", "the network is down")

    found = fallback()
    with pytest.raises(UnreachableError):
        found.try_read(unreachable, 0)
    assert isinstance(found.failure, UnreachableError)
    assert not found.quarantine


def test_nothing_usable():
    def empty(index):
        raise VideoError(f"{index}.mp4", "it is empty")

    found = fallback()
    with pytest.raises(ValueError, match=r"None of 4 does: '0\.mp4': it is empty; .*; and 1 more\. `res3d doctor`"):
        found.read_or_next(empty, 2)
    assert "and 1 more" in str(found.failure)


def test_an_epoch_says_how_many_were_replaced_when_that_has_changed(caplog):
    caplog.set_level("INFO", "absl")
    found = fallback()
    found.report(0)
    found.read_or_next(read, 1)
    found.report(1)
    found.report(2)
    reports = [record.getMessage() for record in caplog.records if record.getMessage().startswith("epoch")]
    assert reports == ["epoch 1: 2 of 4 videos are quarantined, others stood in for them"]


def test_on_error_is_checked():
    with pytest.raises(ValueError, match=r"`on_error` must be one of 'quarantine', 'raise'\. Received: 'skip'"):
        fallback(on_error="skip")
