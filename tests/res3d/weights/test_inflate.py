"""Kernels of pictures, spread over time: a still clip gives the 2D network's logits."""

import keras
import numpy as np
import pytest

import res3d
from res3d.geometry import ClipSpec, preset
from res3d.weights.errors import CheckpointError
from res3d.weights.fit import fit, fold_shortcut_norms
from res3d.weights.inflation import inflate

SIDE = 64
CLIP = ClipSpec(frames=8, height=SIDE, width=SIDE)


def trained(model, seed=0):
    """`model` as if trained: no weight at its initial value, activations kept of one size."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        name = weight.path.rpartition("/")[2]
        if name in ("gamma", "moving_variance"):
            weight.assign(random.uniform(0.5, 1.5, weight.shape).astype("float32"))
        elif name in ("beta", "moving_mean", "bias"):
            weight.assign(random.uniform(-0.2, 0.2, weight.shape).astype("float32"))
    return model


def answer(model, x):
    return np.asarray(model(x, training=False))


def still(seed=1, side=SIDE, frames=8):
    picture = np.random.default_rng(seed).integers(0, 256, (1, 1, side, side, 3), "uint8")
    return picture, np.repeat(picture, frames, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(("flat", "deep"), [
    ("resnet_50", "i3d_r50"), ("resnet_18", "kenshohara_r3d_18"),
    *(pytest.param(flat, deep, marks=pytest.mark.slow) for flat, deep in (
        ("resnet_50", "c2d_r50"), ("resnet_50", "slow_r50"), ("resnet_50", "kenshohara_r3d_50"),
        ("resnet_50", "resnet_50"))),
])
def test_a_still_clip_gives_the_pictures_logits(flat, deep):
    source = trained(res3d.build(flat, 6, CLIP.replace(frames=1), width=0.125, depths=(1, 2, 2, 2)))
    model = res3d.build(deep, 6, CLIP, width=0.125, depths=(1, 2, 2, 2))
    inflate(model, source)
    picture, clip = still()
    expected = answer(source, picture)
    np.testing.assert_allclose(answer(model, clip), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.slow
def test_spread_evenly_it_holds_where_no_zeros_are_padded():
    source = trained(res3d.build("resnet_50", 6, CLIP.replace(frames=1), width=0.125, depths=(1, 1, 1, 2)))
    model = res3d.build("slow_r50", 6, CLIP.replace(frames=32), width=0.125, depths=(1, 1, 1, 2))
    inflate(model, source, "mean")
    pictures = keras.Model(source.input, source.get_layer("stage4").output)
    clips = keras.Model(model.input, model.get_layer("stage4").output)
    picture, clip = still(frames=32)
    expected = answer(pictures, picture)[0]
    actual = answer(clips, clip)[0]
    np.testing.assert_allclose(actual[16], expected, atol=1e-5 * expected.max())
    assert np.abs(actual[0] - expected).max() > 1e-3 * expected.max()


@pytest.mark.slow
def test_keras_applications_resnet50_biases_epsilon_and_colour_order():
    source = trained(keras.applications.ResNet50(weights=None, input_shape=(SIDE, SIDE, 3), classes=7,
                                                 classifier_activation=None))
    spec = preset("keras_resnet50_224").replace(height=SIDE, width=SIDE)
    picture, clip = still()
    expected = answer(source, keras.applications.resnet.preprocess_input(picture[0].astype("float32")))
    flat = res3d.build("resnet_50_v1", 7, spec)
    assert inflate(flat, source).source == "resnet50"
    np.testing.assert_allclose(answer(flat, picture), expected, atol=2e-5 * np.abs(expected).max())
    deep = res3d.build("i3d_r50", 7, spec.replace(frames=8), stride_on="conv_a")
    inflate(deep, source)
    np.testing.assert_allclose(answer(deep, clip), expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.slow
def test_pictures_files_need_the_word(layout, tmp_path, formula, shapes_of):
    path = layout.write_zip(tmp_path / "resnet18.pth", formula.state_dict(shapes_of("torchvision_image/resnet18")))
    model = res3d.build("kenshohara_r3d_18", 1000, CLIP)
    with pytest.raises(CheckpointError) as caught:
        res3d.load_weights(model, path)
    assert "it holds a 2D network and the model 'kenshohara_r3d_18' is 3D. Pass inflate='centre'" in str(caught.value)
    assert inflate(model, path).source == "torchvision"


@pytest.mark.slow
def test_what_cannot_be_inflated():
    with pytest.raises(CheckpointError, match=r"expected a 2D network of res3d.build or a ResNet"):
        inflate(None, keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d")]))
    with pytest.raises(CheckpointError, match=r"a ResNet V2 of keras.applications has biases"):
        inflate(None, keras.applications.ResNet50V2(weights=None, input_shape=(SIDE, SIDE, 3)))
    source = res3d.build("resnet_18", 5, CLIP.replace(frames=1), width=0.125)
    with pytest.raises(CheckpointError, match="in the model, not in the file"):
        inflate(res3d.build("slow_r50", 5, CLIP, width=0.125), source)
    with pytest.raises(ValueError, match=r"`inflate` must be one of None, centre, mean. Received: inflate='edge'"):
        inflate(res3d.build("kenshohara_r3d_18", 5, CLIP, width=0.125), source, "edge")
    with pytest.raises(ValueError, match="Did you mean centre"):  # although no kernel needs time here
        inflate(source, source, "center")


def test_fit():
    square = np.arange(9.0, dtype="float32").reshape(3, 3, 1, 1)
    assert fit(square, (3, 3, 3, 1, 1)) is None
    centre = fit(square, (3, 3, 3, 1, 1), "centre")
    np.testing.assert_array_equal(centre[1], square)
    assert not centre[0].any()
    assert not centre[2].any()
    np.testing.assert_allclose(fit(square, (3, 3, 3, 1, 1), "mean").sum(0), square, rtol=1e-6)
    assert fit(np.zeros((2, 3)), (3, 2)) is None


def test_a_projections_norm_folds_into_its_neighbours():
    random = np.random.default_rng(0)
    arrays = {f"stage1/block0/{name}": random.uniform(0.5, 1.5, shape).astype("float32") for name, shape in {
        "shortcut/conv/kernel": (1, 1, 1, 3, 4), "conv_c/norm/beta": (4,), "shortcut/norm/gamma": (4,),
        "shortcut/norm/beta": (4,), "shortcut/norm/moving_mean": (4,), "shortcut/norm/moving_variance": (4,)}.items()}
    old = {name.removeprefix("stage1/block0/"): value.astype("float64") for name, value in arrays.items()}
    folded = fold_shortcut_norms(arrays, ["stage1/block0/shortcut/conv/kernel", "stage1/block0/conv_c/norm/beta"])
    assert len(folded) == 4
    x = random.normal(size=(5, 3))
    norm = (x @ old["shortcut/conv/kernel"][0, 0, 0] - old["shortcut/norm/moving_mean"]) / np.sqrt(
        old["shortcut/norm/moving_variance"] + 1e-5) * old["shortcut/norm/gamma"] + old["shortcut/norm/beta"]
    new = x @ arrays["stage1/block0/shortcut/conv/kernel"][0, 0, 0] + arrays["stage1/block0/conv_c/norm/beta"]
    np.testing.assert_allclose(new, norm + old["conv_c/norm/beta"], rtol=1e-5)
