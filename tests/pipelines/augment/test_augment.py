"""Colours, covers and blends: directly and inside `Dataset.map`, the same for all frames of a clip."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.augment import color, erasing, mixing, randaugment
from pipelines.augment.layer import keras_layer

RNG = np.random.default_rng(0)
CLIP = RNG.integers(0, 256, (3, 16, 20, 3), dtype=np.uint8)
STILL = np.repeat(CLIP[:1], 3, axis=0)              # frames all alike
SEEDS = [(number, 11) for number in range(12)]

STEPS = {
    "color_jitter": color.color_jitter(hue=0.1),
    "random_erasing": erasing.random_erasing(1.0),
    "rand_augment": randaugment.rand_augment(2, 9),
    "rotation": keras_layer(keras.layers.RandomRotation(0.1), "channels"),
    "zoom": keras_layer(keras.layers.RandomZoom(0.2), "channels"),
    "translation": keras_layer(keras.layers.RandomTranslation(0.2, 0.2), "channels"),
    "brightness": keras_layer(keras.layers.RandomBrightness(0.3), "height"),
    "posterization": keras_layer(keras.layers.RandomPosterization(3), "height"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_the_same_directly_and_in_a_dataset(name):
    data = tf.data.Dataset.from_tensor_slices(np.array(SEEDS[:3], np.int32))
    for seed, mapped in zip(SEEDS, data.map(lambda seed: STEPS[name](tf.constant(CLIP), seed))):
        direct = STEPS[name](tf.constant(CLIP), seed)
        assert (direct.dtype, direct.shape) == (tf.uint8, CLIP.shape)
        np.testing.assert_array_equal(direct, STEPS[name](tf.constant(CLIP), seed))
        # One grey level: a graph may add up in another order.
        np.testing.assert_allclose(mapped.numpy().astype(int), direct.numpy().astype(int), atol=1)


@pytest.mark.parametrize("name", STEPS)
def test_frames_move_as_one_and_clips_do_not(name):
    results = [STEPS[name](tf.constant(STILL), seed).numpy() for seed in SEEDS]
    for result in results:
        np.testing.assert_array_equal(result, np.repeat(result[:1], 3, axis=0))
    assert len({result.tobytes() for result in results}) > (1 if name == "posterization" else 5)


@pytest.mark.parametrize("name", randaugment.OPERATIONS)
def test_each_operation_keeps_clips_clips(name):
    operation = randaugment.OPERATIONS[name]
    for level in (-1.0, 0.0, 0.6):
        result = operation(tf.constant(STILL), level)
        assert (result.dtype, result.shape) == (tf.uint8, STILL.shape)
        np.testing.assert_array_equal(result, np.repeat(result[:1], 3, axis=0))
    if name not in ("auto_contrast", "equalize"):
        np.testing.assert_array_equal(operation(tf.constant(CLIP), 0.0), CLIP)


def test_operations_against_numpy():
    def do(name, level, clip=CLIP):
        return randaugment.OPERATIONS[name](tf.constant(clip), level).numpy()

    np.testing.assert_array_equal(do("solarize", 0.5), np.where(CLIP >= 128, 255 - CLIP, CLIP))
    np.testing.assert_array_equal(do("posterize", 0.75), CLIP & 0b11111000)
    np.testing.assert_array_equal(do("brightness", -1.0), np.round(CLIP * np.float32(0.1)).astype(np.uint8))
    grey = CLIP @ np.array([0.299, 0.587, 0.114])
    contrast = np.clip(grey.mean() + (CLIP - grey.mean()) * 1.9, 0, 255)
    np.testing.assert_allclose(do("contrast", 1.0), contrast, atol=0.51)      # rounding to whole levels
    np.testing.assert_array_equal(do("translate_x", 0.5)[:, :, :17], CLIP[:, :, 3:])
    assert (do("translate_x", 0.5)[:, :, 17:] == 128).all()
    np.testing.assert_array_equal(do("translate_y", -1.0)[:, 5:].shape, CLIP[:, 5:].shape)
    narrow = (CLIP // 4 + 60).astype(np.uint8)
    stretched = do("auto_contrast", 0.0, narrow)
    assert (stretched.min(), stretched.max()) == (0, 255)
    flat = do("equalize", 0.0, (np.arange(320, dtype=np.uint8).reshape(1, 16, 20, 1) // 4).repeat(3, -1))
    assert np.histogram(flat, 8, (0, 256))[0].std() < 25
    constant = np.full((2, 4, 4, 3), 77, np.uint8)
    for name in ("auto_contrast", "equalize", "contrast", "color", "sharpness"):
        np.testing.assert_array_equal(do(name, 1.0, constant), constant)


def test_turning_right_round_the_middle():
    dot = np.zeros((1, 21, 21, 1), np.uint8)
    dot[0, 10, 10] = 255                              # the middle stays where it is
    assert randaugment.OPERATIONS["rotate"](tf.constant(dot), 1.0).numpy()[0, 10, 10, 0] > 250


def test_statistics_are_those_of_the_clip():
    dark_to_light = np.stack([np.full((4, 4, 3), level, np.uint8) for level in (50, 100, 150)])
    stretched = randaugment.OPERATIONS["auto_contrast"](tf.constant(dark_to_light), 0.0).numpy()
    assert stretched[:, 0, 0, 0].tolist() == [0, 128, 255]


def test_color_jitter_of_nothing_and_of_grey():
    np.testing.assert_array_equal(color.color_jitter(0, 0, 0)(tf.constant(CLIP), (1, 2)), CLIP)
    grey = color.color_jitter(0.4, 0.4, 0.4, 0.1)(tf.constant(CLIP[..., :1]), (1, 2))
    assert grey.shape == (*CLIP.shape[:3], 1)
    for arguments, text in (({"brightness": -1}, "`brightness` must not be negative. Received: brightness=-1"),
                            ({"hue": 0.6}, r"`hue` must lie in \[0, 0.5\]. Received: hue=0.6")):
        with pytest.raises(ValueError, match=text):
            color.color_jitter(**arguments)


def test_erasing_covers_one_box_of_the_right_size():
    step = erasing.random_erasing(1.0, area=(0.1, 0.3), fill=0)
    for seed in SEEDS:
        covered = (step(tf.constant(np.full((2, 40, 40, 3), 9, np.uint8)), seed).numpy() == 0).all(axis=(0, 3))
        rows, columns = covered.any(1), covered.any(0)
        assert covered.sum() == rows.sum() * columns.sum()
        assert 0.08 < covered.mean() < 0.33            # sides are whole pixels
    untouched = erasing.random_erasing(0.0)(tf.constant(CLIP), (1, 2))
    np.testing.assert_array_equal(untouched, CLIP)
    with pytest.raises(ValueError, match=r"`fill` must be 'noise' or an int from 0 to 255\. Received: fill=300"):
        erasing.random_erasing(fill=300)


@pytest.mark.parametrize(("arguments", "text"), [
    ({"probability": 2}, r"`probability` must lie in \[0, 1\]\. Received: probability=2"),
    ({"area": (0.5, 0.1)}, r"`area` must be \(low, high\) with 0 < low <= high <= 1\. Received: area=\(0\.5, 0\.1\)"),
    ({"ratio": (0, 1)}, r"`ratio` must be \(low, high\) with 0 < low <= high <= inf\. Received: ratio=\(0, 1\)"),
])
def test_erasing_arguments(arguments, text):
    with pytest.raises(ValueError, match=text):
        erasing.random_erasing(**arguments)


BATCH = np.stack([np.full((2, 8, 8, 3), level, np.uint8) for level in (0, 60, 120, 240)])
LABELS = np.arange(4, dtype=np.int32)


@pytest.mark.parametrize("mix", [mixing.mixup(0.8), mixing.cutmix(1.0), mixing.mixup_or_cutmix(0.8, 1.0)])
def test_labels_follow_pixels(mix):
    # Constant clips: the mean of a clip tells how much of which it has, and the labels must say the same.
    levels = BATCH[:, 0, 0, 0, 0].astype(float)
    changed = 0
    for seed in SEEDS:
        clips, labels = mix(tf.constant(BATCH), tf.constant(LABELS), seed, 4)
        assert (clips.dtype, clips.shape, labels.dtype, labels.shape) == (tf.uint8, BATCH.shape, tf.float32, (4, 4))
        np.testing.assert_allclose(np.sum(labels, axis=1), 1, atol=1e-6)    # float32
        means = clips.numpy().mean(axis=(1, 2, 3, 4))
        np.testing.assert_allclose(labels.numpy() @ levels, means, atol=0.51)  # rounding to whole levels
        assert (clips.numpy() == clips.numpy()[:, :1]).all()
        changed += not np.array_equal(clips, BATCH)
    assert changed > 8


def test_mixing_takes_several_labels_and_a_single_clip():
    targets = np.array([[1, 1, 0]], np.float32)
    for mix in (mixing.mixup(), mixing.cutmix()):
        clips, labels = mix(tf.constant(BATCH[:1]), tf.constant(targets), (1, 2), 3)
        np.testing.assert_array_equal(clips, BATCH[:1])
        np.testing.assert_allclose(labels, targets, atol=1e-6)              # float32
    with pytest.raises(ValueError, match=r"`alpha` must be positive\. Received: alpha=0"):
        mixing.mixup(0)


@pytest.mark.slow
def test_mixing_in_a_dataset():
    data = tf.data.Dataset.from_tensor_slices((BATCH, LABELS)).batch(3)
    found = list(data.map(lambda clips, labels: mixing.mixup_or_cutmix(0.8, 1.0)(clips, labels, (5, 6), 4)))
    assert [clips.shape[0] for clips, _ in found] == [3, 1]


@pytest.mark.parametrize("layer", [keras.layers.RandAugment(), keras.layers.Rescaling(1.0), 3])
def test_layers_that_cannot_be_seeded_are_refused(layer):
    with pytest.raises(ValueError, match=r"`keras_layer` takes one random image layer whose draws can be seeded\. Rec"):
        keras_layer(layer, "height")
    with pytest.raises(ValueError, match=r"`time_as` must be one of 'channels', 'height'\. Received: 'batch'"):
        keras_layer(keras.layers.RandomZoom(0.1), "batch")


@pytest.mark.parametrize(("arguments", "text"), [
    ((-1, 9), "`num_ops` must be a whole number from 0 on. Received: num_ops=-1"),
    ((2, 11), r"`magnitude` must lie in \[0, 10\]. Received: magnitude=11"),
])
def test_rand_augment_arguments(arguments, text):
    with pytest.raises(ValueError, match=text):
        randaugment.rand_augment(*arguments)
