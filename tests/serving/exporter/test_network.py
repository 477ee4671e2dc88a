"""What an export asks of layers: to fold, to compute with other weights and in another dtype, to say how they end."""

import keras
import numpy as np
import pytest

import res3d
from res3d.geometry import ClipSpec
from res3d.private_keras import layers_inside
from serving.exporter import model_reading
from serving.exporter.fold import Eighth, Folding, units
from serving.exporter.network import with_dtype

CLIP = ClipSpec(frames=4, stride=2, height=32, width=32)


class Foreign(keras.layers.Layer):
    """Has a `conv` and a `norm`, and offers nothing."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv, self.norm = keras.layers.DepthwiseConv2D(3), keras.layers.BatchNormalization()

    def build(self, shape):
        self.conv.build(shape)
        self.norm.build(self.conv.compute_output_shape(shape))

    def call(self, x):
        return self.norm(self.conv(x))


def test_layers_that_offer_nothing_stay_as_they_are():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(Foreign()(inputs))))
    assert units(model) == []
    for store in (None, Eighth):
        folding = Folding(model, store=store)
        assert (len(folding), folding.variables, folding.replaced) == (0, [], set())


@pytest.mark.slow
def test_a_folding_is_of_the_time_that_it_is_applied():
    model = res3d.build("r3d_10", 3, CLIP, width=0.125)
    clips = np.random.default_rng(0).integers(0, 256, (1, *CLIP.shape), "uint8")
    before = np.asarray(model(clips, training=False))
    folding = Folding(model, store=Eighth)
    with folding.applied():
        inside = np.asarray(model(clips, training=False))
    assert 0 < np.abs(inside - before).max() < 0.1  # 8 bits
    np.testing.assert_array_equal(model(clips, training=False), before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x3d_s", "i3d_nl_r50", "r3d_rs_50"])
def test_another_dtype_reaches_every_layer_but_the_last(name):
    model = res3d.build(name, 3, CLIP, width=0.125, depths=(1, 1, 1, 1), dtype="mixed_bfloat16")
    for dtype in ("float32", "bfloat16"):
        copy = with_dtype(model, dtype)
        last = layers_inside(copy.layers[-1])
        assert {layer.dtype_policy.name for layer in last} == {"float32"}
        others = [layer for layer in layers_inside(copy, include_self=False) if layer not in last]
        assert {layer.dtype_policy.name for layer in others if layer.name != "clip"} == {dtype}
        assert {weight.dtype for weight in copy.weights if "logits" not in weight.path
                and "seed" not in weight.path} == {dtype}
        assert copy.input.dtype == "uint8"


def test_a_model_inside_a_model_takes_the_dtype_too():
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.TimeDistributed(
        keras.layers.Dense(2))])
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inner(inputs))))
    copy = with_dtype(model, "bfloat16")
    half = {type(layer): layer for layer in layers_inside(copy.layers[1])}
    for kind in (keras.layers.Conv2D, keras.layers.TimeDistributed, keras.layers.Dense):
        assert half[kind].compute_dtype == "bfloat16"
    assert half[keras.layers.Conv2D].kernel.dtype == "bfloat16"
    assert copy.layers[-1].kernel.dtype == copy.layers[-1].compute_dtype == "float32"
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(copy(x), model(x), atol=0.05)  # 8 bits of mantissa
    assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid", "tanh"])
@pytest.mark.parametrize("name", ["r3d_10", "x3d_s"])
def test_the_activation_at_the_end_is_told(name, activation):
    depths = (1, 1, 1, 1)
    model = res3d.build(name, 3, CLIP, width=0.125, depths=depths, activation=activation)
    assert model_reading.output_activation(model) == (activation if activation in ("softmax", "sigmoid") else None)


@pytest.mark.parametrize(("last", "expected"), [
    (lambda: res3d.MultiLabelHead(3, activation="sigmoid"), "sigmoid"), (lambda: res3d.MultiLabelHead(3), None),
    (lambda: keras.layers.Activation("sigmoid"), "sigmoid"), (lambda: keras.layers.Softmax(), "softmax"),
    (lambda: keras.layers.ReLU(), None)])
def test_the_activation_of_other_ends_is_told(last, expected):
    inputs = keras.Input((4, 4, 3))
    assert model_reading.output_activation(keras.Model(inputs, last()(inputs))) == expected
