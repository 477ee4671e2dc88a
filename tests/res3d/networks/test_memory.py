"""The estimate of memory, beside sizes written out by hand, and what is said of a batch that will not fit."""

import keras
import pytest

from res3d.geometry import ClipSpec
from res3d.layers.conv import ConvNorm
from res3d.networks.memory import clip_memory
from res3d.networks.network import build
from res3d.training.recipe import find_recipe
from res3d.workflows.feeding.room import batch_that_fits, room_line

CLIP = ClipSpec(frames=8, height=32, width=32, resize=32)


def test_what_convolutions_give_is_kept_three_times():
    inputs = keras.Input((4, 8, 8, 3))
    x = ConvNorm(16, 3, rank=3, strides=(1, 2, 2), activation="relu", name="first")(inputs)  # 4*4*4 * 16
    model = keras.Model(inputs, ConvNorm(8, 3, rank=3, strides=2, name="second")(x))  # 2*2*2 * 8
    assert clip_memory(model) == (4 * (3 * (1024 + 64) + 2 * 1024), 4 * 2 * 1024)


@pytest.mark.slow
def test_frames_in_the_batch_count_and_half_precision_takes_half():
    one, eight = (build("resnet_18", 5, CLIP.replace(frames=frames), width=0.25) for frames in (1, 8))
    half = build("resnet_18", 5, CLIP, width=0.25, dtype="mixed_bfloat16")
    assert clip_memory(eight)[0] == 8 * clip_memory(one)[0] == 2 * clip_memory(half)[0]


def test_an_open_size_cannot_be_told():
    with pytest.raises(ValueError, match=r"needs every size. Received: .*Build the model with a clip"):
        clip_memory(build("r3d_10", 5, input_shape=(None, None, None, 3), width=0.125))


def test_a_batch_that_will_not_fit_is_told_with_one_that_does():
    recipe = find_recipe("demo", ["data.batch_size=16", "clip.frames=8", "clip.height=32", "clip.width=32",
                                  "clip.resize=32"])
    model = build("r3d_10", 5, recipe.clip, width=0.125)
    _, whole = batch_that_fits(model, 16, 0)
    assert batch_that_fits(model, 16, whole) == (16, whole)
    assert room_line(model, recipe, whole) is None
    a_clip, _ = clip_memory(model)
    free = whole - 12 * a_clip + 1  # room for four, and not for eight
    assert "4 fit: --set data.batch_size=4 --set optimizer.accumulate=4; --set model.recompute" in room_line(
        model, recipe, free)
    assert "Not even one clip fits: use a smaller clip" in room_line(model, recipe, 1000)
