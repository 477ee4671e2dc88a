"""Residual blocks: what they add to what, which shortcut they choose, what is left when parts are switched off."""

import inspect

import keras
import numpy as np
import pytest

from res3d import blocks
from res3d.blocks.basic import BasicBlock, BasicBlock3D
from res3d.blocks.bottleneck import BottleneckBlock
from res3d.blocks.preactivation import PreactBasicBlock, PreactBottleneckBlock
from res3d.blocks.residual import ResidualBlock
from res3d.blocks.shortcut import PadShortcut, PooledShortcut, make_shortcut
from res3d.layers.attention import SelfGating, SqueezeExcite
from res3d.layers.non_local import NonLocal
from res3d.layers.temporal_shift import TemporalAggregation, TemporalShift
from tests.res3d.catalogue import stir


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_an_equal_shape_needs_no_shortcut_layer():
    block = BasicBlock(4, 3)
    block.build((None, 4, 6, 6, 4))
    assert block.shortcut_layer is None
    for changed in (BasicBlock(4, 3, strides=(1, 2, 2)), BasicBlock(5, 3)):
        changed.build((None, 4, 6, 6, 4))
        assert changed.shortcut_layer.path.endswith("shortcut")


@pytest.mark.parametrize(("kind", "channels", "strides", "expected"), [
    ("projection", 4, 1, None), ("projection", 4, 2, "ConvNorm"), ("projection", 3, 1, "ConvNorm"),
    ("widening", 4, 2, "PadShortcut"), ("widening", 3, 2, "ConvNorm"), ("pad", 3, 2, "PadShortcut"),
    ("pad", 4, 1, None), ("average_pool", 4, 2, "PooledShortcut"), ("none", 3, 2, None)])
def test_shortcut_is_decided_from_shapes(kind, channels, strides, expected):
    shortcut = make_shortcut(kind, (None, 8, 8, channels), 4, 2, (strides, strides), dtype="float32")
    assert (None if shortcut is None else type(shortcut).__name__) == expected


def test_pad_shortcut_subsamples_and_appends_zeros():
    x = noise(2, 4, 5, 5, 3)
    y = np.asarray(PadShortcut(5, (2, 2, 2), rank=3)(x))
    np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2, ::2])
    assert not y[..., 3:].any()
    with pytest.raises(ValueError, match=r"Received: 3 channels, filters=2\. Use shortcut='projection'"):
        PadShortcut(2, rank=3)(x)


def test_pooled_shortcut_sees_every_position():
    x = np.zeros((1, 4, 4, 1), "float32")
    x[0, 1, 1, 0] = 4  # a position that a strided 1x1 convolution would skip
    layer = PooledShortcut(1, 2, rank=2)
    layer.build(x.shape)
    layer.conv.kernel.assign(np.ones((1, 1, 1, 1)))
    np.testing.assert_allclose(layer(x)[0, :, :, 0], [[1, 0], [0, 0]], atol=1e-4)  # norm's epsilon


def test_a_zero_initialised_block_starts_as_its_shortcut():
    x = noise(2, 4, 6, 6, 4)
    for block in (BasicBlock(4, 3, zero_init=True), BottleneckBlock(4, 3, zero_init=True)):
        np.testing.assert_array_equal(block(x), np.maximum(x, 0))


def test_a_plain_block_is_its_branch():
    x = noise(2, 6, 6, 4)
    plain, residual = stir(built(BasicBlock(4, 2, shortcut="none"), x)), stir(built(BasicBlock(4, 2), x))
    branch = x
    for layer in residual.branch:
        branch = layer(branch)
    np.testing.assert_allclose(plain(x), np.maximum(branch, 0), 1e-5, 1e-5)
    np.testing.assert_allclose(residual(x), np.maximum(branch + x, 0), 1e-5, 1e-5)
    assert stir(built(PreactBasicBlock(4, 2, shortcut="none"), x))(x).shape == x.shape


def built(layer, x):
    layer.build(x.shape)
    return layer


@pytest.mark.parametrize("source", ["raw", "activated"])
def test_preactivation_shortcut_sees_the_right_thing(source):
    x = noise(2, 6, 6, 4)
    block = stir(built(PreactBottleneckBlock(8, 2, strides=2, shortcut_from=source), x))
    first, middle, last = block.branch
    activated = first.activate(x)
    expected = last(middle(first.conv(activated))) + block.shortcut_layer(x if source == "raw" else activated)
    np.testing.assert_allclose(block(x), expected, 1e-5, 1e-5)


@pytest.mark.parametrize("block", [BottleneckBlock, PreactBottleneckBlock])
@pytest.mark.parametrize(("stride_on", "first", "middle"), [
    ("conv_a", (2, 3, 3), (1, 1, 1)), ("conv_b", (1, 1, 1), (2, 3, 3)), ("split", (2, 1, 1), (1, 3, 3))])
def test_a_bottleneck_strides_where_it_is_told(block, stride_on, first, middle):
    layer = built(block(8, 3, strides=(2, 3, 3), stride_on=stride_on), noise(1, 4, 9, 9, 4))
    strides = {part.name: part.conv.strides for part in layer.branch if hasattr(part, "conv")}
    assert strides == {"conv_a": first, "conv_b": middle, "conv_c": (1, 1, 1)}


