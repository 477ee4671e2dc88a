"""Convolutions against loops of plain NumPy, padding against what PyTorch and TensorFlow do, widths of the middle."""

import contextlib
import itertools

import keras
import numpy as np
import pytest

from res3d.blocks.shortcut import PooledShortcut
from res3d.layers.backends.depthwise import depthwise_3d, grouped_convolution
from res3d.layers.conv import Conv, ConvNorm
from res3d.layers.factorized import FactorizedConv, matched_width
from tests.res3d.catalogue import stir


def plain(x, kernel, strides, pads, groups):
    """The definition: every output is a sum over a window and over the channels of its group."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    rank, (*sizes, inner, filters) = len(strides), kernel.shape
    shape = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], sizes, strides)]
    y = np.zeros((x.shape[0], *shape, filters))
    for place in itertools.product(*map(range, shape)):
        window = x[(slice(None), *(slice(p * s, p * s + k) for p, s, k in zip(place, strides, sizes)))]
        for group in range(groups):
            channels = slice(group * inner, (group + 1) * inner)
            made = slice(group * filters // groups, (group + 1) * filters // groups)
            axes = list(range(rank + 1))
            y[(slice(None), *place, made)] = np.tensordot(window[..., channels], kernel[..., made],
                                                          ([*axes[1:], rank + 1], axes))
    return y


CASES = [  # kernel, strides, channels, filters, groups
    ((3, 3, 3), (1, 1, 1), 4, 4, 4),
    ((3, 3, 3), (2, 2, 2), 4, 4, 4),
    ((3, 3, 3), (1, 2, 2), 4, 8, 4),
    ((5, 1, 1), (1, 1, 1), 3, 3, 3),
    ((3, 1, 1), (2, 1, 1), 4, 8, 4),
    ((5, 3, 3), (3, 2, 2), 4, 4, 4),
    ((1, 3, 3), (1, 2, 1), 4, 4, 4),
    ((3, 3, 3), (1, 1, 1), 6, 4, 2),
    ((3, 3, 3), (2, 2, 2), 8, 8, 2),
    ((1, 3, 5), (1, 2, 2), 3, 5, 1),
    ((7, 7), (2, 2), 3, 4, 1),
    ((3, 3), (2, 2), 4, 4, 4),
    ((3, 3), (1, 2), 4, 4, 4),
    ((3,), (1,), 4, 4, 4),
    ((3,), (2,), 4, 6, 2),
]


@pytest.mark.parametrize(("kernel", "dilation", "padding"), [
    ((3, 3, 3), (2, 2, 2), "symmetric"), ((3, 3, 3), (4, 4, 4), "symmetric"), ((1, 3, 3), (1, 2, 3), "same"),
    ((3, 1, 1), (2, 1, 1), "valid"), ((3, 3), (2, 2), "symmetric"), ((3,), (3,), "symmetric")])
def test_a_dilated_kernel_is_one_with_zeros_between(kernel, dilation, padding):
    x = np.random.default_rng(0).normal(size=(2, *(9, 8, 7)[-len(kernel):], 3)).astype("float32")
    layer = Conv(4, kernel, padding=padding, rank=len(kernel), dilation=dilation, use_bias=True)
    layer.build(x.shape)
    stir(layer)
    reach = tuple((size - 1) * step + 1 for size, step in zip(kernel, dilation))
    spread = np.zeros((*reach, 3, 4), "float32")
    spread[tuple(slice(None, None, step) for step in dilation)] = layer.kernel.numpy()
    pads = [(0, 0) if padding == "valid" else (size // 2, size // 2) for size in reach]
    expected = plain(x, spread, (1,) * len(kernel), pads, 1) + layer.bias.numpy()
    np.testing.assert_allclose(layer(x), expected, 1e-4, 1e-4)
    assert layer.compute_output_shape(x.shape) == expected.shape


@pytest.mark.parametrize(("kernel", "strides", "channels", "filters", "groups"), CASES)
def test_convolution_equals_its_definition(kernel, strides, channels, filters, groups):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *(5, 6, 7)[-len(kernel):], channels)).astype("float32")
    layer = Conv(filters, kernel, strides, rank=len(kernel), groups=groups, use_bias=True)
    layer.build(x.shape)
    weights, bias = (rng.normal(size=weight.shape).astype("float32") for weight in (layer.kernel, layer.bias))
    layer.kernel.assign(weights)
    layer.bias.assign(bias)
    expected = plain(x, weights, strides, [(k // 2, k // 2) for k in kernel], groups) + bias
    assert layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(layer(x), expected, 1e-5, 1e-5)  # float32 sums in another order


@pytest.mark.parametrize(("kernel", "strides", "channels", "filters", "groups"), CASES[:9])
def test_gradients_of_the_fast_form_equal_those_of_the_definition(kernel, strides, channels, filters, groups):
    """The convolution is linear in both arguments, so its gradients can be probed along random directions."""
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(1)
    pads = [(k // 2, k // 2) for k in kernel]
    x = rng.normal(size=(1, 4, 5, 6, channels)).astype("float32")
    w = rng.normal(size=(*kernel, channels // groups, filters)).astype("float32")
    variables = tf.Variable(x), tf.Variable(w)
    with tf.GradientTape() as tape:
        y = grouped_convolution(*(v.value() for v in variables), strides, groups, pads)
        probe = rng.normal(size=y.shape).astype("float32")
        loss = tf.reduce_sum(y * probe)
    dx, dw = tape.gradient(loss, variables)
    for _ in range(3):
        u, v = rng.normal(size=x.shape), rng.normal(size=w.shape)
        expected = np.sum(plain(u, w, strides, pads, groups) * probe)
        np.testing.assert_allclose(np.sum(dx * u), expected, 1e-4)  # float32 sums of hundreds of terms
        expected = np.sum(plain(x, v, strides, pads, groups) * probe)
        np.testing.assert_allclose(np.sum(dw * v), expected, 1e-4)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("strides", [(1, 1, 1), (2, 2, 2), (3, 1, 1)])
def test_a_clip_shorter_than_the_kernel_sees_zeros_around_it(frames, strides):
    rng = np.random.default_rng(0)
    x, weights = (rng.normal(size=size).astype("float32") for size in ((2, frames, 4, 5, 3), (7, 3, 3, 1, 3)))
    pads = [(3, 3), (1, 1), (1, 1)]
    expected = plain(x, weights, strides, pads, 3)
    np.testing.assert_allclose(depthwise_3d(x, weights, strides, pads, 3), expected, 1e-5, 1e-5)


@pytest.mark.parametrize("kernel", [(3, 3, 3), (5, 1, 1)])
def test_depthwise_sizes_may_be_left_open(kernel):
    inputs = keras.Input((None, None, None, 4))
    model = stir(keras.Model(inputs, Conv(4, kernel, rank=3, groups=4, use_bias=True)(inputs)))
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 7, 4)).astype("float32")
    weights, bias = model.get_weights()
    expected = plain(x, weights, (1, 1, 1), [(k // 2, k // 2) for k in kernel], 4) + bias
    model.predict(x[:, :3], verbose=0)  # after another length frames are open in the graph, too
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, 1e-5, 1e-5)


@pytest.mark.parametrize("padding", ["symmetric", "same"])
def test_a_strided_convolution_sees_sizes_left_open_as_it_sees_known_ones(padding):
    open_, layer = keras.Input((None, None, None, 3)), Conv(4, 3, (1, 2, 2), padding, rank=3)
    model = keras.Model(open_, layer(open_))
    for shape in ((1, 4, 8, 9, 3), (1, 5, 7, 6, 3)):
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_allclose(model.predict(x, verbose=0), layer(x), 1e-5, 1e-5)


@pytest.mark.parametrize(("kernel", "strides", "channels", "filters", "groups"), [
    *CASES[:3], ((2, 4, 3), (1, 2, 2), 3, 5, 1), ((2, 2), (1, 1), 3, 4, 1), ((4,), (3,), 4, 4, 2)])
def test_without_padding_windows_stay_inside(kernel, strides, channels, filters, groups):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *(5, 6, 7)[-len(kernel):], channels)).astype("float32")
    layer = Conv(filters, kernel, strides, "valid", rank=len(kernel), groups=groups)
    layer.build(x.shape)
    expected = plain(x, np.asarray(layer.kernel), strides, [(0, 0)] * len(kernel), groups)
    assert layer.compute_output_shape(x.shape) == expected.shape
    assert layer.compute_output_shape((None,) * (len(kernel) + 1) + (channels,))[1:-1] == (None,) * len(kernel)
    np.testing.assert_allclose(layer(x), expected, 1e-5, 1e-5)
    unit = stir(keras.Sequential([keras.Input(x.shape[1:]), ConvNorm(filters, kernel, strides, "valid",
                                                                     rank=len(kernel), groups=groups)]))
    assert unit(x).shape == expected.shape


def test_positions_of_arguments_are_those_of_keras():
    ours, theirs = Conv(4, (3, 3), (2, 1), "valid", rank=2), keras.layers.Conv2D(4, (3, 3), (2, 1), "valid")
    x = np.random.default_rng(0).normal(size=(1, 7, 7, 3)).astype("float32")
    ours.build(x.shape), theirs.build(x.shape)
    theirs.set_weights([ours.kernel, np.zeros(4)])
    np.testing.assert_allclose(ours(x), theirs(x), 1e-5, 1e-5)


@pytest.mark.parametrize("layer", [Conv, ConvNorm])
def test_a_kernel_begins_and_is_held_as_told(layer):
    made = layer(4, 3, rank=2, kernel_initializer={"class_name": "Constant", "config": {"value": 0.5}},
                 kernel_regularizer=keras.regularizers.L1(0.1))
    made.build((None, 5, 5, 2))
    kernel = np.asarray(made.weights[0])
    np.testing.assert_array_equal(kernel, np.full((3, 3, 2, 4), 0.5))
    np.testing.assert_allclose(float(made.losses[0]), 0.1 * 0.5 * kernel.size, 1e-6)
    config = made.get_config()
    assert layer.from_config(config).get_config() == config
    assert config["kernel_initializer"]["class_name"] == "Constant"
    plain_config = layer(4, 3, rank=2).get_config()
    assert plain_config["kernel_initializer"] is None
    del plain_config["kernel_initializer"], plain_config["kernel_regularizer"]  # as files saved before have it
    assert layer.from_config(plain_config).get_config()["kernel_regularizer"] is None


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("make", [
    lambda **given: ConvNorm(8, 3, 2, rank=2, groups=2, activation="relu", **given),
    lambda **given: PooledShortcut(6, 2, rank=2, **given)])
def test_a_folded_unit_answers_as_it_did_and_is_left_as_it_was(make, use_bias):
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    unit = make(use_bias=use_bias)
    unit.build(x.shape)
    before = np.asarray(stir(unit)(x))
    weights = unit.get_weights()
    assert unit.foldable
    kernel, bias = unit.folded()
    assert (kernel.shape, kernel.dtype, bias.dtype) == (unit.conv.kernel.shape, np.float32, np.float32)
    with unit.computing_with(kernel, bias):
        np.testing.assert_allclose(unit(x), before, 1e-5, 1e-5)
    with unit.computing_with(0 * kernel, bias * bias):
        np.testing.assert_allclose(unit(x), np.broadcast_to(bias * bias, before.shape), 1e-6)
    with contextlib.suppress(KeyError), unit.computing_with(kernel, bias):
        raise KeyError("what fails inside leaves nothing behind")
    np.testing.assert_array_equal(unit(x), before)
    assert all(np.array_equal(old, new) for old, new in zip(weights, unit.get_weights()))


def test_another_kernel_is_followed_by_the_units_own_norm():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    unit = ConvNorm(4, 3, rank=2, use_bias=True)
    unit.build(x.shape)
    half = np.asarray(stir(unit).conv.kernel) / 2
    with unit.conv.computing_with(half):
        found = np.asarray(unit(x))
    unit.conv.kernel.assign(half)
    np.testing.assert_allclose(found, unit(x), 1e-6, 1e-6)


@pytest.mark.parametrize("given", [{"use_norm": False}, {"norm_first": True}])
def test_what_cannot_be_folded_says_so(given):
    unit = ConvNorm(4, 3, rank=2, name="unit", **given)
    unit.build((None, 6, 6, 4))
    assert not unit.foldable
    with pytest.raises(ValueError, match=r"before it. Received: unit 'unit' with .* Ask `foldable` first"):
        unit.folded()


def test_grouped_same_padding_needs_sizes():
    layer = Conv(4, 3, 2, "same", rank=2, groups=2, name="c")
    layer.build((None, None, 8, 4))
    with pytest.raises(ValueError, match=r"Conv 'c' pads as 'same' says, .*Received an open one. Give sizes, or use"):
        layer.pads((None, None, 8, 4))


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_is_tensorflows(size, stride):
    tf = pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).normal(size=(1, size, size, 4)).astype("float32")
    for groups in (1, 4):
        layer = Conv(4, 5, stride, "same", rank=2, groups=groups)
        y = layer(x)
        kernel = layer.kernel.numpy()
        split = zip(np.split(x, groups, -1), np.split(kernel, groups, -1))
        expected = tf.concat([tf.nn.conv2d(part, weights, stride, "SAME") for part, weights in split], -1)
        np.testing.assert_allclose(y, expected, 1e-5, 1e-5)


@pytest.mark.parametrize("channels", [2, 64])  # the larger kernel has the output scaled in place of itself
@pytest.mark.parametrize("groups", [1, 2])
def test_a_norm_that_is_not_learned_is_that_of_its_definition(channels, groups):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, channels)).astype("float32")
    unit = ConvNorm(channels, 3, rank=2, groups=groups, use_bias=True, activation="relu", epsilon=1e-2)
    unit.build(x.shape)
    y = np.asarray(stir(unit).conv(x))
    gamma, beta, mean, variance = map(np.asarray, (unit.norm.gamma, unit.norm.beta, unit.norm.moving_mean,
                                                   unit.norm.moving_variance))
    expected = np.maximum((y - mean) / np.sqrt(variance + 1e-2) * gamma + beta, 0)
    assert np.abs(np.asarray(unit.conv.bias)).min() > 0
    np.testing.assert_allclose(unit(x), expected, 1e-4, 1e-4)


def test_norm_starts_at_zero_when_asked():
    assert np.all(ConvNorm(4, 1, rank=2, zero_gamma=True)(np.ones((1, 2, 2, 3), "float32")) == 0)


@pytest.mark.parametrize(("channels", "filters", "expected"), [
    (64, 64, 144), (64, 128, 230), (128, 256, 460), (256, 512, 921), (128, 128, 288), (256, 256, 576),
    (512, 512, 1152)])
def test_middle_widths_are_the_published_ones(channels, filters, expected):
    assert matched_width(channels, filters) == expected


def test_factorized_orders_stride_where_they_should():
    for order, shapes in (("space_first", [(1, 3, 3, 4, 6), (3, 1, 1, 6, 8)]),
                          ("time_first", [(1, 3, 3, 6, 8), (3, 1, 1, 4, 6)])):
        layer = FactorizedConv(8, 3, (2, 3, 3), mid=6, order=order)
        assert layer(np.zeros((1, 4, 9, 9, 4), "float32")).shape == (1, 2, 3, 3, 8)
        assert [layer.spatial.conv.kernel.shape, layer.temporal.conv.kernel.shape] == shapes
        assert layer.spatial.conv.strides == (1, 3, 3)
        assert layer.temporal.conv.strides == (2, 1, 1)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Conv(4, (3, 3), rank=3), "`kernel_size` must be an int or a tuple of 3 positive ints (rank=3). Received: "
                                      "kernel_size=(3, 3)."),
    (lambda: Conv(4, 3, (1, 0, 2), rank=3), "`strides` must be an int or a tuple of 3 positive ints (rank=3). "
                                            "Received: strides=(1, 0, 2)."),
    (lambda: Conv(0, 3, rank=3), "`filters` must be a positive int. Received: filters=0."),
    (lambda: Conv(4, 2, rank=3), "`kernel_size` must be odd on every axis, so that both sides are padded alike. "
                                 "Received: kernel_size=2. Make it odd, or use padding='valid'."),
    (lambda: Conv(4, (5, 2), padding="valid", rank=2, name="c").compute_output_shape((None, 4, 4, 3)),
     "Conv 'c' does not pad, and takes inputs of at least (5, 2). Received: (None, 4, 4, 3). Use padding='symmetric'."),
    (lambda: Conv(4, 3, 2, rank=2, dilation=2), "A dilated convolution neither strides nor has groups. Received: "
                                                "dilation=2, strides=2, groups=1."),
    (lambda: Conv(4, 3, rank=2, dilation=0), "`dilation` must be an int or a tuple of 2 positive ints (rank=2)."),
    (lambda: Conv(4, 3, rank=4), "`rank` must be one of 1, 2, 3. Received: rank=4."),
    (lambda: Conv(4, 3, padding="sme", rank=2), "`padding` must be one of symmetric, same, valid. Received: "
                                                "padding='sme'. Did you mean same?"),
    (lambda: Conv(4, 3, rank=2, groups=3).build((None, 8, 8, 4)), "`groups` must divide the channels and the filters. "
                                                                  "Received: groups=3 for 4 channels and filters=4."),
    (lambda: Conv(4, 3, rank=3, name="c").build((None, 8, 8, 4)), "Conv 'c' takes inputs of shape (batch, frames, "
     "height, width, channels) with known channels (rank=3). Received: (None, 8, 8, 4)."),
])
def test_errors_say_what_was_expected_and_what_arrived(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
