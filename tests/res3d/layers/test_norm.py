"""Batch norm by one kernel against Keras's own: values, gradients, moving averages, in every dtype, rank and state."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from res3d.layers.norm import BatchNorm, kernel_dtype, split_norms

SHAPES = ((6, 16), (4, 7, 20), (3, 5, 6, 16), (2, 3, 5, 4, 48), (2, 3, 5, 4, 24), (2, 2, 3, 3, 45))


def both(policy="float32", **arguments):
    arguments = {"momentum": 0.9, "epsilon": 1e-5, "dtype": policy, "name": "norm", **arguments}
    return [layer(**arguments) for layer in (BatchNorm, keras.layers.BatchNormalization)]


def trained(layer, x, fill):
    """(output, gradients by x, gamma and beta, moving mean, moving variance) of one training call."""
    layer.build(x.shape)
    layer.set_weights([fill.uniform(0.5, 1.5, x.shape[-1]) for _ in layer.weights])
    dy = tf.cast(fill.normal(size=x.shape), layer.compute_dtype)

    @tf.function(reduce_retracing=True, input_signature=[tf.TensorSpec((None, *x.shape[1:]), x.dtype)])
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return y, *tape.gradient(y, [x, *(v.value for v in layer.trainable_variables)], output_gradients=dy)

    results = [np.array(tf.cast(result, "float32")) for result in step(x)]
    return [*results, np.array(layer.moving_mean), np.array(layer.moving_variance)]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("policy", "limit"), [("float32", 2e-5), ("mixed_bfloat16", 3e-2), ("mixed_float16", 4e-3)])
def test_one_training_step_equals_that_of_keras(shape, policy, limit):
    results = []
    for layer in both(policy):
        x = tf.cast(np.random.default_rng(0).normal(3.0, 2.0, shape), layer.compute_dtype)
        results.append(trained(layer, x, np.random.default_rng(1)))
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, limit, limit * max(1.0, float(np.abs(theirs).max())))


@pytest.mark.parametrize(("dtype", "limit"), [("bfloat16", 3e-2), ("float16", 4e-3)])
@pytest.mark.parametrize("channels", [16, 20])
def test_weights_themselves_may_be_of_half_precision(dtype, limit, channels):
    results = []
    for layer in both(dtype):
        x = tf.cast(np.random.default_rng(0).normal(3.0, 2.0, (2, 3, 5, 4, channels)), dtype)
        results.append(trained(layer, x, np.random.default_rng(1)))
        assert {str(weight.dtype) for weight in layer.weights} == {dtype}
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, limit, limit * max(1.0, float(np.abs(theirs).max())))


def test_gradients_of_gradients_are_those_of_keras():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 4, 16)), "float32")
    results = []
    for layer in both():
        layer.build(x.shape)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x, training=True) ** 3)
            total = tf.reduce_sum(inner.gradient(y, x) ** 2)
        results.append(outer.gradient(total, x).numpy())
    np.testing.assert_allclose(*results, 1e-4, 1e-5 * np.abs(results[1]).max())


def test_a_single_sample_gives_beta_and_no_variance():
    norm = BatchNorm(momentum=0.0)
    y = norm(np.full((1, 1, 1, 16), 3.0, "float32"), training=True)
    np.testing.assert_array_equal(y, np.zeros((1, 1, 1, 16)))
    np.testing.assert_array_equal(norm.moving_variance, np.zeros(16))


def test_not_trained_or_frozen_it_is_that_of_keras():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 16)).astype("float32")
    for call, trainable in (({"training": False}, True), ({}, True), ({"training": True}, False)):
        ours, theirs = both()
        for layer in (ours, theirs):
            layer.build(x.shape)
            layer.set_weights([np.linspace(0.5, 2, 16)] * 4)
            layer.trainable = trainable
        np.testing.assert_array_equal(ours(x, **call), theirs(x, **call))
        np.testing.assert_array_equal(ours.moving_mean, np.linspace(0.5, 2, 16).astype("float32"))


@pytest.mark.parametrize("arguments", [{"scale": False}, {"center": False}, {"axis": 1}, {"renorm": True}])
def test_what_the_kernel_lacks_is_done_by_keras(arguments):
    x = np.random.default_rng(0).normal(size=(4, 16, 16)).astype("float32")
    ours, theirs = (layer(x, training=True) for layer in both(**arguments))
    np.testing.assert_array_equal(ours, theirs)


def test_masked_steps_are_left_out_as_by_keras():
    x = np.random.default_rng(0).normal(size=(4, 6, 16)).astype("float32")
    mask = np.arange(6) < np.array([[6], [3], [1], [4]])
    ours, theirs = (layer(x, training=True, mask=mask) for layer in both())
    np.testing.assert_array_equal(ours, theirs)


def test_weights_are_keras_weights_and_it_saves_and_loads(tmp_path):
    ours, theirs = both()
    for layer in (ours, theirs):
        layer.build((None, 4, 16))
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    model = keras.Sequential([keras.Input((4, 16)), ours])
    model.save(tmp_path / "norm.keras")
    again = keras.models.load_model(tmp_path / "norm.keras")
    assert type(again.layers[-1]) is BatchNorm


def test_it_compiles_under_xla_with_an_unknown_size():
    norm = BatchNorm(momentum=0.0)
    norm.build((None, None, 4, 16))
    step = tf.function(lambda x: norm(x, training=True), jit_compile=True,
                       input_signature=[tf.TensorSpec((None, None, 4, 16))])
    x = np.random.default_rng(0).normal(size=(3, 5, 4, 16)).astype("float32")
    np.testing.assert_allclose(step(x), (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-5), 0, 1e-5)
    np.testing.assert_allclose(norm.moving_variance, x.var((0, 1, 2)), 1e-5)


@pytest.mark.parametrize(("dtype", "channels", "kernel"), [
    ("float32", 64, "float32"), ("float32", 20, "float32"), ("float32", 230, None), ("float64", 64, None),
    ("bfloat16", 64, "bfloat16"), ("bfloat16", 108, "float32"), ("bfloat16", 54, None), ("float16", 32, "float16")])
def test_the_kernel_is_taken_where_it_is_faster(dtype, channels, kernel):
    assert kernel_dtype(dtype, channels) == kernel


def test_norms_of_a_few_clips_each():
    """Beside NumPy, group by group; what is kept are the moments of the whole batch, and a plain norm is saved."""
    x = np.random.default_rng(0).normal(3, 2, (10, 2, 3, 3, 8)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, BatchNorm(momentum=0.75, name="norm")(inputs))
    plain = keras.models.clone_model(model)
    assert split_norms(model, 4) == 1  # ten clips are two groups of five
    groups = [(part - part.mean((0, 1, 2, 3))) / np.sqrt(part.var((0, 1, 2, 3)) + 1e-5) for part in (x[:5], x[5:])]
    np.testing.assert_allclose(model(x, training=True), np.concatenate(groups), atol=2e-5)
    norm = model.get_layer("norm")
    np.testing.assert_allclose(norm.moving_mean, 0.25 * x.mean((0, 1, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, 0.75 + 0.25 * x.var((0, 1, 2, 3)), atol=1e-5)
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(model(x), plain(x), atol=1e-6)
    assert set(norm.get_config()) == set(plain.get_layer("norm").get_config())
    assert split_norms(model, 16) == 1  # fewer clips than that are one group, which is the plain norm
    np.testing.assert_allclose(model(x, training=True), plain(x, training=True), atol=2e-5)


def test_the_gradient_through_norms_of_a_few_clips_is_that_of_plain_norms_of_these():
    x = tf.random.stateless_normal((6, 1, 2, 2, 4), (1, 2)) + 1
    split, plain = BatchNorm(), BatchNorm()
    split(x), plain(x)
    split_norms(keras.Sequential([split]), 3)
    weight = tf.random.stateless_normal(x.shape, (3, 4))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        whole = tf.reduce_sum(split(x, training=True) * weight)
        parts = tf.reduce_sum(tf.concat([plain(x[:3], training=True), plain(x[3:], training=True)], 0) * weight)
    np.testing.assert_allclose(tape.gradient(whole, x), tape.gradient(parts, x), atol=1e-5)
