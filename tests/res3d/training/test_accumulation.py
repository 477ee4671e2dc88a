"""Accumulated gradients train as the large batch does; batch norms alone tell the difference, and which one."""

import keras
import numpy as np
import pytest

from res3d.layers.conv import ConvNorm
from res3d.layers.norm import BatchNorm, split_norms
from res3d.layers.pixel_scaling import PixelScaling
from res3d.private_keras import layers_inside
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.losses import make_loss
from res3d.training.optimizer import make_optimizer
from tests.res3d.training.tiny_run import CLASSES, tiny_clips, tiny_recipe

PARTS = 4
SETTINGS = ["optimizer.name=sgd", "optimizer.rate=0.1", "optimizer.momentum=0.9", "optimizer.weight_decay=0.01",
            "optimizer.clip_norm=1", "schedule.decay=constant"]


def trained(norm, parts, split=None, frozen=False):
    """Two updates of 8 clips each, in so many parts; `split` is the clips that a norm of the whole batch sees."""
    recipe = tiny_recipe(*SETTINGS, f"data.batch_size={8 // parts}", f"optimizer.accumulate={parts}")
    keras.utils.set_random_seed(3)
    inputs = keras.Input(recipe.clip.shape, dtype="uint8")
    x = PixelScaling(recipe.clip)(inputs)
    x = ConvNorm(4, 3, rank=3)(x) if norm else keras.layers.Conv3D(4, 3, padding="same")(x)
    x = keras.layers.ReLU()(x)
    model = keras.Model(inputs, keras.layers.Dense(CLASSES)(keras.layers.GlobalAveragePooling3D()(x)))
    for layer in layers_inside(model):
        if frozen and isinstance(layer, BatchNorm):
            layer.trainable = False
    model.compile(make_optimizer(recipe, EpochSizes.alike(2 * parts, 8 // parts)), make_loss(recipe), run_eagerly=True)
    if split is not None:
        assert split_norms(model, split) == 1
    clips, labels = tiny_clips(recipe.clip.shape)
    for first in range(0, 16, 8 // parts):
        model.train_on_batch(clips[first:first + 8 // parts], labels[first:first + 8 // parts])
    return ([variable.numpy() for variable in model.trainable_variables],
            [variable.numpy() for variable in model.non_trainable_variables if "moving" in variable.path])


def farthest(one, other):
    return max(np.abs(mine - its).max() for mine, its in zip(one, other, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"norm": False}, {"norm": True, "frozen": True}], ids=["none", "frozen"])
def test_without_moments_of_the_batch_it_is_the_large_batch(options):
    whole, _ = trained(parts=1, **options)
    accumulated, _ = trained(parts=PARTS, **options)
    assert farthest(whole, accumulated) < 1e-5  # float32, summed in another order


@pytest.mark.slow
def test_a_batch_norm_sees_the_clips_of_a_step_and_not_of_an_update():
    whole, averages = trained(norm=True, parts=1)
    accumulated, theirs = trained(norm=True, parts=PARTS)
    assert farthest(whole, accumulated) > 1e-3
    assert farthest(averages, theirs) > 1e-3  # moved four times an update, and not once
    split, _ = trained(norm=True, parts=1, split=8 // PARTS)  # the large batch, its norms in groups of a step's clips
    assert farthest(split, accumulated) < 1e-4
