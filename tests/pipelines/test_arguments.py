"""One check of whole numbers, one wording; and workers where none are asked for."""

import os

import pytest

from pipelines.arguments import check_whole_number, checked_workers, default_workers


@pytest.mark.parametrize("arguments", [(1,), (0, 0), (5, 5, 5), (10**30,)])
def test_whole_numbers_in_range_pass(arguments):
    assert check_whole_number("n", *arguments) is None


@pytest.mark.parametrize(("arguments", "message"), [
    ((0,), r"`n` must be a whole number from 1 on\. Received: n=0\."), ((-1, 0), "from 0 on"),
    ((True,), "Received: n=True"), ((2.0,), r"Received: n=2\.0"), (("3",), "Received: n='3'"),
    ((None,), "Received: n=None"), ((11, 1, 10), "from 1 to 10"), ((0, 1, 10), "from 1 to 10")])
def test_others_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_whole_number("n", *arguments)


def test_workers_are_the_cores_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {2, 5, 7}, raising=False)
    assert checked_workers(None) == default_workers() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_workers() == 1
    with pytest.raises(ValueError, match="`workers` must be a whole number from 1 on"):
        checked_workers(0)
