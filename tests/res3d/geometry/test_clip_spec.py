"""ClipSpec: validation, resize and crop arithmetic, JSON."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from res3d.geometry import PRESETS, ClipSpec, Cut, preset


def test_defaults_describe_a_112_clip():
    clip = ClipSpec()
    assert clip.shape == (16, 112, 112, 3)
    assert clip.span == 31
    assert clip.resize == 128


@pytest.mark.parametrize(("fields", "message"), [
    ({"frames": 0}, "`frames` must be a positive int. Received: frames=0."),
    ({"stride": 1.5}, "`stride` must be a positive int. Received: stride=1.5."),
    ({"height": True}, "`height` must be a positive int. Received: height=True."),
    ({"fps": -1}, "`fps` must be a positive number or None. Received: fps=-1."),
    ({"resize": 100}, "`resize` must be at least the crop, 112x112. Received: resize=100."),
    ({"resize": (128, 100)}, "`resize` must be at least the crop, 112x112. Received: resize=(128, 100)."),
    ({"resize": "128"}, "`resize` must be a positive int, two positive ints or None. Received: resize='128'."),
    ({"mean": (0.1, 0.2)}, "`mean` must be one number or 3 numbers. Received: mean=(0.1, 0.2)."),
    ({"std": (0.0, 1.0, 1.0)}, "`std` must be positive numbers. Received: std=(0.0, 1.0, 1.0)."),
    ({"mean": "0.5"}, "`mean` must be one number or 3 numbers. Received: mean='0.5'."),
    ({"mean": None}, "`mean` must be one number or 3 numbers. Received: mean=None."),
    ({"std": float("inf")}, "`std` must be one number or 3 numbers. Received: std=inf."),
    ({"value_range": 5}, "`value_range` must be (low, high). Received: value_range=5."),
    ({"value_range": (0, float("inf"))}, "`value_range` must be (low, high). Received: value_range=(0, inf)."),
    ({"value_range": (1.0, 0.0)}, "`value_range` must be (low, high). Received: value_range=(1.0, 0.0)."),
    ({"sampling": "uniform"}, "`sampling` must be 'dense' or 'segments'. Received: sampling='uniform'."),
    ({"sampling": None}, "`sampling` must be 'dense' or 'segments'. Received: sampling=None."),
    ({"channel_order": "GBR"}, "`channel_order` must be 'RGB' or 'BGR'. Received: channel_order='GBR'."),
])
def test_a_wrong_field_is_named(fields, message):
    with pytest.raises(ValueError) as error:
        ClipSpec(**fields)
    assert str(error.value) == message


def test_short_side_keeps_the_aspect_and_rounds_down():
    clip = ClipSpec(resize=128)
    assert clip.resized_size(240, 320) == (128, 170)
    assert clip.resized_size(320, 240) == (170, 128)
    assert clip.resized_size(16, 16) == (128, 128)


def test_a_pair_ignores_the_aspect():
    assert preset("torchvision_112").resized_size(1080, 1920) == (128, 171)


sizes = st.integers(1, 4000)


@given(sizes, sizes, st.integers(1, 300), st.integers(1, 300), st.integers(0, 60))
def test_the_resized_picture_always_covers_the_crop(source_height, source_width, height, width, margin):
    clip = ClipSpec(height=height, width=width, resize=min(height, width) + margin)
    resized = clip.resized_size(source_height, source_width)
    assert resized[0] >= height
    assert resized[1] >= width
    for position in range(3):
        top, left = clip.crop_offsets(*resized, position=position)
        assert 0 <= top <= resized[0] - height
        assert 0 <= left <= resized[1] - width


def test_crops_lie_along_the_longer_side_ends_included():
    clip = ClipSpec(height=10, width=10, resize=10)
    assert [clip.crop_offsets(10, 31, position) for position in range(3)] == [(0, 0), (0, 10), (0, 21)]
    assert [clip.crop_offsets(31, 10, position) for position in range(3)] == [(0, 0), (10, 0), (21, 0)]
    assert clip.crop_offsets(13, 15, 0, positions=1) == (1, 2)


@pytest.mark.parametrize(("position", "positions", "message"), [
    (3, 3, "`position` must be from 0 to 2. Received: position=3."),
    (-1, 3, "`position` must be from 0 to 2. Received: position=-1."),
    (0, 0, "`positions` must be a positive int. Received: positions=0."),
])
def test_a_crop_outside_the_picture_is_refused(position, positions, message):
    with pytest.raises(ValueError) as error:
        ClipSpec().crop_offsets(128, 170, position, positions)
    assert str(error.value) == message


CROPS = [0, 1, 2, (0, 2, False), (1, 1, True), (2, 0, True)]


@given(st.lists(st.tuples(sizes, sizes), min_size=1), st.integers(1, 300), st.integers(1, 300),
       st.integers(0, 60), st.booleans(), st.sampled_from(CROPS))
def test_pictures_of_many_sizes_are_cut_as_each_is(sources, height, width, margin, exactly, crop):
    resize = (height + margin, width + 2 * margin) if exactly else min(height, width) + margin
    clip = ClipSpec(height=height, width=width, resize=resize)
    heights, widths = np.array(sources).T
    many = clip.cut(heights, widths, crop, xp=np)
    table = np.stack(np.broadcast_arrays(*many.box, *many.size, *many.crop)).T
    seen = np.stack(clip.crop_in_source(heights, widths, np)).T
    for source, row, part in zip(sources, table.tolist(), seen.tolist()):
        cut = clip.cut(*source, crop)
        assert row == [*cut.box, *cut.size, *cut.crop]
        assert tuple(part) == clip.crop_in_source(*source)


@given(sizes, sizes, st.integers(1, 300), st.integers(1, 300), st.integers(0, 60))
def test_a_crop_shows_its_share_of_the_source(source_height, source_width, height, width, margin):
    clip = ClipSpec(height=height, width=width, resize=min(height, width) + margin)
    scaled_height, scaled_width = clip.resized_size(source_height, source_width)
    shares = source_height * height / scaled_height, source_width * width / scaled_width
    assert clip.crop_in_source(source_height, source_width) == tuple(max(1, round(share)) for share in shares)


def test_a_crop_is_a_position_or_a_place_of_nine():
    clip = ClipSpec(height=32, width=32, resize=48)
    assert clip.cut(96, 128) == Cut((0, 0, 96, 128), (48, 64), (8, 16, 32, 32))
    assert clip.cut(96, 128, (1, 1, False)) == clip.cut(96, 128)
    assert clip.cut(96, 128, (2, 0, True)) == Cut((0, 0, 96, 128), (48, 64), (16, 0, 32, 32), mirrored=True)
    assert clip.cut(96, 128, 2).crop[:2] == (8, 32)
    with pytest.raises(ValueError, match=r"A crop is a position, or \(row, column, mirrored\) .* Received: \(3, 0, "):
        clip.cut(96, 128, (3, 0, False))
    with pytest.raises(ValueError, match=r"`position` must be from 0 to 2\. Received: position=3\."):
        clip.cut(96, 128, 3)


def test_a_box_fills_the_clip():
    assert ClipSpec().box_cut((5, 6, 70, 80)) == Cut((5, 6, 70, 80), (112, 112), (0, 0, 112, 112))


def test_a_cut_is_carried_out_on_pictures_and_on_clips():
    clip = np.arange(2 * 9 * 12 * 3).reshape(2, 9, 12, 3)
    cut = Cut((1, 2, 6, 8), (6, 8), (3, 4, 2, 3))
    np.testing.assert_array_equal(cut.boxed(clip), clip[:, 1:7, 2:10])
    np.testing.assert_array_equal(cut.cropped(cut.boxed(clip[0])), clip[0, 4:6, 6:9])


def test_pixel_scaling_is_range_mean_and_deviation():
    clip = ClipSpec(value_range=(-1.0, 1.0), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    scale, shift = np.array(clip.pixel_scaling())
    for pixel in (0, 100, 255):
        np.testing.assert_allclose(pixel * scale + shift, (pixel / 127.5 - 1 - np.array(clip.mean)) / clip.std)


def test_numpy_numbers_are_numbers():
    clip = ClipSpec(np.int64(8), np.int32(2), np.float32(15), np.int64(32), np.int64(32), resize=np.int64(40),
                    mean=np.float32(0.5), std=(np.float64(0.25),))
    assert ClipSpec.from_json(clip.to_json()) == clip == ClipSpec(8, 2, 15, 32, 32, resize=40, mean=0.5, std=0.25)
    assert ClipSpec(resize=(np.int64(128), np.int64(171))).to_dict()["resize"] == [128, 171]


def test_a_picture_smaller_than_the_crop_is_refused():
    with pytest.raises(ValueError, match=r"`crop` must be a picture of 112x112 at least. Received: crop=\(100, 200\)."):
        ClipSpec().crop_offsets(100, 200)


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name):
    clip = PRESETS[name]
    assert ClipSpec.from_json(clip.to_json()) == clip


def test_save_and_load(tmp_path):
    clip = ClipSpec(frames=8, fps=12.5, channels=1)
    clip.save(tmp_path / "clip.json")
    assert ClipSpec.load(tmp_path / "clip.json") == clip
    assert [path.name for path in tmp_path.iterdir()] == ["clip.json"]


def test_segments_have_no_stride_and_travel_with_the_clip():
    clip = ClipSpec(8, stride=4, fps=25, sampling="segments")
    assert (clip.stride, clip.fps, clip.span) == (1, 25.0, 8)
    assert clip == ClipSpec(8, fps=25, sampling="segments") == preset("slow_8x8").replace(
        sampling="segments", fps=25, height=112, width=112, mean=ClipSpec().mean, std=ClipSpec().std)
    assert ClipSpec.from_json(clip.to_json()) == clip != clip.replace(sampling="dense")
    assert clip.timing == "8 frames, one of each of 8 parts at 25 fps"
    assert ClipSpec(8, 2, 15).timing == "8 frames, stride 2 at 15 fps"


def test_a_file_that_does_not_say_how_frames_are_taken_is_dense():
    """As those of former versions, which can read it, too; they refuse one of segments by that field's name."""
    fields = ClipSpec().to_dict()
    assert "sampling" not in fields
    assert "sampling" not in repr(ClipSpec())
    assert repr(ClipSpec(sampling="segments")).endswith("channel_order='RGB', sampling='segments')")
    assert ClipSpec.from_dict(fields) == ClipSpec.from_dict({**fields, "sampling": "dense"}) == ClipSpec()


def test_unknown_fields_and_presets_are_refused_by_name():
    with pytest.raises(ValueError, match=r"Received unknown: \['colour'\]"):
        ClipSpec.from_dict({"frames": 4, "colour": "RGB"})
    with pytest.raises(ValueError, match=r"`clip` must be a mapping of a clip's fields. Received: clip=\[\]"):
        ClipSpec.from_json("[]")
    with pytest.raises(ValueError, match=r"A clip preset is one of torchvision_112, .*Received: 'nope'"):
        preset("nope")


def test_a_changed_size_brings_its_own_resize():
    assert ClipSpec(resize=128).replace(height=224, width=224).resize == 256
    assert ClipSpec().replace(frames=4).resize == 128


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ClipSpec().frames = 3
