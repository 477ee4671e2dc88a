"""The published protocols against their origins, transcribed here a second time, plainly, from the formulas."""

import dataclasses
import math
import types

import numpy as np
import pytest

from pipelines.sample import protocols
from pipelines.video.info import VideoError
from res3d.geometry import ClipSpec, preset

LENGTHS = [1, 2, 15, 16, 17, 24, 25, 26, 30, 31, 32, 50, 63, 64, 65, 75, 90, 100, 164, 214, 250, 251, 300, 301, 310]


def info(num_frames, fps=30.0):
    times = np.round(np.arange(num_frames) * 1e6 / fps).astype(np.int64)
    return types.SimpleNamespace(path="a.mp4", num_frames=num_frames, fps=fps, times_us=times, steady=True)


def indices(name, num_frames, clip, fps=30.0, **part):
    got = protocols.protocol(name).indices(info(num_frames, fps), clip, **part)
    assert all(type(index) is int and 0 <= index < num_frames for frames in got for index in frames)
    return got


def refused(name, num_frames, clip, fps=30.0):
    with pytest.raises(VideoError, match=f"protocol {name} takes at least [0-9]+ frames.*, and it has [0-9]+; use"):
        indices(name, num_frames, clip, fps)


def linspace32(start, end, steps):
    """What torch.linspace computes, in float32."""
    if steps == 1:
        return np.array([start], np.float32)
    step = (np.float32(end) - np.float32(start)) / np.float32(steps - 1)
    up = [np.float32(start) + step * np.float32(i) for i in range(steps // 2)]
    down = [np.float32(end) - step * np.float32(steps - 1 - i) for i in range(steps // 2, steps)]
    return np.array(up + down, np.float32)


@pytest.mark.parametrize("fps", [30.0, 25.0, 30000 / 1001, 10.527])
@pytest.mark.parametrize("name", ["slowfast_8x8", "slow_8x8", "x3d_s"])
@pytest.mark.parametrize("total", LENGTHS)
def test_slowfast(total, name, fps):
    clip = preset(name)
    size = clip.stride * clip.frames / 30 * fps
    expected = []
    for clip_index in range(10):
        start = max(total - size, 0) * clip_index / 10
        index = linspace32(start, start + size - 1, clip.frames)
        expected.append(np.clip(index, 0, total - 1).astype(np.int64).tolist())
    got = indices("slowfast_10x3", total, clip, fps)
    off = np.abs(np.array(got) - expected)
    assert off.max() == 0


def test_slowfast_never_reaches_the_end():
    got = indices("slowfast_10x3", 300, preset("slowfast_8x8"))
    assert got[0][0] == 0
    assert got[9][0] == int((300 - 64) * 9 / 10)
    assert max(map(max, got)) < 299


@pytest.mark.parametrize(("frames", "stride"), [(32, 2), (16, 1), (64, 4)])
@pytest.mark.parametrize("total", LENGTHS)
def test_garden(total, frames, stride):
    free = max(0, total - frames * stride)
    delta = np.float32(free) / np.float32(9)
    offsets = [0] + [int(np.float32(0) + delta * np.float32(i)) for i in range(1, 9)] + [free]
    expected = []
    for offset in offsets:
        tiled = np.tile(np.arange(total), math.ceil((frames * stride + offset) / total))
        expected.append(tiled[offset:offset + frames * stride:stride].tolist())
    assert indices("garden_10x3", total, ClipSpec(frames=frames, stride=stride)) == expected


@pytest.mark.slow
def test_garden_starts_are_those_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    clip = ClipSpec(frames=1, stride=1)
    for total in range(1, 1200, 7):
        offsets = tf.cast(tf.linspace(0.0, float(total - 1), 10), tf.int32).numpy().tolist()
        assert [frames[0] for frames in indices("garden_10x3", total, clip)] == offsets


@pytest.mark.parametrize("total", LENGTHS)
def test_mmaction(total):
    clip = preset("mmaction_32x2")
    original = (32 - 1) * 2 + 1
    starts = np.round(np.arange(10) * (max(total - original, 0) / float(9))).astype(np.int32)
    expected = np.mod(starts[:, None] + np.arange(32)[None] * 2, total).tolist()
    assert indices("mmaction_10x3", total, clip) == expected


@pytest.mark.parametrize("fps", [30.0, 25.0, 24000 / 1001])
@pytest.mark.parametrize("total", LENGTHS)
def test_mmaction_at_a_target_rate(total, fps):
    clip = preset("slowfast_8x8")
    original = np.maximum(1, 32 * 2 * (fps / 30))
    starts = np.arange(10) * np.floor(max(total - original, 0) / float(9))
    frames = starts[:, None] + np.linspace(0, original - 1, 32).astype(np.int32)
    assert indices("mmaction_10x3", total, clip, fps) == np.mod(frames, total).astype(np.int32).tolist()


@pytest.mark.parametrize("fps", [15.0, 30.0, 25.0, 30000 / 1001, 12.0])
@pytest.mark.parametrize("total", LENGTHS)
def test_torchvision(total, fps):
    step = fps / 15
    if float(step).is_integer():
        frames = list(range(total))[::int(step)]
    else:
        count = math.floor(total * (15 / fps))
        frames = np.floor(np.arange(count, dtype=np.float32) * np.float32(step)).astype(np.int64).tolist()
    windows = [frames[i:i + 16] for i in range(len(frames) - 15)]
    if windows:
        chosen = np.floor(linspace32(0, len(windows) - 1, 5)).astype(int)
        assert indices("torchvision_5", total, preset("torchvision_112"), fps) == [windows[i] for i in chosen]
    else:  # the origin leaves such videos out
        refused("torchvision_5", total, preset("torchvision_112"), fps)


@pytest.mark.parametrize("total", LENGTHS)
def test_sliding(total):
    expected = []
    for begin in range(0, total, 16):
        window = list(range(begin, min(begin + 16, total)))
        for index in window:
            if len(window) >= 16:
                break
            window.append(index)
        expected.append(window)
    assert indices("sliding_16", total, preset("kenshohara_112")) == expected


@pytest.mark.parametrize("total", LENGTHS)
def test_tsn(total):
    if total < 25:  # fewer frames than segments
        refused("tsn_25x10", total, preset("imagenet_224"))
    else:
        tick = total / float(25) if total > 25 else 0.0
        expected = [[int(tick / 2.0 + tick * x)] for x in range(25)]
        assert indices("tsn_25x10", total, preset("imagenet_224")) == expected


def test_full_video_and_centre():
    assert indices("full_video", 5, ClipSpec(frames=4, stride=1)) == [[0, 1, 2, 3, 4]]
    assert indices("full_video", 6, ClipSpec(frames=3, stride=1, fps=25), fps=50.0) == [[0, 2, 4]]
    refused("full_video", 5, ClipSpec(frames=4, stride=2))
    assert indices("centre", 100, ClipSpec(frames=10, stride=1)) == [list(range(45, 55))]
    row = protocols.protocol("full_video")
    assert row.test_clip(ClipSpec(), num_frames=250).frames == 250


@pytest.mark.parametrize(("name", "clip", "span"), [
    ("centre", ClipSpec(frames=8, stride=4), 29), ("slowfast_10x3", preset("slowfast_8x8"), 63),
    ("torchvision_5", preset("torchvision_112"), 16), ("sliding_16", preset("kenshohara_112"), 16),
    ("tsn_25x10", preset("imagenet_224"), 25), ("tsn_25x10", ClipSpec(frames=5, stride=1), 29),
    ("full_video", ClipSpec(frames=8, stride=2), 15)])
def test_how_long_a_video_must_be(name, clip, span):
    row = protocols.protocol(name)
    assert row.span(clip) == span
    rate = clip.fps or 30.0
    assert row.fits(info(span, rate), clip)
    assert row.fits(info(100, rate), clip, 20, 20 + span)
    assert not row.fits(info(100, rate), clip, 20, 19 + span)


def test_a_policy_can_be_chosen():
    clip = preset("kenshohara_112")
    strict = dataclasses.replace(protocols.protocol("sliding_16"), policy="error")
    assert strict.indices(info(20), clip) == protocols.protocol("sliding_16").indices(info(20), clip)
    with pytest.raises(VideoError, match="protocol sliding_16 takes at least 16 frames, and it has 15; use a protocol "
                                         "that repeats frames, such as centre, or a network of shorter clips"):
        strict.indices(info(15), clip)


def test_one_video_must_be_long_enough():
    row, clip = protocols.protocol("slowfast_10x3"), ClipSpec(frames=8, stride=2)
    row.check_longest(clip, [(info(10), 0, 10), (info(15), 0, 15)])
    row.check_longest(clip, [])
    with pytest.raises(ValueError, match=r"Expected longer videos: protocol slowfast_10x3 takes at least 15 frames\. "
                                         r"The longest of 2, 'a\.mp4', has 14\. Evaluate others, or train on a clip of "
                                         "fewer frames or a smaller stride"):
        row.check_longest(clip, [(info(14), 0, 14), (info(30), 0, 10)])


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_part_of_a_video(name):
    clip = preset("imagenet_224") if name.startswith("tsn") else ClipSpec(frames=8, stride=2)
    if protocols.protocol(name).starts is None:
        clip = clip.replace(sampling="segments")
    whole = indices(name, 40, clip)
    part = indices(name, 100, clip, first=30, last=70)
    assert part == [[30 + index for index in frames] for frames in whole]
    with pytest.raises(VideoError, match="wanted its frames from 50 up to 40"):
        indices(name, 40, clip, first=50)


@pytest.mark.parametrize(("name", "views", "average", "combine", "side"), [
    ("centre", 1, "softmax", "mean", 224), ("slowfast_10x3", 30, "softmax", "sum", 256),
    ("garden_10x3", 30, "softmax", "mean", 256), ("mmaction_10x3", 30, "softmax", "mean", 256),
    ("torchvision_5", 5, "softmax", "sum", 224), ("sliding_16", None, "softmax", "mean", 224),
    ("tsn_25x10", 250, "logits", "mean", 224), ("full_video", 1, "softmax", "mean", 224),
    ("tsm_2x3", 6, "softmax", "mean", 256), ("ssv2_1x3", 3, "softmax", "sum", 256),
])
def test_rows(name, views, average, combine, side):
    row = protocols.protocol(name)
    assert (row.name, row.views, row.average, row.combine) == (name, views, average, combine)
    clip = row.test_clip(preset("slowfast_8x8").replace(sampling="dense" if row.starts else "segments"))
    assert (clip.height, clip.width, clip.resize) == (side, side, 256)


def test_wider_crops_need_a_short_side():
    clip = preset("torchvision_112")
    assert protocols.protocol("slowfast_10x3").test_clip(clip) == clip  # resized to 128x171, there is no short side


def test_unknown_protocol():
    with pytest.raises(ValueError, match=r"A protocol is one of centre, .*ssv2_1x3\. Received: '10x3'"):
        protocols.protocol("10x3")


PARTED = ClipSpec(frames=8, sampling="segments")


@pytest.mark.parametrize("parts", [1, 3, 8, 16, 32])
@pytest.mark.parametrize("total", LENGTHS)
def test_tsm_and_mmaction_twice(total, parts):
    tick = total / float(parts)
    middle = [int(tick / 2.0 + tick * x) for x in range(parts)]
    first = [int(tick * x) for x in range(parts)]
    clip = PARTED.replace(frames=parts)
    assert indices("tsm_2x3", total, clip) == [middle, first]
    assert indices("centre", total, clip) == [middle]
    assert indices("sliding_16", total, clip) == [middle]  # the window is the video


@pytest.mark.parametrize("parts", [1, 8, 16, 32, 64])
@pytest.mark.parametrize("total", LENGTHS)
def test_slowfast_on_something_something(total, parts):
    """Ssv2.get_seq_frames. Its parts leave out the last frame, and share the frames at their edges."""
    size, expected = float(total - 1) / parts, []
    for i in range(parts):
        start, end = int(np.round(size * i)), int(np.round(size * (i + 1)))
        expected.append((start + end) // 2)
    assert indices("ssv2_1x3", total, PARTED.replace(frames=parts)) == [expected]


def test_slowfast_takes_parts_of_one_frame_less():
    assert indices("ssv2_1x3", 81, PARTED) == [[5, 15, 25, 35, 45, 55, 65, 75]]
    assert indices("centre", 81, PARTED) == [[5, 15, 25, 35, 45, 55, 65, 75]]
    assert indices("ssv2_1x3", 80, PARTED) == [[5, 15, 25, 35, 44, 54, 64, 74]]
    assert indices("centre", 80, PARTED) == [[5, 15, 25, 35, 45, 55, 65, 75]]


@pytest.mark.parametrize(("name", "count"), [("slowfast_10x3", 10), ("mmaction_10x3", 10), ("garden_10x3", 10),
                                             ("torchvision_5", 5), ("tsn_25x10", 25)])
def test_several_views_of_segments_are_shifted_within_the_parts(name, count):
    got = np.array(indices(name, 4000, PARTED))
    assert got.shape == (count, 8)
    np.testing.assert_array_equal(got // 500, np.broadcast_to(np.arange(8), got.shape))
    step = 500 / count
    np.testing.assert_array_equal(got[:, 0], (step / 2 + step * np.arange(count)).astype(int))


@pytest.mark.parametrize("total", LENGTHS)
def test_tsn_of_one_part_is_tsn(total):
    if total > 25:  # of a video of just 25 frames its origin takes the first one, each time
        assert indices("tsn_25x10", total, ClipSpec(frames=1, sampling="segments")) == indices(
            "tsn_25x10", total, ClipSpec(frames=1, stride=1))


def test_a_protocol_that_takes_other_frames_is_refused():
    with pytest.raises(ValueError, match=r"Protocol full_video takes every frame of a video\. Received: a network that "
                                         r"takes 8 frames, one of each of 8 parts\. Use another, such as centre\."):
        protocols.protocol("full_video").test_clip(PARTED)
    with pytest.raises(ValueError, match=r"Protocol tsm_2x3 is for networks that take one frame of each of several "
                                         r"parts of a video \(sampling='segments'\)\. Received: one that takes 16 "
                                         r"frames, stride 2\. Use another"):
        indices("tsm_2x3", 100, ClipSpec())


def test_how_long_a_video_must_be_for_segments():
    row = protocols.protocol("torchvision_5")
    assert row.span(PARTED) == 8
    assert row.fits(info(8), PARTED)
    with pytest.raises(VideoError, match=r"protocol torchvision_5 takes at least 8 frames, and it has 7; use"):
        row.indices(info(7), PARTED)
    assert indices("centre", 3, PARTED) == [[0, 0, 0, 1, 1, 2, 2, 2]]
    with pytest.raises(ValueError, match=r"The longest of 1, 'a\.mp4', has 7\. Evaluate others, or train on a clip of "
                                         r"fewer frames\.$"):
        protocols.protocol("centre").check_longest(PARTED, [(info(7), 0, 7)])
