"""The order of an epoch: every video once, the same for the same integers, and hosts' shares that fit together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dataset import order
from pipelines.sample import seeds


def test_an_order_is_pinned():
    # A resumed run relies on these numbers: if they change, runs begun with an older version do not go on as they were.
    assert order.epoch_order(8, seed=1, epoch=0).tolist() == [3, 5, 2, 4, 1, 0, 6, 7]
    assert int(seeds.fold_in(1, 2, 3)) == 0x6AE515C1C0AC7E37


@given(st.integers(1, 300), st.integers(-2**40, 2**40), st.integers(0, 10**6))
def test_every_video_once(num_videos, seed, epoch):
    assert sorted(order.epoch_order(num_videos, seed, epoch).tolist()) == list(range(num_videos))


def test_epochs_and_seeds_differ():
    orders = {tuple(order.epoch_order(50, seed, epoch).tolist()) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100


def test_each_place_takes_each_video_as_often():
    first = np.bincount([order.epoch_order(5, 3, epoch)[0] for epoch in range(5000)])
    np.testing.assert_allclose(first, 1000, atol=150)  # five standard deviations of a fair draw


@given(st.integers(1, 60), st.integers(1, 7), st.integers(0, 5))
def test_shares_interleave_to_the_whole(num_videos, count, epoch):
    whole = order.epoch_order(num_videos, 9, epoch).tolist()
    shares = [order.epoch_order(num_videos, 9, epoch, (index, count)).tolist() for index in range(count)]
    assert len({len(share) for share in shares}) == 1
    together = [video for step in zip(*shares) for video in step]
    assert together[:num_videos] == whole
    assert len(together) - num_videos < count


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 4))
def test_balanced_classes_come_equally_often(labels, epoch):
    videos = order.balanced_order(labels, 1, epoch)
    assert len(videos) == len(labels)
    counts = np.unique(np.asarray(labels)[videos], return_counts=True)[1]
    assert counts.max() - counts.min() <= 1


def test_balanced_goes_through_a_large_class_before_repeating():
    labels = [0] * 12 + [1] * 4                     # an epoch of 16 has 8 of each class
    zeros = [video for epoch in range(3) for video in order.balanced_order(labels, 5, epoch) if video < 12]
    assert len(zeros) == 24
    assert sorted(zeros) == sorted([*range(12)] * 2)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 4))
def test_videos_that_are_their_own_groups_come_as_without_groups(labels, epoch):
    alone = [f"video{number}" for number in range(len(labels))]
    plain, grouped = (order.balanced_order(labels, 1, epoch, groups=groups) for groups in (None, alone))
    assert plain.tolist() == grouped.tolist()


def test_balanced_groups_come_equally_often_in_their_class():
    labels = [0] * 9 + [1] * 3
    groups = ["ann"] * 7 + ["bob", "eve", "ann", "ann", "bob"]  # of the first class; two of whom are in the second, too
    seen = np.array([order.balanced_order(labels, 5, epoch, groups=groups) for epoch in range(14)]).ravel()
    people = [(labels[video], groups[video]) for video in seen]
    assert {who: people.count(who) for who in people} == {
        (0, "ann"): 28, (0, "bob"): 28, (0, "eve"): 28, (1, "ann"): 42, (1, "bob"): 42}
    assert np.bincount(seen).tolist() == [4] * 7 + [28, 28, 21, 21, 42]  # ann's seven take turns, too


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0,), "01", (0, 1.5)])
def test_shard_is_checked(shard):
    with pytest.raises(ValueError, match=r"`shard` must be \(index, count\) with 0 <= index < count. Received: shard="):
        order.check_shard(shard)


def test_draws_stay_inside_and_reach_everything():
    assert {seeds.draw(3, 6, 1, number) for number in range(100)} == {3, 4, 5}
    values = [seeds.uniform(7, number) for number in range(2000)]
    assert 0 <= min(values) < 0.01
    assert 0.99 < max(values) < 1
    with pytest.raises(ValueError, match=r"Expected low < high\. Received: low=2, high=2"):
        seeds.draw(2, 2, 1)
