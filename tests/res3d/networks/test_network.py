"""`build` and what it promises: options, features, sizes, pixels scaled inside, and errors that say what to do."""

import pathlib

import keras
import numpy as np
import pytest

import res3d
from res3d.blocks.residual import ResidualBlock
from res3d.layers.pixel_scaling import PixelScaling
from res3d.networks.variants.table import VARIANTS
from res3d.private_keras import layers_inside
from tests.res3d.catalogue import CLIP, MODELS, pixels, stir, tiny
from tests.telling import first_of

SMALL = {"width": 0.125, "depths": (1, 1, 1, 1)}


def test_pixels_are_scaled_inside():
    clip = res3d.ClipSpec(8, 1, None, 32, 32, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    inside = stir(res3d.build("r3d_18", 4, clip, **SMALL))
    outside = res3d.build("r3d_18", 4, input_shape=clip.shape, **SMALL)
    outside.set_weights(inside.get_weights())
    x = pixels(2)
    scaled = (x / 255 - np.array(clip.mean)) / np.array(clip.std)
    np.testing.assert_allclose(inside(x), outside(scaled.astype("float32")), 1e-4, 1e-4)
    assert inside.input.name == "clip"
    assert inside.input.dtype == "uint8"


def test_channel_order_and_range_follow_the_clip():
    clip = res3d.preset("keras_resnet50_224").replace(height=32, width=32)
    layer = res3d.build("resnet_18", 4, clip, **SMALL).get_layer("pixels")
    x = np.zeros((1, 1, 32, 32, 3), "uint8")
    x[..., 0] = 200  # red
    np.testing.assert_allclose(layer(x)[0, 0, 0, 0], [-103.939, -116.779, 200 - 123.68], 1e-5)


def test_a_range_that_does_not_begin_at_zero():
    for clip in (CLIP.replace(value_range=(-1.0, 1.0), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)),
                 CLIP.replace(value_range=(-1.0, 1.0), mean=0.1, std=0.5)):
        x = pixels(1)
        expected = (x / 127.5 - 1 - np.array(clip.mean)) / np.array(clip.std)
        np.testing.assert_allclose(PixelScaling(clip)(x), expected, 1e-5, 1e-5)


def test_pixels_of_a_width_that_is_not_known_are_scaled_to_the_same_digits():
    """Rows at once where it is, and pixel by pixel where not: two ways to the same numbers."""
    layer, x = PixelScaling(CLIP.replace(mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))), pixels(2)
    free = keras.Input((None, None, None, 3), dtype="uint8")
    np.testing.assert_array_equal(layer(x), keras.Model(free, layer(free)).predict_on_batch(x))


@pytest.mark.slow
def test_stochastic_depth_grows_by_the_stage():
    """Model Garden: a tenth in the last of four stages, (i + 1) / 5 of it in the i-th."""
    model = tiny("r3d_rs_50")
    rates = [model.get_layer(f"stage{i + 1}").blocks[0].drop_path for i in range(4)]
    np.testing.assert_allclose(rates, [0.04, 0.06, 0.08, 0.1])


def test_the_published_clip_is_the_default():
    model = res3d.build("x3d_xs", 3, **SMALL)
    assert res3d.clip_of(model) == res3d.preset("x3d_xs")


@pytest.mark.parametrize("name", first_of(
    ["r3d_18", "slow_r50", "resnet_18", "x3d_s", "tsm_r50", "tam_r50", "wrn_16_4"], {"slow_r50", "tsm_r50"}))
def test_features_are_the_named_stages(name):
    model = tiny(name, features=True, num_classes=None)
    outputs = model(pixels(2))
    stages = len(VARIANTS[name].network.depths)
    assert list(outputs) == ["stem", *(f"stage{i + 1}" for i in range(stages))]
    for key, value in outputs.items():
        assert tuple(value.shape[1:]) == tuple(model.output[key].shape[1:])
        assert len(value.shape) == 5  # frames of a picture network are unfolded again
    channels = [value.shape[-1] for value in outputs.values()][1:]
    assert channels == sorted(channels)