def test_drop_path_leaves_out_whole_samples():
    x = noise(64, 2, 2, 4)
    block = BasicBlock(4, 2, drop_path=0.5)
    y = np.asarray(block(x, training=True))
    kept = [not np.allclose(got, np.maximum(given, 0)) for got, given in zip(y, x)]
    assert 0.25 < np.mean(kept) < 0.75
    np.testing.assert_allclose(block(x), block(x))  # nothing is dropped outside training


def test_squeeze_and_gate_weigh_channels():
    x = noise(2, 3, 4, 4, 6)
    mean = x.mean((1, 2, 3))
    squeeze = stir(built(SqueezeExcite(2), x))
    reduce, bias_r, expand, bias_e = map(np.asarray, squeeze.weights)
    weights = sigmoid(np.maximum(mean @ reduce + bias_r, 0) @ expand + bias_e)
    np.testing.assert_allclose(squeeze(x), x * weights[:, None, None, None], 1e-5, 1e-5)
    gate = stir(built(SelfGating(), x))
    weights = sigmoid(mean @ np.asarray(gate.weights[0]) + np.asarray(gate.weights[1]))
    np.testing.assert_allclose(gate(x), x * weights[:, None, None, None], 1e-5, 1e-5)


def test_non_local_is_attention_over_positions():
    x = noise(1, 2, 4, 4, 6)
    layer = NonLocal(3, 3, pool=False)
    np.testing.assert_array_equal(layer(x), x)  # its norm starts at zero
    stir(layer)
    flat = x.reshape(32, 6)
    theta, phi, g = (flat @ np.asarray(part.conv.kernel).reshape(6, 3) + np.asarray(part.conv.bias)
                     for part in (layer.theta, layer.phi, layer.g))
    alike = np.exp(theta @ phi.T / np.sqrt(3))
    mixed = (alike / alike.sum(1, keepdims=True) @ g).reshape(1, 2, 4, 4, 3)
    np.testing.assert_allclose(layer(x), x + layer.out(mixed.astype("float32")), 1e-4, 1e-4)


def test_non_local_looks_at_half_the_height_and_width_and_all_frames():
    x = noise(1, 3, 4, 6, 4)
    layer = stir(built(NonLocal(3, 2), x))
    seen = x.reshape(1, 3, 2, 2, 3, 2, 4).max((3, 5))  # the largest of each 2x2 cell of a frame
    theta = np.asarray(layer.theta(x)).reshape(-1, 2)
    phi, g = (np.asarray(part(seen)).reshape(-1, 2) for part in (layer.phi, layer.g))
    alike = np.exp(theta @ phi.T / np.sqrt(2))
    mixed = (alike / alike.sum(1, keepdims=True) @ g).reshape(1, 3, 4, 6, 2)
    np.testing.assert_allclose(layer(x), x + layer.out(mixed), 1e-4, 1e-4)


def test_non_local_stays_within_float16():
    layer = NonLocal(1, 64, pool=False, dtype="mixed_float16")
    x = np.ones((1, 4, 64), "float32")
    layer.build(x.shape)
    for part in (layer.theta, layer.phi, layer.g):  # products of 64 * 40 * 40, which float16 cannot hold
        part.conv.kernel.assign(40 * np.eye(64)[None])
    layer.out.norm.gamma.assign(np.ones(64))
    assert np.isfinite(layer(x)).all()


def test_temporal_shift_moves_channels_and_not_clips():
    x = noise(2 * 4, 3, 3, 8)
    y = np.asarray(TemporalShift(4, 4)(x)).reshape(2, 4, 3, 3, 8)
    x = x.reshape(2, 4, 3, 3, 8)
    np.testing.assert_array_equal(y[:, :-1, ..., :2], x[:, 1:, ..., :2])
    np.testing.assert_array_equal(y[:, 1:, ..., 2:4], x[:, :-1, ..., 2:4])
    np.testing.assert_array_equal(y[..., 4:], x[..., 4:])
    assert not y[:, -1, ..., :2].any()
    assert not y[:, 0, ..., 2:4].any()


def test_temporal_aggregation_weighs_three_frames_of_one_clip():
    x = noise(2 * 4, 3, 3, 8)
    layer = built(TemporalAggregation(4), x)
    a, b, c = (weight.numpy() for weight in layer.weights)
    assert [weight.path.split("/", 1)[1] for weight in layer.weights] == [
        "previous/kernel", "current/kernel", "next/kernel"]
    y = np.asarray(layer(x)).reshape(2, 4, 3, 3, 8)
    x = np.pad(x.reshape(2, 4, 3, 3, 8), [(0, 0), (1, 1), *[(0, 0)] * 3])
    np.testing.assert_allclose(y, np.maximum(a * x[:, :-2] + b * x[:, 1:-1] + c * x[:, 2:], 0), 1e-5, 1e-5)


