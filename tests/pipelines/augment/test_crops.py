"""Steps that choose and scale a part of the picture: directly, inside `Dataset.map`, and as a box for the decoder."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.augment import crops, flip
from pipelines.augment.chaining import chain
from res3d.geometry import ClipSpec

SEEDS = [(number, 7) for number in range(40)]


def ramp(frames=3, height=20, width=30):
    """Every pixel says where it is: red its row, green its column, blue its frame."""
    clip = np.zeros((frames, height, width, 3), np.uint8)
    clip[..., 0] = np.arange(height)[:, None]
    clip[..., 1] = np.arange(width)
    clip[..., 2] = np.arange(frames)[:, None, None]
    return clip


def mapped(step, clip, seed):
    """What a step gives inside a dataset, where clips have no known size."""
    data = tf.data.Dataset.from_tensors((clip, np.asarray(seed, np.int32)))
    spec = tf.TensorSpec((None, None, None, clip.shape[-1]), tf.uint8)
    unknown = data.map(lambda clip, seed: (tf.numpy_function(lambda clip: clip, [clip], tf.uint8), seed))
    return next(iter(unknown.map(lambda clip, seed: step(tf.ensure_shape(clip, spec.shape), seed)))).numpy()


STEPS = {
    "random_crop": crops.random_crop(8, 12),
    "centre_crop": crops.centre_crop(8, 12),
    "random_flip": flip.random_flip(),
    "resize_short_side": crops.resize_short_side(10),
    "random_resized_crop": crops.random_resized_crop(8, 12),
    "short_side_jitter": crops.short_side_jitter(8, 12, (12, 16)),
    "chain": chain(crops.resize_short_side(16), crops.random_crop(8), flip.random_flip()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_the_same_directly_and_in_a_dataset(name):
    for seed in SEEDS[:4]:
        direct = STEPS[name](tf.constant(ramp()), seed).numpy()
        assert direct.dtype == np.uint8
        np.testing.assert_array_equal(direct, STEPS[name](tf.constant(ramp()), seed).numpy())
        np.testing.assert_array_equal(direct, mapped(STEPS[name], ramp(), seed))


@pytest.mark.parametrize("name", STEPS)
def test_frames_move_as_one(name):
    clip = np.repeat(ramp(1), 4, axis=0)
    result = STEPS[name](tf.constant(clip), (3, 4)).numpy()
    np.testing.assert_array_equal(result, np.repeat(result[:1], 4, axis=0))


def test_random_crop_cuts_anywhere_and_nothing_else():
    corners = set()
    for seed in SEEDS:
        cut = crops.random_crop(18, 27)(tf.constant(ramp()), seed).numpy()
        top, left = cut[0, 0, 0, :2]
        np.testing.assert_array_equal(cut, ramp()[:, top:top + 18, left:left + 27])
        corners.add((int(top), int(left)))
    assert {top for top, _ in corners} == {0, 1, 2}
    assert {left for _, left in corners} == {0, 1, 2, 3}


def test_centre_crop():
    np.testing.assert_array_equal(crops.centre_crop(10, 20)(tf.constant(ramp()), (0, 0)), ramp()[:, 5:15, 5:25])


def test_a_crop_larger_than_the_picture():
    for step in (crops.random_crop(21), crops.centre_crop(21)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected a picture of at least 21x21 to crop from"):
            step(tf.constant(ramp()), (0, 0))


def test_flip_mirrors_about_half_of_the_clips():
    mirrored = 0
    for seed in SEEDS:
        result = flip.random_flip()(tf.constant(ramp()), seed).numpy()
        flipped = result[0, 0, 0, 1] != 0
        np.testing.assert_array_equal(result, ramp()[:, :, ::-1] if flipped else ramp())
        mirrored += flipped
    assert 10 < mirrored < 30
    np.testing.assert_array_equal(flip.random_flip(1.0)(tf.constant(ramp()), (1, 1)), ramp()[:, :, ::-1])
    np.testing.assert_array_equal(flip.random_flip(0.0)(tf.constant(ramp()), (1, 1)), ramp())


@pytest.mark.parametrize("label", ["Swiping Left", "turn_right", "Rolling Hand clockwise", "counterclockwise",
                                   "Pushing [something] from left to right", "move-rightwards"])
def test_flip_is_refused_where_labels_have_a_side(label):
    with pytest.raises(ValueError, match=r"Expected labels that mean the same in a mirror\. Received: \['.*'\]\. L"):
        flip.random_flip(labels=["clapping", label])


def test_flip_is_allowed_elsewhere():
    for labels in (["bright lights", "upright bass", "leftover food"], ["playing cards", "copyright"]):
        assert flip.directional(labels) == []
    flip.random_flip(labels=["bright lights", "clapping"])


def test_resize_short_side_keeps_the_aspect():
    assert crops.resize_short_side(10)(tf.constant(ramp()), (0, 0)).shape == (3, 10, 15, 3)
    assert crops.resize_short_side(40)(tf.constant(ramp(2, 30, 20)), (0, 0)).shape == (2, 60, 40, 3)


@pytest.mark.parametrize("size", [(20, 30), (240, 320), (33, 17), (1, 1), (2, 500)])
def test_boxes_lie_inside_the_picture(size):
    height, width = size
    boxes = [crops.random_resized_crop(8, 12).box, crops.short_side_jitter(8, 12, (12, 16)).box,
             crops.ClipCrop(ClipSpec(height=16, width=16, resize=20)).box]
    for box in boxes:
        for key in range(60):
            top, left, box_height, box_width = box(height, width, key)
            assert 0 <= top <= top + box_height <= height
            assert 0 <= left <= left + box_width <= width
            assert min(box_height, box_width) > 0


@pytest.mark.parametrize("crop", [
    crops.random_resized_crop(8, 12), crops.short_side_jitter(8, 12, (12, 16)),
    crops.ClipCrop(ClipSpec(height=16, width=16, resize=20)),
    crops.ClipCrop(ClipSpec(height=16, width=8, resize=(17, 9)))])
def test_boxes_of_many_pictures_are_those_of_each(crop):
    rng = np.random.default_rng(4)
    heights, widths = rng.integers(1, 400, (2, 300))
    keys = rng.integers(-2**62, 2**62, 300)
    expected = [crop.box(*map(int, each)) for each in zip(heights, widths, keys)]
    assert [tuple(box) for box in crop.boxes(heights, widths, keys).tolist()] == expected


def test_which_pictures_a_crop_scales():
    crop = crops.ClipCrop(ClipSpec(height=16, width=16, resize=20))
    assert not crop.resizes(20, 40)
    assert crop.resizes(21, 40)
    assert crops.random_resized_crop(16).resizes(20, 40)


def test_random_resized_crop_keeps_to_its_area_and_aspect():
    box = crops.random_resized_crop(8, scale=(0.2, 0.5), ratio=(0.5, 2.0)).box
    boxes = [box(200, 200, key)[2:] for key in range(300)]
    areas = [height * width / 200**2 for height, width in boxes]
    aspects = [width / height for height, width in boxes]
    assert 0.195 < min(areas) < 0.22           # the rounding of a side to whole pixels
    assert 0.48 < max(areas) < 0.505
    assert 0.49 < min(aspects) < 0.6
    assert 1.7 < max(aspects) < 2.04


def test_a_box_and_the_graph_choose_alike():
    # The same formula: what differs is where the random numbers come from.
    step = crops.random_resized_crop(8, 12, scale=(1.0, 1.0), ratio=(1.5, 1.5))
    assert step.box(20, 30, 5) == (0, 0, 20, 30)
    np.testing.assert_array_equal(step(tf.constant(ramp()), (1, 2)), crops.resize(tf.constant(ramp()), 8, 12))


def test_jitter_scales_the_short_side_within_its_range():
    step = crops.short_side_jitter(50, short_side=(60, 70))
    heights = {step.box(60, 90, key)[2] for key in range(200)}
    assert min(heights) == round(50 * 60 / 70)
    assert max(heights) == 50
    with pytest.raises(ValueError, match="`short_side` must be two lengths, the smaller first and not below the crop"):
        crops.short_side_jitter(50, short_side=(40, 60))


def test_the_crop_of_a_clip_lies_anywhere():
    clip = ClipSpec(height=112, width=112, resize=128)
    boxes = [crops.ClipCrop(clip).box(256, 320, key) for key in range(300)]
    assert {box[2:] for box in boxes} == {(224, 224)}
    assert {box[0] for box in boxes} >= {0, 32}
    assert min(box[1] for box in boxes) < 3
    assert max(box[1] for box in boxes) > 93


def test_steps_of_a_chain_draw_apart():
    seen = []

    def spy(clip, seed):
        seen.append(tuple(np.asarray(seed).tolist()))
        return clip

    chain(spy, chain(spy, spy), spy)(tf.constant(ramp()), (1, 2))
    assert len(set(seen)) == 4
    with pytest.raises(ValueError, match=r"`chain` takes functions of \(clip, seed\). Received: 3"):
        chain(spy, 3)


@pytest.mark.parametrize("arguments", [{"scale": (0.0, 1.0)}, {"scale": (0.5, 0.2)}, {"ratio": (2.0, 1.0)}])
def test_ranges_are_checked(arguments):
    with pytest.raises(ValueError, match=r"must be \(low, high\) with 0 < low <= high"):
        crops.random_resized_crop(8, **arguments)
    with pytest.raises(ValueError, match=r"`probability` must lie in \[0, 1\]\. Received: probability=-1"):
        flip.random_flip(-1)
