"""Intervals over groups: against formulas, and wider where videos of a group go together."""

import numpy as np
import pytest

from res3d.evaluation.intervals import accuracy_interval, class_accuracy_interval


def test_of_independent_videos_it_is_the_normal_one():
    right = np.repeat([1, 0], [300, 100])
    low, high = accuracy_interval(right, np.arange(400))
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - half, abs=0.01)  # percentiles of 2000 draws
    assert high == pytest.approx(0.75 + half, abs=0.01)


def test_groups_that_go_together_count_as_one_each():
    """Ten videos a group, all right or all wrong: as wide as that many groups, not as that many videos."""
    of_group = np.repeat([1, 0], [30, 10])
    low, high = accuracy_interval(np.repeat(of_group, 10), np.repeat(np.arange(40), 10))
    half = 1.96 * np.sqrt(0.75 * 0.25 / 40)
    assert low == pytest.approx(0.75 - half, abs=0.03)
    assert high == pytest.approx(0.75 + half, abs=0.03)


def test_the_same_answers_have_the_same_interval_and_one_group_has_none():
    right, groups = [1, 0, 1, 1, 0], list("aabbc")
    assert accuracy_interval(right, groups) == accuracy_interval(right, groups)
    assert accuracy_interval(right, ["a"] * 5) is None


def test_classes_count_alike_and_a_class_that_a_draw_lacks_does_not_count():
    right, labels = np.array([1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 2])
    low, high = class_accuracy_interval(right, labels, list("abcde"))
    assert (low, high) == (0.5, 1.0)  # with the last group drawn or without