@pytest.mark.parametrize(("name", "strides"), [
    ("resnet_50", (4, 8, 16, 32)), ("slow_r50", (4, 8, 16, 32)), ("kenshohara_r3d_18", (4, 8, 16, 32)),
    ("x3d_s", (4, 8, 16, 32)), ("r2plus1d_r50", (4, 8, 16, 32)), ("r3d_18", (2, 4, 8, 16)), ("mc3_18", (2, 4, 8, 16)),
    ("cifar_resnet_20", (1, 2, 4)), ("medicalnet_10", (4, 8, 8, 8))])
def test_stages_stride_as_the_documentation_of_build_says(name, strides):
    outputs = tiny(name, features=True, num_classes=None).output
    stages = [outputs[f"stage{i + 1}"].shape[3] for i in range(len(strides))]
    assert tuple(CLIP.width // size for size in stages) == strides


@pytest.mark.slow
def test_slowfast_features_name_their_pathway():
    outputs = tiny("slowfast_r50_4x16", features=True, num_classes=None)(pixels(1))
    assert {key.split("_")[0] for key in outputs} == {"slow", "fast"}
    assert outputs["slow_stage4"].shape[1] == 1
    assert outputs["fast_stage4"].shape[1] == 8


def test_no_classes_means_no_head():
    assert tiny("r3d_18", num_classes=None).output_shape == (None, 64)
    assert tiny("x3d_s", num_classes=None).output_shape == (None, 2048)


def test_activation_for_several_labels():
    model = stir(tiny("r3d_18", activation="sigmoid"))
    logits = tiny("r3d_18")
    logits.set_weights(model.get_weights())
    np.testing.assert_allclose(model(pixels(2)), keras.ops.sigmoid(logits(pixels(2))), 1e-5, 1e-6)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels(channels):
    clip = CLIP.replace(channels=channels, mean=(0.5,), std=(0.2,))
    assert tiny("r3d_18", clip=clip)(pixels(1, clip)).shape == (1, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "r3d_18", "x3d_s", *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "slow_r50", "resnet_50", "kenshohara_r3d_50"))])
def test_any_clip_size_the_strides_allow(name):
    for frames, side in ((8, 40), (11, 37), (16, 64)):
        clip = CLIP.replace(frames=frames, height=side, width=side + 6)
        assert tiny(name, clip=clip)(pixels(1, clip)).shape == (1, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "r3d_18", "x3d_s", *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "ir_csn_50", "r2plus1d_r50", "garden_r3d_50"))])
def test_sizes_may_be_left_open(name):
    model = res3d.build(name, 4, input_shape=(None, None, None, 3), **SMALL)
    for shape in ((1, 8, 32, 32, 3), (2, 5, 20, 28, 3)):
        assert model(np.zeros(shape, "float32")).shape == (shape[0], 4)
    assert model.predict(np.zeros((1, 5, 20, 28, 3), "float32"), verbose=0).shape == (1, 4)
    assert model.predict(np.zeros((1, 8, 32, 32, 3), "float32"), verbose=0).shape == (1, 4)  # sizes now open in a graph


@pytest.mark.slow
def test_a_picture_network_averages_its_frames():
    model = stir(res3d.build("resnet_18", 4, CLIP, **SMALL))
    one = res3d.build("resnet_18", 4, CLIP.replace(frames=1), **SMALL)
    one.set_weights(model.get_weights())
    x = pixels(2)
    frames = [one(x[:, i:i + 1]) for i in range(CLIP.frames)]
    np.testing.assert_allclose(model(x), np.mean(frames, axis=0), 1e-4, 1e-4)
    single = res3d.build("resnet_18", 4, input_shape=(32, 32, 3), **SMALL)
    assert single(np.zeros((2, 32, 32, 3), "float32")).shape == (2, 4)


@pytest.mark.slow
def test_time_matters_to_a_shifting_network_only():
    still, backwards = pixels(1), pixels(1)[:, ::-1]
    for name, same in (("resnet_50", True), ("tsm_r50", False)):
        model = stir(tiny(name))
        assert np.allclose(model(still), model(backwards), 1e-4, 1e-4) == same


