"""Augmentation inside the pipeline: where it happens, what it is given, and that seeds decide it."""

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.augment import chaining, color, crops, erasing, flip, mixing, randaugment
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=1, height=16, width=16, resize=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four videos of two classes, in which red is the row and green the column of a pixel."""
    folder = tmp_path_factory.mktemp("ramps")
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[..., 0] = np.arange(40)[:, None] * 4
    picture[..., 1] = np.arange(60) * 4
    for number in range(4):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        write_video(folder / "ab"[number % 2] / f"{number}.mkv", [picture] * 10, codec="FFV1")
    return folder


def clips_of(folder, **options):
    train = pipelines.training_clips(folder, CLIP, 2, seed=7, **options)
    return np.concatenate([clips for clips, _ in train])


@pytest.mark.slow
@pytest.mark.parametrize("steps", [
    pytest.param([crops.random_resized_crop(16), flip.random_flip(), color.color_jitter()], id="box"),
    pytest.param([crops.short_side_jitter(16, short_side=(20, 30))], id="jitter", marks=pytest.mark.slow),
    pytest.param([crops.resize_short_side(24), crops.random_crop(16)], id="whole"),
    pytest.param([randaugment.rand_augment(1), erasing.random_erasing(1.0)], id="cropped", marks=pytest.mark.slow)])
def test_the_same_whatever_the_number_of_workers(folder, steps):
    first = clips_of(folder, augment=chaining.chain(*steps), workers=1)
    assert first.shape == (4, *CLIP.shape)
    np.testing.assert_array_equal(first, clips_of(folder, augment=chaining.chain(*steps), workers=4))
    assert len({clip.tobytes() for clip in first}) > 1


def test_a_single_step_needs_no_chain(folder):
    boxed = clips_of(folder, augment=crops.random_resized_crop(16, scale=(0.2, 0.3)))
    np.testing.assert_array_equal(boxed, clips_of(folder, augment=chaining.chain(
        crops.random_resized_crop(16, scale=(0.2, 0.3)))))
    # A fifth to a third of the picture's 40 rows and 60 columns, of 4 grey levels each.
    assert all(np.ptp(clip[..., 0].astype(int)) < 0.8 * 160 for clip in boxed)


def test_random_and_centre_crops(folder):
    centre = clips_of(folder, crop="centre")
    np.testing.assert_array_equal(centre, np.repeat(centre[:1], 4, axis=0))
    random = clips_of(folder)
    assert len({clip.tobytes() for clip in random}) == 4
    assert (np.ptp(random[..., 0], axis=(1, 2, 3)) > 0.6 * 160).all()        # 16 of 20 rows, wherever they are
    val = np.concatenate([clips for clips, _ in pipelines.evaluation_clips(folder, CLIP, 3)])
    np.testing.assert_array_equal(centre, val)


@pytest.mark.slow
def test_clips_of_one_video_are_augmented_apart(folder):
    clips = clips_of(folder, augment=color.color_jitter(), crop="centre", clips_per_video=2)
    assert len({clip.tobytes() for clip in clips}) == 8


@pytest.mark.slow
def test_mixing_gives_soft_labels(folder):
    train = pipelines.training_clips(folder, CLIP, 4, mix=mixing.mixup(0.8))
    assert train.element_spec[1] == tf.TensorSpec((None, 2), tf.float32)
    ((clips, labels),) = list(train)
    assert clips.dtype == tf.uint8
    np.testing.assert_allclose(np.sum(labels, axis=1), 1, atol=1e-6)         # float32


@pytest.mark.slow
def test_epochs_are_augmented_anew(folder):
    train = pipelines.training_clips(folder, CLIP, 4, augment=color.color_jitter(), crop="centre")
    first, second = (next(iter(train.at(epoch)))[0].numpy() for epoch in (0, 1))
    assert not {clip.tobytes() for clip in first} & {clip.tobytes() for clip in second}


@pytest.mark.parametrize(("steps", "message"), [
    (lambda clip, seed: tf.cast(clip, tf.float32), r"`augment` must give uint8 clips of shape \(4, 16, 16, 3\). Rec"),
    (lambda clip, seed: clip[:, :8], r"`augment` must give uint8 clips .* Received: uint8 \(4, 8"),
    (crops.random_resized_crop(12), "`augment` begins with a crop to 12x12, but a clip is 16x16. Make them equal"),
    (3, r"`chain` takes functions of \(clip, seed\). Received: 3"),
])
def test_wrong_augmentation(folder, steps, message):
    with pytest.raises(ValueError, match=message):
        pipelines.training_clips(folder, CLIP, 2, augment=steps)


def test_a_chain_that_leaves_the_picture_too_large(folder):
    train = pipelines.training_clips(folder, CLIP, 2, augment=crops.resize_short_side(24))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`augment` must give clips of shape \(4, 16"):
        next(iter(train))
