"""Choosing frames: whole numbers in, whole numbers out, and every policy by name."""

import types
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sample.clips import (
    centre_clip,
    clip_indices,
    clip_span,
    dense_clips,
    fits,
    random_clip,
    rate,
    resampled,
    resampled_times,
    segment_indices,
    stream,
    uniform_clips,
)
from pipelines.video.info import VideoError
from res3d.geometry import ClipSpec


def info(num_frames, fps=25.0, times_us=None):
    steady = times_us is None
    times_us = np.arange(num_frames) * round(1e6 / fps) if steady else np.asarray(times_us)
    return types.SimpleNamespace(path="a.mp4", num_frames=num_frames, fps=fps, times_us=times_us, steady=steady)


def spec(frames, stride=1, fps=None):
    return ClipSpec(frames=frames, stride=stride, fps=fps)


@pytest.mark.parametrize(("num_frames", "stride", "span"), [(1, 5, 1), (4, 1, 4), (4, 2, 7), (16, 2, 31)])
def test_span(num_frames, stride, span):
    assert clip_span(num_frames, stride) == span == spec(num_frames, stride).span


@pytest.mark.parametrize(("policy", "expected"), [("repeat_last", [0, 2, 4, 4]), ("loop", [0, 2, 4, 1])])
def test_short_video(policy, expected):
    assert clip_indices(start=0, num_frames=4, stride=2, total=5, policy=policy) == expected
    assert clip_indices(3, 4, 2, 5, policy) == {"repeat_last": [3, 4, 4, 4], "loop": [3, 0, 2, 4]}[policy]


def test_short_video_as_an_error():
    assert clip_indices(1, 4, 2, 8, "error") == [1, 3, 5, 7]
    with pytest.raises(ValueError, match=r"wanted frames 0\.\.6 step 2, but there are only 5; use a shorter clip"):
        clip_indices(0, 4, 2, 5, "error")
    with pytest.raises(VideoError, match=r"Cannot read video 'a\.mp4': wanted frames 0\.\.6 step 2"):
        centre_clip(info(5), spec(4, 2), policy="error")


@pytest.mark.parametrize("arguments", [(5, 4, 2, 5), (-1, 4, 2, 5), (0, 4, 2, 0)])
def test_start_is_inside(arguments):
    with pytest.raises(ValueError, match="A clip starts inside its video"):
        clip_indices(*arguments)


def test_unknown_policy():
    message = r"`policy` must be one of 'repeat_last', 'loop', 'error'\. Received: 'wrap'\."
    with pytest.raises(ValueError, match=message):
        clip_indices(0, 1, 1, 1, "wrap")


def test_centre_clip_is_centred():
    frames = np.arange(100)  # frame i holds the value i
    np.testing.assert_array_equal(frames[centre_clip(info(100), spec(10))], np.arange(45, 55))


def test_random_clip_reaches_every_start_equally():
    starts = [random_clip(info(10), spec(4, 2), number)[0] for number in range(40)]
    assert sorted(starts) == sorted([0, 1, 2, 3] * 10)
    assert random_clip(info(10), spec(4, 2), 3) == [3, 5, 7, 9]


def test_uniform_clips_include_both_ends():
    clips = uniform_clips(info(100), spec(10), 4)
    assert [clip[0] for clip in clips] == [0, 30, 60, 90]
    assert clips[-1][-1] == 99
    assert uniform_clips(info(100), spec(10), 1) == [centre_clip(info(100), spec(10))]


def test_dense_clips():
    assert dense_clips(info(6), spec(3), step=2) == [[0, 1, 2], [2, 3, 4]]
    assert dense_clips(info(2), spec(3)) == [[0, 1, 1]]


def test_segments():
    clip = spec(4).replace(sampling="segments")
    assert centre_clip(info(100), clip) == segment_indices(100, 4) == [12, 37, 62, 87]
    assert uniform_clips(info(100), clip, 1) == [centre_clip(info(100), clip)]
    assert uniform_clips(info(80), clip, 2) == [[5, 25, 45, 65], [15, 35, 55, 75]]
    assert random_clip(info(100), clip, 7) == segment_indices(100, 4, 7)
    assert centre_clip(info(3), spec(6).replace(sampling="segments")) == [0, 0, 1, 1, 2, 2]
    assert centre_clip(info(100), clip, first=60, last=80) == [62, 67, 72, 77]


def test_part_of_a_video():
    assert centre_clip(info(100), spec(4), first=10, last=20) == [13, 14, 15, 16]
    assert uniform_clips(info(100), spec(4), 2, first=90) == [[90, 91, 92, 93], [96, 97, 98, 99]]
    assert centre_clip(info(100), spec(4), first=10, last=12, policy="loop") == [10, 11, 10, 11]
    with pytest.raises(VideoError, match="wanted its frames from 100 up to 100, but it has 100"):
        centre_clip(info(100), spec(4), first=100)