def test_a_larger_crop_is_seen_in_windows():
    """The logits of a network with a fixed window are the mean over windows of the native size."""
    model = stir(tiny("slow_r50", clip=CLIP.replace(height=288, width=288), width=0.125))
    last = model.get_layer("stage4").output.shape
    assert last[2:4] == (9, 9)
    pool = model.get_layer("head_pool")
    x = np.random.default_rng(0).normal(size=(1, *last[1:])).astype("float32")
    windows = [x[:, :, i:i + 7, j:j + 7].mean((1, 2, 3)) for i in range(3) for j in range(3)]
    np.testing.assert_allclose(pool(x), np.mean(windows, axis=0), 1e-4, 1e-5)


def test_the_shortcut_can_be_switched_off():
    plain = tiny("resnet_18", shortcut="none")
    assert not [weight.path for weight in plain.weights if "shortcut" in weight.path]
    blocks = [layer for layer in layers_inside(plain) if isinstance(layer, ResidualBlock)]
    assert {block.shortcut for block in blocks} == {"none"}


def test_width_and_depths_scale():
    model = res3d.build("r3d_18", 4, CLIP, width=0.5, depths=(1, 2, 1, 1))
    assert model.get_layer("stage4").output.shape[-1] == 256
    assert len(model.get_layer("stage2").blocks) == 2


