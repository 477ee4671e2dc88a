"""One frame of each part of a video, beside the published code for it, restated here as plain formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sample import parted
from pipelines.sample.clips import segment_indices

PARTS = [1, 3, 5, 6, 7, 8, 16, 25, 32, 64]
TOTALS = [*range(1, 70), 75, 81, 100, 128, 164, 205, 250, 299, 300, 301, 410, 1640]


def mmaction2_test(total, parts):
    """`SampleFrames(clip_len=1, num_clips=parts, test_mode=True)._get_test_clips`; also TSN's and TSM's."""
    interval = total / float(parts)
    return (np.arange(parts) * interval + interval / 2.0).astype(np.int32).tolist()


def mmaction2_keep_tail(total, parts, uniform):
    """`_get_train_clips` with keep_tail_frames=True, for what `np.random.uniform(0, 1)` would have given."""
    interval = total / float(parts)
    return (np.arange(parts) * interval + uniform * interval).astype(np.int32).tolist()


@pytest.mark.parametrize("parts", PARTS)
def test_the_middle_frames_are_those_of_mmaction2(parts):
    for total in TOTALS:
        assert parted.at(total, parts, 0.5).tolist() == mmaction2_test(total, parts), total


@pytest.mark.parametrize("parts", PARTS)
def test_the_same_draws_give_the_frames_of_mmaction2_with_its_tail(parts):
    uniform = np.random.default_rng(parts).random((len(TOTALS), parts))
    got = parted.at(np.array(TOTALS), parts, uniform)
    for total, draws, frames in zip(TOTALS, uniform, got.tolist()):
        assert frames == mmaction2_keep_tail(total, parts, draws)


def test_every_frame_of_a_part_is_as_likely():
    frames = parted.drawn(40, 4, np.arange(4000))
    np.testing.assert_array_equal(frames // 10, np.broadcast_to(np.arange(4), frames.shape))
    counts = np.array([np.bincount(part, minlength=40) for part in frames.T]).sum(0)
    assert counts.min() > 320
    assert counts.max() < 480
    assert abs(np.corrcoef(frames[:, 0], frames[:, 1])[0, 1]) < 0.06
    long = parted.drawn(6400, 64, np.arange(50))  # all parts of long clips draw, the last ones too
    assert all(len(np.unique(part)) > 30 for part in long.T)


@given(st.integers(1, 500), st.sampled_from(PARTS), st.integers(0, 2**63 - 1), st.sampled_from([0.0, 0.25, 0.9]))
def test_many_videos_at_once_are_as_each(total, parts, number, crop):
    many = parted.drawn(np.array([[total], [7]]), parts, np.array([[number, 5], [1, number]]), crop)
    assert many.shape == (2, 2, parts)
    assert many[0, 0].tolist() == parted.drawn(total, parts, number, crop).tolist()
    assert (np.diff(many) >= 0).all()
    assert many.min() >= 0
    assert many[0].max() < total


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_views_share_out_the_parts(count):
    got = parted.views(480, 8, count)
    assert got.shape == (count, 8)
    assert sorted(got.ravel().tolist()) == mmaction2_test(480, 8 * count)
    np.testing.assert_array_equal(got // 60, np.broadcast_to(np.arange(8), got.shape))


def test_a_temporal_crop_leaves_out_at_most_its_share():
    numbers = np.arange(3000)
    frames = parted.drawn(1000, 50, numbers, 0.25)
    span = frames[:, -1] - frames[:, 0]
    assert span.min() < 780
    assert span.min() >= 750 - 40 - 1  # a part of 15 to 20 frames at each end
    assert frames[:, 0].max() > 200
    assert frames[:, -1].min() < 800
    whole = parted.drawn(1000, 50, numbers)
    assert whole[:, 0].max() < 20 <= whole[:, 1].min()


def test_a_short_video_repeats_frames_in_their_order():
    assert segment_indices(3, 6) == [0, 0, 1, 1, 2, 2] == mmaction2_test(3, 6)
    assert segment_indices(1, 4) == [0, 0, 0, 0]
    assert segment_indices(5, 8, 3) == sorted(segment_indices(5, 8, 3))


def reached(total, parts, count=4000):
    """For each part the set of frames that training takes of it."""
    return [set(part) for part in parted.drawn(total, parts, np.arange(count)).T.tolist()]


@pytest.mark.parametrize(("total", "parts"), [(30, 8), (23, 3), (64, 16), (9, 8)])
def test_what_training_sees_beside_mmaction2_and_slowfast(total, parts):
    """mmaction2 without keep_tail_frames, TSN and TSM: `i * (N // T) + randint(N // T)`; the rest of N never comes.

    PySlowFast: `randint(round(i * s), round((i + 1) * s))`, both ends included, with s = (N - 1) / T.
    """
    ours = reached(total, parts)
    assert set().union(*ours) == set(range(total))
    for part, frames in enumerate(ours):
        assert min(frames) == total * part // parts
        assert max(frames) == -(-total * (part + 1) // parts) - 1
    interval = total // parts
    theirs = [set(range(part * interval, (part + 1) * interval)) for part in range(parts)]
    assert set(range(total)) - set().union(*theirs) == set(range(total - total % parts, total))
    assert theirs == ours or total % parts
    size = float(total - 1) / parts
    edges = [int(np.round(size * part)) for part in range(parts + 1)]
    slowfast = [set(range(edges[part], edges[part + 1] + 1)) for part in range(parts)]
    assert all(one & other == {edge} for one, other, edge in zip(slowfast, slowfast[1:], edges[1:]))
    assert set().union(*slowfast) == set(range(total))


def test_a_short_video_in_training_beside_mmaction2():
    """Its `around(i * N / T)` asks for the frame behind the last, which it takes from the beginning (`loop`)."""
    total, parts = 2, 8
    theirs = np.around(np.arange(parts) * (total / parts)).astype(int) % total
    assert theirs.tolist() == [0, 0, 0, 1, 1, 1, 0, 0]
    assert [sorted(frames) for frames in reached(total, parts, 50)] == [[0]] * 4 + [[1]] * 4
