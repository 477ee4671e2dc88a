"""Batches whose shape changes in turn: every clip of the epoch once, in its order, from any step, of any source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.cycling.clips import CyclingClips
from pipelines.dataset.cycling.turn import Turn, TurnPlan
from pipelines.dataset.epochs import EpochPlan
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.sample.clips import drawn_stride
from res3d.geometry import ClipSpec

FULL = ClipSpec(frames=8, stride=1, height=32, width=32, resize=32)
SMALL = FULL.replace(frames=4, height=16, width=16, resize=16)


@given(st.integers(1, 40), st.lists(st.integers(1, 7), min_size=1, max_size=3), st.booleans(), st.data())
def test_turns_share_an_epoch_out(count, sizes, balanced, data):
    """By walking through it: a batch takes as many of the clips that are left as the next size says."""
    manifest = Manifest([Entry(f"{number}.mp4", (number % 2,)) for number in range(count)], ["a", "b"])
    plans = [TurnPlan(manifest, sizes, turn, seed=3, balanced=balanced) for turn in range(len(sizes))]
    left, batches = EpochPlan(manifest, 1, 3, balanced=balanced).rows(2), []
    while len(left):
        size = sizes[len(batches) % len(sizes)]
        batches.append(left[:size])
        left = left[size:]
    assert {plan.steps for plan in plans} == {len(batches)}
    step = data.draw(st.integers(0, len(batches) - 1))
    for turn, plan in enumerate(plans):
        mine = [batch for number, batch in enumerate(batches) if number >= step and number % len(sizes) == turn]
        assert plan.rows(2, step).tolist() == [row for batch in mine for row in batch.tolist()]


def cycling(data):
    """Of eight videos: three clips of few small frames, then two of full ones, with a step that is drawn."""
    train = pipelines.training_clips(data, FULL, batch_size=2, split="train", seed=5, workers=2)
    turns = Turn(SMALL, 3, (1, 2)), Turn(FULL, 2, (1, 1))
    return CyclingClips(train.source, lambda epoch: turns, seed=5, workers=2)


def taken(dataset):
    return [(clips.numpy(), labels.numpy()) for clips, labels in dataset]


@pytest.mark.slow
def test_batches_of_videos_and_of_records_are_alike(made, tmp_path):
    prepare(made, tmp_path / "records", PrepareOptions(short_side=64, quality=100), workers=1)
    sides = [taken(cycling(data).at(1)) for data in (made, tmp_path / "records")]
    for (clips, labels), (others, same) in zip(*sides, strict=True):
        assert labels.tolist() == same.tolist()
        assert clips.shape == others.shape
        assert np.abs(clips.astype(int) - others).mean() < 12, "JPEG, and scaled once more"
    assert [clips.shape for clips, _ in sides[0]] == [
        (3, 4, 16, 16, 3), (2, 8, 32, 32, 3), (3, 4, 16, 16, 3)]


@pytest.mark.slow
def test_an_epoch_goes_on_from_any_step_with_the_same_clips(made):
    clips = cycling(made)
    whole, rest = taken(clips.at(0)), taken(clips.at(0, 1))
    assert len(whole) == clips.steps(0) == len(rest) + 1
    for mine, other in zip(whole[1:], rest, strict=True):
        assert np.array_equal(mine[0], other[0])
        assert np.array_equal(mine[1], other[1])
    names = [name for step in range(clips.steps(0)) for name in clips.names(0, step)]
    assert len(names) == len(set(names)) == 8
    with pytest.raises(ValueError, match=r"`step` must be below the 3 batches of an epoch. Received: step=3"):
        clips.at(0, 3)


def test_strides_are_drawn_evenly():
    drawn = drawn_stride(np.arange(4000), (2, 5))
    assert sorted(set(drawn.tolist())) == [2, 3, 4, 5]
    assert np.bincount(drawn)[2:].min() > 900
