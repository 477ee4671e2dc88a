"""The linear classifier: the solution of the normal equations, and a penalty that groups decide."""

import numpy as np
import pytest

from res3d.evaluation.linear import ridge_scores


def test_the_solution_is_that_of_the_normal_equations():
    rng = np.random.default_rng(0)
    rows, others, targets = rng.normal(size=(12, 30)), rng.normal(size=(4, 30)), np.eye(3)[rng.integers(3, size=12)]
    found = ridge_scores(rows, targets, range(12), others, penalties=(0.1,))
    centred = rows - rows.mean(axis=0)
    penalty = 0.1 * (centred ** 2).sum() / 12
    weights = np.linalg.solve(centred.T @ centred + penalty * np.eye(30), centred.T @ (targets - targets.mean(axis=0)))
    expected = (others - rows.mean(axis=0)) @ weights + targets.mean(axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-4)  # inner products in float32


@pytest.mark.slow
def test_the_penalty_is_the_one_that_serves_groups_left_out():
    """The person shows in loud columns, and the class, which each person has one of, in quiet ones."""
    rng = np.random.default_rng(1)
    labels = np.arange(30) % 2
    looks, signs = rng.normal(size=(30, 80)), rng.normal(size=10)

    def videos(labels, person):
        signal = (2 * labels - 1)[:, None] * signs + rng.normal(size=(len(labels), 10))
        return np.concatenate([signal, person + 0.05 * rng.normal(size=person.shape)], axis=1)

    rows = videos(np.repeat(labels, 3), np.repeat(looks, 3, axis=0))
    new = rng.integers(2, size=200)
    others, targets, groups = videos(new, rng.normal(size=(200, 80))), np.eye(2)[labels], np.repeat(np.arange(30), 3)

    def right(*penalties):
        scores = ridge_scores(rows, np.repeat(targets, 3, axis=0), groups, others, penalties)
        return (scores.argmax(axis=1) == new).mean()

    alone = [right(penalty) for penalty in (1e-6, 1e-2, 1.0)]
    assert right(1e-6, 1e-2, 1.0) == max(alone)
    assert max(alone) > min(alone) + 0.1
    assert max(alone) > 0.8


def test_one_group_still_gives_scores():
    found = ridge_scores(np.eye(4), np.eye(2)[[0, 1, 0, 1]], ["a"] * 4, np.eye(4))
    assert (found.argmax(axis=1) == [0, 1, 0, 1]).all()


def test_videos_that_are_all_alike_give_the_share_of_each_class():
    found = ridge_scores(np.ones((4, 5)), np.eye(2)[[0, 1, 1, 1]], list("abcd"), np.ones((2, 5)))
    np.testing.assert_allclose(found, [[0.25, 0.75]] * 2, atol=1e-9)
