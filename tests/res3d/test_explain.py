"""Heat maps: the gradient is the true one, and the map lies where the evidence is."""

import keras
import numpy as np
import pytest

import res3d
from res3d.explain import GradCam, flattened, grad_cam, last_stages, stretch

CLIP = res3d.ClipSpec(frames=8, height=32, width=32, resize=32)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, CLIP.shape, "uint8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r3d_10", "resnet_10"])
def test_with_a_linear_head_it_is_the_weighted_sum_of_the_maps(name, pixels):
    keras.utils.set_random_seed(0)
    model = res3d.build(name, 5, CLIP, width=0.25)
    heat, logits = grad_cam(model, pixels, label=3)
    maps = np.asarray(keras.Model(model.input, model.get_layer("stage4").output)(pixels[None]))
    maps = maps[0] if maps.ndim == 5 else maps
    expected = stretch(np.maximum(maps @ model.get_layer("logits").kernel.numpy()[:, 3], 0.0), CLIP.shape[:3])
    np.testing.assert_allclose(heat, expected / max(expected.max(), 1e-12), atol=1e-5)
    np.testing.assert_allclose(logits, np.asarray(model(pixels[None]))[0], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [
    lambda network, head: keras.Sequential([network, head]),
    lambda network, head: keras.Sequential([keras.Input(CLIP.shape, dtype="uint8"), network, head]),
    lambda network, head: keras.Sequential([keras.Sequential([network]), keras.Sequential([head])]),
    lambda network, head: (lambda x: keras.Model(x, head(network(x))))(keras.Input(CLIP.shape, dtype="uint8"))])
def test_a_network_inside_another_model_is_explained_as_if_it_were_one(wrap, pixels):
    keras.utils.set_random_seed(1)
    network, head = res3d.build("r3d_10", None, CLIP, width=0.125), keras.layers.Dense(4, name="logits")
    heat, logits = grad_cam(keras.Model(network.input, head(network.output)), pixels, label=2)
    found = grad_cam(wrap(network, head), pixels, label=2)
    np.testing.assert_allclose(found[0], heat, atol=1e-5)
    np.testing.assert_allclose(found[1], logits, rtol=1e-4, atol=1e-5)


def test_chains_in_chains_are_one():
    network = res3d.build("plain3d_5", 4, res3d.ClipSpec(frames=8, stride=1, height=32, width=32), width=0.25)
    inputs = keras.Input(network.input_shape[1:], dtype="uint8")
    inner = keras.Model(inputs, network(inputs))
    found = flattened(keras.Sequential([inputs, keras.Sequential([inner]), keras.layers.Softmax(name="end")]))
    assert [layer.name for layer in found.layers] == [*(layer.name for layer in network.layers), "end"]
    clips = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]), "uint8")
    np.testing.assert_allclose(found(clips), keras.ops.softmax(network(clips)), rtol=1e-5)
    for other in (network, keras.Sequential([inputs, keras.layers.Identity(), network])):
        assert flattened(other) is other


@pytest.mark.parametrize("head", [
    lambda features: keras.layers.Add(name="logits")([features, features]),
    lambda features: [keras.layers.Dense(4, name=f"logits{i}")(features) for i in (1, 2)]])
def test_a_network_inside_a_model_that_branches_is_refused(head):
    clip, network = keras.Input(CLIP.shape, dtype="uint8"), res3d.build("r3d_10", None, CLIP, width=0.125)
    with pytest.raises(ValueError, match=r"must have layers called stage1, .* Received: 'branching'"):
        GradCam(keras.Model(clip, head(network(clip)), name="branching"))


@pytest.mark.slow
def test_two_pathways_are_both_looked_at(pixels):
    model = res3d.build("slowfast_r50_8x8", 5, CLIP, width=0.125, depths=(1, 1, 1, 1))
    assert [layer.name for layer in last_stages(model)] == ["slow_stage4", "fast_stage4"]
    heat, _ = grad_cam(model, pixels)
    assert heat.shape == CLIP.shape[:3]
    assert 0 <= heat.min() <= heat.max() <= 1


@pytest.mark.slow
def test_each_pathway_counts_by_what_it_gives_to_the_logit(pixels):
    """By hand: the head pools each pathway and is linear, so a place gives its maps times the kernel's rows."""
    keras.utils.set_random_seed(3)
    model = res3d.build("slowfast_r50_8x8", 5, CLIP, width=0.125, depths=(1, 1, 1, 1), dropout=0.0)
    heat, _ = grad_cam(model, pixels, label=2)
    slow, fast = (np.asarray(maps)[0] for maps in keras.Model(
        model.input, [model.get_layer(name).output for name in ("slow_stage4", "fast_stage4")])(pixels[None]))
    assert len(fast) > len(slow)
    kernel = model.get_layer("logits").get_weights()[0].reshape(-1, 5)[:, 2]
    rows = np.split(kernel, [slow.shape[-1]])
    expected = sum(stretch(np.maximum(maps @ row, 0.0), CLIP.shape[:3]) for maps, row in zip((slow, fast), rows))
    np.testing.assert_allclose(heat, expected / expected.max(), atol=1e-5)


@pytest.mark.slow
def test_it_can_be_asked_again_and_leaves_the_model_alone(pixels):
    model = res3d.build("r3d_10", 5, CLIP, width=0.125)
    model.get_layer("stage1").trainable = False
    before, trained = model.get_weights(), [weight.path for weight in model.trainable_weights]
    look = GradCam(model)
    first, _ = look(pixels, 1)
    look(255 - pixels, 2)
    np.testing.assert_array_equal(look(pixels, 1)[0], first)
    for mine, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(mine, other)
    assert [weight.path for weight in model.trainable_weights] == trained
    assert "logits/kernel" in trained


def test_a_class_that_is_not_there_is_refused(pixels):
    model = res3d.build("r3d_10", 5, CLIP, width=0.125)
    with pytest.raises(ValueError, match=r"`label` must be from 0 to 4. Received: label=5"):
        grad_cam(model, pixels, 5)


def test_other_networks_are_refused():
    inputs = keras.Input((2,))
    with pytest.raises(ValueError, match="must have layers called stage1"):
        GradCam(keras.Model(inputs, keras.layers.Dense(1)(inputs)))


def test_stretching_keeps_a_constant_and_a_ramp():
    np.testing.assert_allclose(stretch(np.ones((2, 3, 4)), (5, 7, 9)), 1.0)
    ramp = np.arange(4.0)[:, None, None]
    np.testing.assert_allclose(stretch(ramp, (8, 1, 1))[1:-1, 0, 0], np.arange(1, 7) / 2 - 0.25)
