"""Motion in place of pixels: values by plain NumPy, and weights that were trained on pixels."""

import keras
import numpy as np
import pytest

import res3d
from res3d.evaluation.adapt import at_shape
from res3d.networks.motion import MotionChannels
from res3d.weights.inflation import inflate
from res3d.workflows.start import copy_weights
from tests.res3d.catalogue import CLIP, pixels, stir, tiny

BGR = CLIP.replace(channel_order="BGR", value_range=(0.0, 255.0), mean=(103.9, 116.8, 123.7), std=(1.0, 2.0, 3.0))
SMALL = {"width": 0.25, "dropout": 0.0}


def even(motion, floor=0.5, limit=6):
    size = np.sqrt((motion ** 2).mean((1, 2, 3, 4), keepdims=True)) + floor
    return np.clip(motion / size, -limit, limit)


def steps(x):
    return np.concatenate([x[:, 1:2] - x[:, :1], x[:, 1:] - x[:, :-1]], axis=1)


@pytest.mark.parametrize("clip", [CLIP, BGR, CLIP.replace(channels=1)], ids=["rgb", "bgr", "gray"])
def test_channels_are_counted_in_levels_of_pixels_whatever_the_scaling(clip):
    names = ["difference", "background", "color_difference", "color"]
    model = res3d.build("plain3d_5", 4, clip, motion=names, **SMALL)
    x = pixels(2, clip)
    y = keras.Model(model.input, model.get_layer("motion").output)(x)
    levels = x.astype("float64")
    gray = levels if clip.channels == 1 else (levels * (0.299, 0.587, 0.114)).sum(-1, keepdims=True)
    rgb = levels[..., ::-1] if clip.channel_order == "BGR" else levels
    scaled = model.get_layer("pixels")(x)
    expected = [even(steps(gray)), even(gray - gray.mean(1, keepdims=True)), even(steps(rgb)), scaled]
    np.testing.assert_allclose(y, np.concatenate(expected, -1), 1e-3, 1e-4)  # float32 sums of pixels near 255