@pytest.mark.parametrize(("fps", "target", "expected"), [
    (30, 15, [0, 2, 4, 6]), (25, 25, list(range(8))), (25, 50, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]),
    (1 / 3600, 1 / 7200, [0, 2, 4, 6]), (25, 1e-5, [0]),
    (24, 30, [0, 1, 2, 2, 3, 4, 5, 6, 6, 7]), (25, 15, [0, 2, 3, 5, 7]),
])
def test_constant_rates(fps, target, expected):
    assert resampled(8, fps, target) == expected


@given(st.integers(1, 400), st.sampled_from([8, 12.5, 23.976, 24, 25, 29.97002997, 30, 50, 59.94]),
       st.sampled_from([5, 10, 15, 25, 30]))
def test_resampled_frame_is_the_nearest(num_frames, fps, target):
    got = resampled(num_frames, fps, target)
    source, wanted = rate(fps), rate(target)
    for k, index in enumerate(got):
        assert abs(Fraction(index) / source - Fraction(k) / wanted) <= 1 / (2 * source)
    assert got[0] == 0
    assert got[-1] < num_frames
    assert len(got) / wanted >= (num_frames - 1) / source - 1 / wanted  # the end is reached


@given(st.lists(st.integers(5_000, 200_000), min_size=1, max_size=60), st.sampled_from([5, 10, 15, 30]))
def test_variable_rate_takes_the_nearest_in_time(steps, target):
    times = np.concatenate([[0], np.cumsum(steps)])
    got = resampled_times(times, target)
    for k, index in enumerate(got):
        tick = k * 1_000_000 // target
        assert abs(times[index] - tick) <= np.abs(times - tick).min() + 1
    assert len(got) == times[-1] * target // 1_000_000 + 1


def test_part_of_a_video_of_variable_rate():
    """Ticks begin at the part's first frame: frames 1 to 3 are shown at 0, 30 and 80 ms of it."""
    uneven = info(5, times_us=[5_000_000, 5_500_000, 5_530_000, 5_580_000, 5_700_000])
    assert stream(uneven, spec(4, fps=100), first=1, last=4) == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert resampled_times([5_500_000, 5_530_000, 5_580_000], 25) == [0, 1, 2]


def test_variable_rate_agrees_with_constant():
    times = np.arange(50) * 40_000
    assert resampled_times(times, 10)[:19] == resampled(50, 25, 10)[:19]


def test_clips_at_a_target_rate():
    assert centre_clip(info(100, fps=30), spec(4, 2, fps=15)) == [42, 46, 50, 54]
    uneven = info(4, times_us=[0, 40_000, 160_000, 200_000])
    assert centre_clip(uneven, spec(6, 1, fps=25)) == [0, 1, 1, 2, 2, 3]


def test_segments_of_a_video_of_variable_rate():
    """Twelve frames in 0.48 s and four in the next 1.2: parts of frames, and of time where the clip has a rate."""
    uneven = info(16, times_us=[*range(0, 480_000, 40_000), 480_000, 880_000, 1_280_000, 1_680_000])
    clip = spec(4).replace(sampling="segments")
    assert centre_clip(uneven, clip) == [2, 6, 10, 14]
    assert centre_clip(uneven, clip.replace(fps=25)) == [5, 12, 13, 15]
    drawn = np.array([random_clip(uneven, clip.replace(fps=25), number) for number in range(200)])
    assert [sorted(set(part)) for part in drawn.T.tolist()] == [[*range(11)], [10, 11, 12, 13], [13, 14], [14, 15]]


def test_fits():
    assert fits(info(31), spec(16, 2))
    assert not fits(info(30), spec(16, 2))
    assert not fits(info(60), spec(16, 2), first=30)
    assert fits(info(16), spec(16, 2, fps=50))


@given(total=st.integers(1, 300), frames=st.integers(1, 40), stride=st.integers(1, 8), number=st.integers(0, 10**9),
       policy=st.sampled_from(["repeat_last", "loop"]), fps=st.sampled_from([None, 10.0, 30.0]),
       sampling=st.sampled_from(["dense", "segments"]))
def test_every_clip_is_whole_and_inside(total, frames, stride, number, policy, fps, sampling):
    clip, video = spec(frames, stride, fps).replace(sampling=sampling), info(total)
    for indices in (random_clip(video, clip, number, policy=policy), centre_clip(video, clip, policy=policy),
                    *uniform_clips(video, clip, 5, policy=policy)):
        assert len(indices) == frames
        assert all(type(index) is int and 0 <= index < total for index in indices)
        if fps is None and total >= clip.span:
            assert indices == sorted(indices)