def test_a_dilated_block_keeps_its_size_and_says_what_cannot_be_dilated():
    x = noise(1, 6, 8, 8, 4)
    assert BasicBlock(8, 3, dilation=2)(x).shape == BottleneckBlock(8, 3, dilation=4)(x).shape == (1, 6, 8, 8, 8)
    with pytest.raises(ValueError, match=r"`conv of a dilated block` must be one of full, spatial, temporal. Received: "
                                         "conv of a dilated block='factorized'"):
        BasicBlock(8, 3, conv="factorized", dilation=2)(x)


def test_the_fixed_rank_names_are_the_general_block():
    x = noise(1, 4, 6, 6, 4)
    block, general = BasicBlock3D(8, strides=2), BasicBlock(8, 3, strides=2)
    block(x), general(x)
    general.set_weights(block.get_weights())
    np.testing.assert_array_equal(block(x), general(x))
    assert "rank" not in block.get_config()
    assert type(block).__name__ == "BasicBlock3D"
    assert [weight.path.split("/", 1)[1] for weight in block.weights[:2]] == ["conv_a/conv/kernel", "conv_a/norm/gamma"]


@pytest.mark.parametrize("name", [f"{kind}{rank}D" for kind in ("BasicBlock", "BottleneckBlock", "PreactBasicBlock",
                                                                "PreactBottleneckBlock") for rank in (1, 2, 3)])
def test_a_block_of_a_rank_says_all_that_the_general_one_takes(name):
    fixed, general = getattr(blocks, name), getattr(blocks, name[:-2])
    shown = inspect.signature(fixed).parameters
    taken = {}
    for owner in reversed(general.__mro__[:-1]):
        if issubclass(owner, ResidualBlock) and "__init__" in vars(owner):
            taken |= inspect.signature(owner.__init__).parameters
    assert set(taken) - set(shown) == {"self", "rank"}
    assert {key: value.default for key, value in shown.items()} == {key: taken[key].default for key in shown}


def test_weights_of_a_shortcut_lie_where_saved_files_have_them(tmp_path):
    h5py = pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((6, 6, 3)), BasicBlock(4, 2)])
    model.save_weights(tmp_path / "block.weights.h5")
    with h5py.File(tmp_path / "block.weights.h5") as file:
        found = set()
        file.visit(found.add)
    assert "layers/basic_block/fit/conv/vars/0" in found
    assert not any("shortcut" in name for name in found)


@pytest.mark.parametrize("make", [
    lambda **given: BasicBlock(6, 3, strides=2, **given),
    lambda **given: BasicBlock(6, 3, conv="factorized", **given),
    lambda **given: BasicBlock(6, 2, conv="separated", shortcut="average_pool", strides=2, **given),
    lambda **given: BottleneckBlock(8, 3, **given),
    lambda **given: PreactBasicBlock(6, 2, strides=2, **given),
    lambda **given: PreactBottleneckBlock(8, 1, **given)])
def test_every_kernel_of_a_block_begins_and_is_held_as_told(make):
    given = {"kernel_initializer": keras.initializers.RandomUniform(2.0, 3.0), "kernel_regularizer": "l2"}
    block = make(**given)
    block.build((None, *[8] * block.rank, 4))
    kernels = [weight for weight in block.weights if weight.path.endswith("conv/kernel")]
    assert len(kernels) >= 3
    assert all(np.min(kernel) >= 2 and np.max(kernel) <= 3 for kernel in kernels)
    assert len({float(np.ravel(kernel)[0]) for kernel in kernels}) == len(kernels)  # no two begin alike
    np.testing.assert_allclose(sum(map(float, block.losses)), sum(0.01 * np.sum(np.square(k)) for k in kernels), 1e-5)
    again = type(block).from_config(block.get_config())
    assert again.get_config() == block.get_config()
    assert again.get_config()["kernel_initializer"]["config"]["minval"] == 2.0
    assert isinstance(again.kernel_regularizer, keras.regularizers.L2)


def test_one_training_step_changes_every_weight():
    x = noise(4, 4, 6, 6, 4)
    block = BottleneckBlock(8, 3, strides=2, squeeze=2)
    model = keras.Sequential([keras.Input(x.shape[1:]), block, keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [np.array(weight) for weight in model.trainable_weights]
    model.fit(x, noise(4, 2), verbose=0)
    assert all(np.abs(old - np.array(new)).max() > 0 for old, new in zip(before, model.trainable_weights))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: BasicBlock(4, 3, dropout=1.5), "`dropout` must be a number from 0 up to, not including, 1. Received: "
                                            "dropout=1.5."),
    (lambda: BasicBlock(4, 2, conv="factorized").build((None, 8, 8, 4)), "`conv` must be one of full, depthwise, "
                                                                         "separated. Received: conv='factorized'."),
    (lambda: BasicBlock(4, 2, shortcut="projektion", strides=2).build((None, 8, 8, 4)), "Did you mean projection?"),
    (lambda: BasicBlock(4, 3, padding="valid"), "`padding` must be one of symmetric, same. Received: padding='valid'."),
    (lambda: BottleneckBlock(4, 3, stride_on="conv_d"), "`stride_on` must be one of conv_a, conv_b, split."),
])
def test_errors(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
