"""What an epoch is made of, as arithmetic: nothing here needs TensorFlow or a video."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset import order
from pipelines.dataset.epochs import ROW, EpochCounter, EpochPlan


def videos(count, classes=2, **options):
    entries = [Entry(f"{number}.mp4", (number % classes,)) for number in range(count)]
    return Manifest(entries, "abcdefgh"[:classes], **options)


def clips_of(rows, clips_per_video):
    """(video, number of its clip) of each clip that rows ask for."""
    return [(int(row["video"]), number) for row in rows for number in range(int(row["left_out"]), clips_per_video)]


def test_the_rows_of_an_epoch():
    plan = EpochPlan(videos(8), batch_size=3, seed=1)
    rows = plan.rows(2)
    assert rows.dtype.names == ROW.names == ("epoch", "place", "video", "key", "left_out")
    assert rows["epoch"].tolist() == [2] * 8
    assert rows["place"].tolist() == list(range(8))
    assert rows["video"].tolist() == plan.videos(2).tolist() == order.epoch_order(8, 1, 2).tolist()
    assert rows["key"].tolist() == order.clip_keys(1, 2, np.arange(8)).tolist()
    assert rows["left_out"].tolist() == [0] * 8
    assert (plan.num_videos, plan.steps, plan.last_place) == (8, 3, 7)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 4), st.booleans(), st.data())
def test_a_later_step_begins_where_the_batches_before_end(count, batch_size, clips_per_video, balanced, data):
    plan = EpochPlan(videos(count), batch_size, 7, (0, 1), clips_per_video, balanced)
    step = data.draw(st.integers(0, plan.steps - 1))
    whole, rest = (clips_of(plan.rows(3, first), clips_per_video) for first in (0, step))
    assert len(whole) == count * clips_per_video
    assert rest == whole[step * batch_size:]
    assert plan.steps == -(-len(whole) // batch_size)


def test_left_out_batches_have_no_last_place():
    plan = EpochPlan(videos(7), batch_size=2, clips_per_video=3, drop_remainder=True)
    assert (plan.steps, plan.last_place) == (10, 19)
    with pytest.raises(ValueError, match=r"Expected at least one full batch\. Received: 7 clips for batch_size=8 with"):
        EpochPlan(videos(7), batch_size=8, drop_remainder=True)


def test_hosts_take_turns_with_keys_of_their_own():
    plans = [EpochPlan(videos(7), 2, seed=5, shard=(index, 2)) for index in range(2)]
    one = EpochPlan(videos(7), 4, seed=5).rows(1)
    both = [plan.rows(1) for plan in plans]
    assert [plan.num_videos for plan in plans] == [4, 4]
    for name in ("video", "key"):
        assert np.stack([rows[name] for rows in both], axis=1).reshape(-1)[:7].tolist() == one[name].tolist()


def test_balanced_classes_come_equally_often():
    plan = EpochPlan(Manifest([Entry("a.mp4", (label,)) for label in (0, 0, 0, 1)], "ab"), 2, balanced=True)
    assert sorted(plan.labels[video] for video in plan.rows(0)["video"]) == [0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"`balanced` needs one label a video\. Received: a multi-label data set"):
        EpochPlan(videos(4, multi_label=True), 2, balanced=True)


@pytest.mark.parametrize(("change", "message"), [
    ({"batch_size": 0}, "`batch_size` must be a whole number from 1 on. Received: batch_size=0"),
    ({"clips_per_video": True}, "`clips_per_video` must be a whole number from 1 on"),
    ({"shard": (2, 2)}, "`shard` must be"),
])
def test_wrong_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        EpochPlan(videos(4), **{"batch_size": 2} | change)


def test_epochs_are_counted_when_they_are_over():
    done = []
    counter = EpochCounter(4, 1, steps=3, when_done=done.append)
    assert (counter.begin(), counter.rest) == ((4, 1), 2)
    counter.finish(3)                                   # one that was left behind by another iteration
    assert counter.begin() == (4, 1)
    counter.finish(4)
    assert (counter.begin(), counter.rest, done) == ((5, 0), 3, [3, 4])
    counter.go_to(2)
    assert counter.begin() == (2, 0)


def test_a_resumed_epoch_that_is_named_again_keeps_its_step():
    counter = EpochCounter(4, 1, steps=3)
    counter.go_to(4)
    assert counter.begin() == (4, 1)


def test_a_fixed_epoch_stays():
    counter = EpochCounter(1, 2, steps=3, fixed=True)
    counter.finish(1)
    assert counter.begin() == (1, 2)


@given(st.integers(1, 60), st.sampled_from([(8, 4), (4, 8), (8, 2), (1, 8)]), st.data())
def test_a_run_goes_on_with_other_processes_in_the_middle_of_an_epoch(count, processes, data):
    """The batches that are left hold the clips that one process would have: none of the epoch twice, none left out.

    But for the last, which is filled up so that each process has a share.
    """
    def batches(total, first):
        plans = [EpochPlan(videos(count), 16 // total, 7, (index, total)) for index in range(total)]
        shares = [[(row["place"] * total + plan.shard[0], row["key"], row["video"]) for row in plan.rows(3)]
                  for plan in plans]
        size = 16 // total
        return [sorted(clip for share in shares for clip in share[step * size:(step + 1) * size])
                for step in range(first, plans[0].steps)]

    whole = batches(1, 0)
    step = data.draw(st.integers(0, len(whole) - 1))
    before, after = batches(processes[0], 0)[:step], batches(processes[1], step)
    assert len(before) + len(after) == len(whole)
    for mine, batch in zip((*before, *after), whole):
        assert [clip for clip in mine if clip[0] < count] == batch