def test_numpy_numbers_are_numbers():
    model = res3d.build("r3d_18", np.int64(4), CLIP, width=np.float32(0.125), depths=np.ones(4, int))
    assert model.output_shape == (None, 4)
    assert keras.models.model_from_json(model.to_json()).output_shape == (None, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnext_50_32x4d", "kenshohara_resnext3d_50"])
def test_a_width_of_groups_is_a_multiple_of_them(name):
    model = res3d.build(name, 4, CLIP, width=0.3, depths=(1, 1, 1, 1))
    assert [model.get_layer(f"stage{i}").blocks[0].inner for i in (1, 2, 3, 4)] == [32, 64, 160, 320]


@pytest.mark.parametrize(("make", "message"), [
    (lambda: res3d.build("r3d18", 5), "Received: name='r3d18'. Did you mean r3d_18 or r3d_10 or vmz_r3d_18?"),
    (lambda: res3d.build("inception", 5), "known networks. Received: name='inception'. res3d.list_models() lists all."),
    (lambda: res3d.build("cifar_resnet_21", 5), "A CIFAR ResNet has 6n + 2 layers: 20, 32, 44 ... Received: "
                                                "'cifar_resnet_21'."),
    (lambda: res3d.build("kenshohara_r3d_18", 5, CLIP.replace(frames=4)),
     "The strides of kenshohara_r3d_18 need at least 9x9 pixels and 5 frames. Received: 32x32 pixels and 4 frames."),
    (lambda: res3d.build("resnet_50", 5, CLIP.replace(height=8, width=8)),
     "The strides of resnet_50 need at least 9x9 pixels. Received: 8x8 pixels. Use a larger clip"),
    (lambda: res3d.build("i3d_r50", 5, CLIP.replace(frames=1)), "need at least 9x9 pixels and 2 frames"),
    (lambda: res3d.build("slowfast_r50_4x16", 5, CLIP.replace(frames=12)),
     "SlowFast with alpha=8 takes clips of a multiple of 8 frames. Received an input of shape (None, 12, 32, 32, 3)."),
    (lambda: res3d.build("r3d_18", 5, input_shape=(32, 32, 3)),
     "r3d_18 takes `input_shape` (frames, height, width, channels). Received: input_shape=(32, 32, 3)."),
    (lambda: res3d.build("tsm_r50", 5, input_shape=(32, 32, 3)), "tsm_r50 takes `input_shape` (frames, height"),
    (lambda: res3d.build("r3d_18", 5, input_shape=(8, 32, 32, None)), "must end in a known channel count"),
    (lambda: res3d.build("r3d_18", 5, CLIP, input_shape=(8, 32, 32, 3)), "Give `clip` (uint8 pixels, scaled inside) or "
                                                                       "`input_shape` (floats), not both."),
    (lambda: res3d.build("r3d_18", 5, "torchvision_112"), "`clip` must be a res3d.ClipSpec; res3d.preset(name) gives a "
                                                          "published one. Received: clip='torchvision_112'."),
    (lambda: res3d.build("r3d_18", 0), "`num_classes` must be a positive int. Received: num_classes=0."),
    (lambda: res3d.build("r3d_18", 5, CLIP, width=0), "`width` must be a number above 0. Received: width=0."),
    (lambda: res3d.build("r3d_18", 5, CLIP, depths=(1, 2)), "`depths` must be an int or a tuple of 4 positive ints"),
    (lambda: res3d.build("r3d_18", 5, CLIP, width=float("inf")), "`width` must be a number above 0. Received: width=i"),
    (lambda: res3d.build("r3d_18", 5, CLIP, depths=2.5), "`depths` must be an int or a tuple of 4 positive ints"),
    (lambda: res3d.build("r3d_18", 5, CLIP, dropout=2), "`dropout` must be a number from 0 up to, not including, 1."),
    (lambda: res3d.build("r3d_18", 5, CLIP, activation="sigmoyd"),
     "Received: activation='sigmoyd'. Did you mean sigmoid"),
    (lambda: res3d.build("r3d_18", 5, CLIP, stride_on="conv_a"),
     "Received: stride_on='conv_a' for r3d_18, whose blocks are basic. Leave it out."),
    (lambda: res3d.build("r3d_18", 5, input_shape=5),
     "r3d_18 takes `input_shape` (frames, height, width, channels). Received: input_shape=5."),
    (lambda: res3d.build("r3d_18", 5, input_shape=(8, 32, 32, 0)),
     "must be of positive ints, or None where a size is open. Received: input_shape=(8, 32, 32, 0)."),
    (lambda: res3d.build("resnet_18", 5, input_shape=(None, 32, 32, 3)),
     "resnet_18 sees pictures and needs to know how many of them are a clip."),
    (lambda: res3d.build(["r3d_18"], 5), "known networks. Received: name=['r3d_18']."),
    (lambda: res3d.clip_of(res3d.build("r3d_18", 5, input_shape=(8, 32, 32, 3), **SMALL)),
     "Build it with `clip=` rather than `input_shape=`."),
])
def test_errors_are_clear(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_wrong_channels_are_refused_when_called():
    with pytest.raises(ValueError, match=r"expected shape=|incompatible"):
        tiny("r3d_18")(np.zeros((1, 8, 32, 32, 4), "uint8"))


LAYOUTS = ("r3d_18", "r2plus1d_18", "kenshohara_preact_r3d_18", "slow_r50", "i3d_nl_r50", "ip_csn_50", "x3d_s",
           "slowfast_r50_4x16", "r3d_rs_50", "resnet_50", "tsm_r50", "tam_r50", "medicalnet_10", "wrn_16_4",
           "plain3d_5")


def layout(name):
    """Paths and shapes of a tiny member's weights, one a line: an interface, as saved files depend on it."""
    return "".join(f"{weight.path} {tuple(weight.shape)}\n" for weight in tiny(name).weights)


@pytest.mark.parametrize("name", first_of(LAYOUTS, {"r3d_18", "x3d_s", "slowfast_r50_4x16", "tam_r50"}))
def test_weight_layout_is_the_reviewed_one(name):
    path = pathlib.Path(__file__).parent / "layouts" / f"{name}.txt"
    assert layout(name) == path.read_text(encoding="utf-8"), (
        f"Saved weights of {name} no longer fit. If that is meant, rewrite the file: python {__file__}")


def test_every_layout_is_of_a_tiny_member():
    assert set(LAYOUTS) <= set(MODELS)


if __name__ == "__main__":
    for name in LAYOUTS:
        (pathlib.Path(__file__).parent / "layouts" / f"{name}.txt").write_text(layout(name), encoding="utf-8")
