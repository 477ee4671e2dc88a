"""What holds for every public layer and for a tiny member of every kind of network."""

import importlib
import pkgutil

import keras
import numpy as np
import pytest
from keras import ops

import res3d
from res3d import blocks, layers, networks
from res3d.networks.variants.table import VARIANTS
from tests.res3d.catalogue import BASES, CLASSES, LAYERS, MODELS, kind, pixels, stir, tiny

# Constant over the keys of a softmax, and so without effect: the bias of what is compared with.
WITHOUT_GRADIENT = ("phi/conv/bias",)
# One for each part that networks are made of: blocks, shortcuts, attention, pathways. The others combine them anew.
TELLING = {"r3d_18", "r2plus1d_18", "kenshohara_r3d_18_a", "kenshohara_preact_r3d_18", "i3d_nl_r50", "ir_csn_50",
           "x3d_s", "slowfast_r50_4x16", "r3d_rs_50", "resnet_18_v2", "tsm_r50", "tam_r50", "medicalnet_10"}
ROWS = [name if name in TELLING else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]


def public_layers():
    """Names of the layers that networks are made of; those of `res3d.heads` are counted where heads are tested."""
    for folder in (layers, blocks, networks):
        for found in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                layer = isinstance(value, type) and issubclass(value, keras.layers.Layer)
                if layer and value.__module__ == module.__name__:
                    yield name


def test_no_layer_is_forgotten():
    listed = {name.split(".")[0] for name in LAYERS} | BASES
    found = set(public_layers())
    assert found - listed == set(), "list these in catalogue.LAYERS"
    assert listed - found == set(), "these are gone; take them out of catalogue.LAYERS"


def test_no_kind_of_network_is_forgotten():
    covered = {kind(VARIANTS[name]) for name in MODELS}
    assert [name for name, row in VARIANTS.items() if kind(row) not in covered] == [], "list these in catalogue.MODELS"


def sample(shape, batch=2, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, *shape)).astype("float32")


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(ops.convert_to_numpy(actual), ops.convert_to_numpy(expected), tolerance, tolerance)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    make, shape = LAYERS[name]
    x = sample(shape)
    layer = make()
    layer.build(x.shape)
    stir(layer)
    y = layer(x)
    assert tuple(y.shape) == tuple(layer.compute_output_shape(x.shape))
    assert y.dtype == layer.compute_dtype

    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    again.build(x.shape) if not again.built else None
    again.set_weights(layer.get_weights())
    close(again(x), y)

    inputs = keras.Input(shape, dtype="uint8" if name == "PixelScaling" else "float32")
    outputs = make()(inputs)
    assert outputs.shape[1:] == y.shape[1:]  # a symbolic call promises what an eager one gives


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", LAYERS)
def test_layer_in_mixed_precision(name, policy):
    make, shape = LAYERS[name]
    x, exact = sample(shape), make()
    exact.build(x.shape)
    expected = ops.convert_to_numpy(stir(exact)(x))
    keras.config.set_dtype_policy(policy)
    try:
        layer = make()
        layer.build(x.shape)
        layer.set_weights(exact.get_weights())
        y = layer(x)
    finally:
        keras.config.set_dtype_policy("float32")
    assert y.dtype == policy.removeprefix("mixed_")
    assert all(weight.dtype == "float32" for weight in layer.weights if "seed" not in weight.path)
    scale = np.abs(expected).max()
    close(ops.cast(y, "float32") / scale, expected / scale, 3e-2)  # bfloat16 keeps 8 bits


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_model_saves_loads_and_takes_any_batch(name, tmp_path):
    model = stir(tiny(name))
    x = pixels(3)
    y = model(x)
    assert tuple(y.shape) == (3, CLASSES)
    assert y.dtype == "float32"
    # One clip alone gives what it gives among others; float32 sums of another batch size differ in the last digits.
    close(model(x[:1]), y[:1], 1e-4)
    model.save(tmp_path / "model.keras")
    again = res3d.load_model(tmp_path / "model.keras")
    close(again(x), y)
    assert [weight.path for weight in again.weights] == [weight.path for weight in model.weights]
    assert res3d.clip_of(again) == res3d.clip_of(model)
    assert again.to_json() == model.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_gradients_reach_every_weight(name):
    tf = pytest.importorskip("tensorflow")
    model = stir(tiny(name))
    x, target = pixels(4), sample((CLASSES,), 4)
    with tf.GradientTape() as tape:
        loss = ops.sum(model(x, training=False) * target)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients):
        if weight.path.endswith(WITHOUT_GRADIENT):
            continue
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_training_moves_every_statistic(name):
    model = stir(tiny(name))
    statistics = [weight for weight in model.non_trainable_weights if "/moving_" in weight.path]
    before = [np.array(weight) for weight in statistics]
    model(pixels(4), training=True)
    assert [weight.path for old, weight in zip(before, statistics) if np.array_equal(old, weight)] == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", [pytest.param("mixed_float16", marks=pytest.mark.slow), "mixed_bfloat16"])
@pytest.mark.parametrize("name", ROWS)
def test_model_in_mixed_precision(name, policy):
    model = tiny(name, dtype=policy)
    y = model(pixels(2), training=True)
    assert y.dtype == "float32"
    opening = "motion" if "motion" in MODELS[name] else "pixels"  # motion is made of pixels that are not rounded
    assert model.get_layer(opening).compute_dtype == policy.removeprefix("mixed_")
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
    # oneDNN's float16 convolutions on a CPU now and then read past an odd channel count, so their values prove nothing.
    if policy == "mixed_bfloat16":
        assert np.isfinite(y).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_model_trains_and_its_graph_takes_any_batch(name):
    tf = pytest.importorskip("tensorflow")
    model = tiny(name)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_weights)  # in the first step it would be traced twice
    x = pixels(4)
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(x, np.arange(4), batch_size=2, verbose=0)
    assert any(np.abs(old - new).max() > 0 for old, new in zip(before, model.trainable_weights))
    graph = tf.function(model, input_signature=[tf.TensorSpec((None, *x.shape[1:]), "uint8")], autograph=False)
    close(graph(x), model(x), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TELLING))
def test_model_exports_and_reloads(name, tmp_path):
    tf = pytest.importorskip("tensorflow")
    model, x = stir(tiny(name)), pixels(4)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", model.__call__, [keras.InputSpec(shape=(None, *x.shape[1:]), dtype="uint8")])
    archive.write_out(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved"))
    close(served.serve(x), model(x), 1e-4)