def test_half_precision_rounds_motion_and_not_the_pixels_that_it_is_made_of():
    x = np.full((1, 8, 32, 32, 3), 200, "uint8") + np.arange(8, dtype="uint8")[:, None, None, None]
    outputs = []
    for policy in ("float32", "mixed_bfloat16", "mixed_float16"):
        model = res3d.build("plain3d_5", 4, CLIP, motion="difference", dtype=policy, **SMALL)
        y = keras.Model(model.input, model.get_layer("motion").output)(x)
        assert y.dtype == policy.removeprefix("mixed_")
        outputs.append(keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")))
    for y in outputs:
        np.testing.assert_allclose(y, 1 / 1.5, 5e-3)  # one level a frame, over one and the floor; 8 bits


def test_a_still_clip_shows_nothing_and_has_a_slope():
    tf = pytest.importorskip("tensorflow")
    x = tf.ones((1, 4, 2, 2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = MotionChannels()(x)
    assert np.all(y == 0)
    assert np.isfinite(tape.gradient(y, x)).all()


def test_signs_turn_in_training_only_by_clip_and_not_those_of_color():
    layer = MotionChannels(("difference", "background", "color"), random_sign=True)
    x = np.random.default_rng(0).normal(size=(32, 3, 2, 2, 3)).astype("float32")
    plain, drawn = np.array(layer(x)), np.array(layer(x, training=True))
    sign = drawn[..., :2] / plain[..., :2]
    np.testing.assert_allclose(np.abs(sign), 1, 1e-5)
    assert np.all(np.abs(sign.sum((1, 2, 3, 4))) > 23.99)  # both channels of a clip together
    assert 4 < (sign[:, 0, 0, 0, 0] > 0).sum() < 28
    np.testing.assert_array_equal(drawn[..., 2:], plain[..., 2:])


@pytest.mark.slow
def test_a_motion_model_is_saved_and_taken_to_other_sizes(tmp_path):
    model = stir(res3d.build("plain3d_5", 4, CLIP, motion={"channels": ["difference", "color"], "random_sign": True},
                             **SMALL))
    x = pixels(2)
    expected = model(x)
    model.save(tmp_path / "model.keras")
    again = res3d.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(x), expected, 1e-5, 1e-5)
    assert again.get_layer("motion").random_sign
    longer = at_shape(model, CLIP, frames=False)
    np.testing.assert_allclose(longer(x), expected, 1e-5, 1e-5)
    assert longer(pixels(1, CLIP.replace(frames=19))).shape == (1, 4)


@pytest.mark.slow
def test_a_motion_model_is_served(tmp_path):
    tf = pytest.importorskip("tensorflow")
    import serving

    model, x = stir(tiny("plain3d_5")), pixels(2)
    expected = model(x)
    path = serving.export(model, tmp_path / "served", labels=list("abcde"))
    found = tf.saved_model.load(str(path)).signatures["serving_default"](tf.constant(x))
    np.testing.assert_allclose(found["logits"], expected, 1e-4, 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slowfast_r50_4x16", "tsm_r50", "resnet_18", "x3d_s", "r2plus1d_18"])
def test_any_network_sees_motion_and_takes_weights_trained_on_pixels(name):
    seen, moved = tiny(name), tiny(name, motion=["difference", "background"])
    assert moved.get_layer("motion").output.shape[-1] == 2
    assert copy_weights(seen, moved) == []
    old = {weight.path: np.array(weight) for weight in seen.weights}
    for weight in moved.weights:
        wanted = old[weight.path]
        if wanted.shape != weight.shape:
            assert "stem/" in weight.path
            wanted = np.repeat(wanted.mean(-2, keepdims=True), 2, axis=-2)
        np.testing.assert_allclose(weight, wanted, 1e-6)
    moved(pixels(1))


def test_weights_trained_on_motion_are_taken_as_they_are():
    motion = ["color_difference"]  # as many channels as pixels have
    old, new = (tiny("r3d_18", motion=motion) for _ in range(2))
    copy_weights(old, new)
    np.testing.assert_array_equal(new.get_layer("stem").conv.kernel, old.get_layer("stem").conv.kernel)
    copy_weights(tiny("r3d_18"), new)
    kernel = np.array(new.get_layer("stem").conv.kernel)
    np.testing.assert_allclose(kernel, kernel[..., :1, :].repeat(3, axis=-2))


def test_a_picture_network_is_inflated_beside_color():
    flat, deep = tiny("resnet_50"), tiny("slow_r50", motion=["background", "color"])
    inflate(deep, flat, drop_head=True)
    kernel, wanted = (np.array(model.get_layer("stem").conv.kernel) for model in (deep, flat))
    np.testing.assert_allclose(kernel[0, ..., 1:, :], wanted)
    np.testing.assert_allclose(kernel[0, ..., 0, :], wanted.mean(-2), 1e-6)


@pytest.mark.slow
def test_the_plain_row_pools_before_it_norms_and_counts_by_sixteens():
    model = tiny("plain3d_5", width=0.7)
    assert [model.get_layer(f"stage{i}").output.shape[-1] for i in (1, 2, 3, 4)] == [16, 48, 64, 96]
    assert model.get_layer("stem").output.shape[-1] == 16
    block = stir(tiny("plain3d_5")).get_layer("stage2").blocks[0]
    x = np.random.default_rng(0).normal(size=(1, 4, 6, 6, 16)).astype("float32")
    y = np.array(block.conv(x)).reshape(1, 2, 2, 3, 2, 3, 2, -1).max((2, 4, 6))
    np.testing.assert_allclose(block(x), np.maximum(block.norm(y), 0), 1e-5, 1e-5)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: tiny("plain3d_5", motion="diference"), "Received: channels='diference'. Did you mean difference"),
    (lambda: tiny("plain3d_5", motion=["color", "color"]), "`channels` must be different names out of difference, b"),
    (lambda: tiny("plain3d_5", motion=[]), "`channels` must be different names"),
    (lambda: tiny("plain3d_5", motion={"channels": "color", "limit": 0}), "`limit` and `scale` positive"),
    (lambda: tiny("resnet_18", motion="color", clip=CLIP.replace(frames=1)), "Motion needs clips of 2 frames or more."),
    (lambda: tiny("r3d_18", motion="color", clip=None, input_shape=CLIP.shape), "give `clip` rather than `input_sha"),
    (lambda: tiny("plain3d_5", shortcut="pad"), "`shortcut` chooses among those of residual networks. Received: "),
    (lambda: tiny("plain3d_5", clip=CLIP.replace(frames=7)), "at least 31x31 pixels and 8 frames. Received: 32x32"),
    (lambda: tiny("plain3d_5", clip=CLIP.replace(height=30)), "at least 31x31 pixels and 8 frames. Received: 30x3"),
])
def test_errors_are_clear(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
