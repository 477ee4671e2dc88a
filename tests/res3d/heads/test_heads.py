"""Heads: values by plain NumPy, errors by their text, and what holds for each of them in every rank."""

import importlib
import pathlib

import keras
import numpy as np
import pytest
from keras import ops

import res3d
from res3d import heads
from res3d.heads.levels import enlarge, fine_to_coarse
from res3d.heads.multi_label import MultiLabelHead
from res3d.heads.pyramid import FeaturePyramid
from res3d.heads.unet import UNetDecoder
from res3d.networks.architecture import Residual, Stem
from res3d.networks.backbone import residual_features
from tests.res3d.catalogue import CLIP, HEADS, pixels, stir, tiny

FOLDER = pathlib.Path(heads.__file__).parent


def sample(shape, batch=2, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, *shape)).astype("float32")


def inputs_of(shapes):
    """One array, or a list of them."""
    return [sample(shape) for shape in shapes] if isinstance(shapes, list) else sample(shapes)


def as_list(tensors):
    return [*tensors] if isinstance(tensors, list | tuple) else [tensors]


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(ops.convert_to_numpy(actual), ops.convert_to_numpy(expected), tolerance, tolerance)


def test_no_head_is_forgotten():
    found = set()
    for path in FOLDER.glob("*.py"):
        module = importlib.import_module(f"res3d.heads.{path.stem}" if path.stem != "__init__" else "res3d.heads")
        found |= {name for name, value in vars(module).items() if isinstance(value, type)
                  and issubclass(value, keras.layers.Layer) and value.__module__ == module.__name__}
    assert found == {name.split(".")[0] for name in HEADS}, "list these in catalogue.HEADS"
    assert {name for name in heads.__all__ if isinstance(getattr(heads, name), type)} == found


@pytest.mark.parametrize("name", HEADS)
def test_head(name):
    make, shapes = HEADS[name]
    x = inputs_of(shapes)
    shape = [array.shape for array in x] if isinstance(x, list) else x.shape
    layer = make()
    layer.build(shape)
    stir(layer)
    y = layer(x)
    promised = layer.compute_output_shape(shape)
    assert [tuple(part.shape) for part in as_list(y)] == (promised if isinstance(promised, list) else [promised])

    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    again.build(shape) if not again.built else None
    again.set_weights(layer.get_weights())
    for ours, theirs in zip(as_list(again(x)), as_list(y)):
        close(ours, theirs)

    symbols = [keras.Input(part[1:]) for part in shape] if isinstance(shape, list) else keras.Input(shape[1:])
    for symbol, part in zip(as_list(make()(symbols)), as_list(y)):
        assert symbol.shape[1:] == part.shape[1:]


@pytest.mark.parametrize("name", HEADS)
def test_head_learns_and_every_weight_is_reached(name):
    tf = pytest.importorskip("tensorflow")
    make, shapes = HEADS[name]
    x, layer = inputs_of(shapes), make()
    layer.build([array.shape for array in x] if isinstance(x, list) else x.shape)
    stir(layer)
    with tf.GradientTape() as tape:
        loss = sum(ops.sum(part * sample(part.shape[1:], seed=1)) for part in as_list(layer(x, training=False)))
    gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
    for weight, gradient in zip(layer.trainable_weights, gradients):
        assert gradient is not None, weight.path
        assert np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("name", HEADS)
def test_head_in_mixed_precision(name):
    make, shapes = HEADS[name]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = make()
        y = as_list(layer(inputs_of(shapes)))
    finally:
        keras.config.set_dtype_policy("float32")
    wanted = "float32" if isinstance(layer, MultiLabelHead) else "bfloat16"
    assert {keras.backend.standardize_dtype(part.dtype) for part in y} == {wanted}
    assert all(weight.dtype == "float32" for weight in layer.weights)


def test_enlarging_repeats_and_cuts():
    x = np.arange(6.0).reshape(1, 2, 3, 1)
    expected = x.repeat(3, 1)[:, :5].repeat(2, 2)
    np.testing.assert_array_equal(enlarge(ops.convert_to_tensor(x), (5, 6)), expected)


def test_of_maps_of_one_size_the_deepest_is_kept():
    features = {"stage2": ops.ones((1, 4, 4, 2)), "stem": ops.zeros((1, 8, 8, 2)), "stage1": ops.ones((1, 8, 8, 2)),
                "stage10": ops.ones((1, 2, 2, 2))}
    maps = fine_to_coarse(features)
    assert [x.shape[1] for x in maps] == [8, 4, 2]
    assert float(ops.max(maps[0])) == 1


def test_pyramid_adds_the_enlarged_level_above():
    fine, coarse = sample((5, 6, 3)), sample((3, 3, 4))
    pyramid = FeaturePyramid(2)
    pyramid.build([fine.shape, coarse.shape])
    stir(pyramid)
    for smooth in pyramid.smooths:  # passes its input through
        kernel = np.zeros(smooth.conv.kernel.shape, "float32")
        kernel[1, 1] = np.eye(2)
        smooth.conv.kernel.assign(kernel)
        smooth.conv.bias.assign(np.zeros(2))
    lateral = [x @ np.array(unit.conv.kernel)[0, 0] + np.array(unit.conv.bias)
               for x, unit in zip((fine, coarse), pyramid.laterals)]
    ours, theirs = pyramid([fine, coarse])
    close(theirs, lateral[1])
    close(ours, lateral[0] + lateral[1].repeat(2, 1)[:, :5].repeat(2, 2))


@pytest.mark.parametrize(("sharpness", "tolerance"), [(0, 1e-5), (1e-3, 1e-2), (1e3, 1e-2)])
def test_soft_maximum_lies_between_mean_and_maximum(sharpness, tolerance):
    x = sample((4, 5, 3))
    head = MultiLabelHead(2, sharpness)
    head.build(x.shape)
    stir(head)
    places = x @ np.array(head.logits.kernel) + np.array(head.logits.bias)
    expected = places.max((1, 2)) if sharpness > 1 else places.mean((1, 2))
    close(head(x), expected, tolerance)


@pytest.mark.parametrize(("given", "expected"), [({}, "float32"), ({"dtype": "bfloat16"}, "bfloat16"),
                                                 ({"dtype": "mixed_bfloat16"}, "bfloat16")])
def test_several_labels_are_answered_in_the_dtype_that_is_given(given, expected):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = MultiLabelHead(2, **given)
    finally:
        keras.config.set_dtype_policy("float32")
    x = sample((4, 5, 3))
    assert keras.backend.standardize_dtype(head(x).dtype) == head.compute_dtype == expected
    exact = MultiLabelHead(2)
    exact.build(x.shape)
    exact.set_weights(head.get_weights())
    close(ops.cast(head(x), "float32"), exact(x), 3e-2)  # bfloat16 keeps 8 bits
    assert MultiLabelHead.from_config(head.get_config()).compute_dtype == expected


@pytest.mark.slow
def test_segmenter_joins_its_input_at_full_size():
    model = res3d.segmenter(res3d.build("resnet_18", input_shape=(33, 48, 1), features=True, width=0.125), 4)
    assert model.output_shape == (None, 33, 48, 4)
    assert model(sample((33, 48, 1))).dtype == "float32"


@pytest.mark.slow
def test_segmenter_of_pixels_saves_and_loads(tmp_path):
    clip = res3d.ClipSpec(4, 1, None, 32, 32)
    model = res3d.segmenter(res3d.build("r3d_10", clip=clip, features=True, width=0.125), 2)
    pixels = np.random.default_rng(0).integers(0, 256, (1, *clip.shape), "uint8")
    model.save(tmp_path / "model.keras")
    again = res3d.load_model(tmp_path / "model.keras")
    close(again(pixels), model(pixels))
    assert res3d.clip_of(again) == clip


def test_anisotropic_strides_need_nothing_more_said():
    form = Residual(3, depths=(1, 1, 1), widths=(8, 8, 8), strides=(1, (1, 2, 2), 2), convs=("spatial",) * 3,
                    stem=Stem(8, (1, 3, 3), 1))
    inputs = keras.Input((5, 18, 20, 1))
    encoder = keras.Model(inputs, residual_features(form, inputs, keras.config.dtype_policy()))
    assert res3d.segmenter(encoder, 3, conv="spatial").output_shape == (None, 5, 18, 20, 3)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"features": True}, {"num_classes": 7}])
def test_probe_trains_its_classifier_alone(options):
    backbone = res3d.build("resnet_18", input_shape=(32, 32, 3), width=0.125, **options)
    probe = res3d.linear_probe(backbone, 3)
    probe.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [np.array(weight) for weight in backbone.weights if "logits" not in weight.path]
    probe.fit(sample((32, 32, 3), 4), np.array([0, 1, 2, 0]), verbose=0)
    after = [np.array(weight) for weight in backbone.weights if "logits" not in weight.path]
    assert all(np.array_equal(old, new) for old, new in zip(before, after))  # moving statistics included
    assert [weight.path for weight in probe.trainable_weights] == ["logits/kernel", "logits/bias"]
    assert np.abs(np.array(probe.get_layer("logits").bias)).max() > 0


def network_of_rank(rank):
    """An encoder of sizes that its strides do not divide, with stages as `res3d.build` names them."""
    form = Residual(rank, depths=(1, 1, 1), widths=(8, 8, 16), strides=(1, 2, 2), convs=("full",) * 3,
                    stem=Stem(8, 3, 2))
    inputs = keras.Input((*(13, 18, 21)[:rank], 2))
    return keras.Model(inputs, residual_features(form, inputs, keras.config.dtype_policy()))


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_whole_models_of_every_rank(rank):
    sizes = (13, 18, 21)[:rank]
    assert res3d.segmenter(network_of_rank(rank), 3)(sample((*sizes, 2))).shape == (2, *sizes, 3)
    assert res3d.linear_probe(network_of_rank(rank), 3)(sample((*sizes, 2))).shape == (2, 3)
    maps = FeaturePyramid(8)(fine_to_coarse(network_of_rank(rank)(sample((*sizes, 2)))))
    assert [tuple(x.shape[1:-1]) for x in maps] == [tuple(-(-n // s) for n in sizes) for s in (2, 4, 8)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x3d_s", "r2plus1d_r50"])
def test_probe_of_a_network_that_classifies_places_takes_their_mean(name):
    network = tiny(name, clip=CLIP.replace(height=64, width=64))
    x = pixels(2, CLIP.replace(height=64, width=64))
    places = keras.Model(network.input, network.get_layer("logits").input)(x)
    probe = res3d.linear_probe(network, 3)
    kernel, bias = (np.array(weight) for weight in probe.get_layer("logits").weights)
    close(probe(x), np.array(places).mean(1) @ kernel + bias)


@pytest.mark.parametrize(("make", "text"), [
    (lambda: FeaturePyramid(0), "`filters` must be a positive int. Received: filters=0"),
    (lambda: FeaturePyramid(8)([np.zeros((1, 4, 4, 2)), np.zeros((1, 4, 4, 2))]), "each smaller than the one before"),
    (lambda: FeaturePyramid(8)([keras.Input((None, None, 2)), keras.Input((4, 4, 2))]), "known sizes"),
    (lambda: UNetDecoder()([np.zeros((1, 4, 4, 2))]), "takes 2 or more maps"),
    (lambda: UNetDecoder((8,))([np.zeros((1, n, n, 2)) for n in (8, 4, 2)]), "one number for each level"),
    (lambda: MultiLabelHead(2, prior=[0.5]), "`prior` must have 2 numbers between 0 and 1"),
    (lambda: MultiLabelHead(2, prior=[0.5, 0.0]), "Leave a label without examples out"),
    (lambda: MultiLabelHead(2, -1.0), "`sharpness` must be a number of at least 0"),
    (lambda: MultiLabelHead(2, prior=0.5), "`prior` must have 2 numbers .* Received: prior=\\[0.5\\]"),
    (lambda: MultiLabelHead(2)({"stage1": np.zeros((1, 4, 4, 2))}), "Choose one, such as features\\['stage4'\\]"),
    (lambda: MultiLabelHead(2)([np.zeros((1, 4, 4, 2))]), "takes one map \\(batch, \\*sizes, channels\\)"),
    (lambda: FeaturePyramid(8)({"stage1": np.zeros((1, 4, 4, 2))}), "list of maps .* fine_to_coarse\\(features\\)"),
    (lambda: FeaturePyramid(8)(np.zeros((1, 4, 4, 2))), "takes a list of maps from fine to coarse. Received: \\(1, 4"),
    (lambda: UNetDecoder(8)([np.zeros((1, n, n, 2)) for n in (8, 4, 2)]), "one number for each level"),
    (lambda: res3d.segmenter(res3d.build("resnet_18", 2, input_shape=(32, 32, 3), width=0.125), 3),
     "takes a dict of maps.* of shape \\(None, 2\\). Build the network with features=True"),
    (lambda: res3d.segmenter(network_of_rank(1), 0), "`num_classes` must be a positive int. Received: num_classes=0"),
    (lambda: fine_to_coarse({"stage_one": np.zeros((1, 4, 2))}), "named stem, stage1, stage2"),
    (lambda: fine_to_coarse({"slow_stage1": 0, "fast_stage1": 0}), "maps of one pathway"),
    (lambda: res3d.linear_probe(keras.Model(image := keras.Input((4, 4, 3)), keras.layers.ReLU()(image)), 2),
     "features \\(batch, channels\\)"),
])
def test_errors_say_what_was_expected(make, text):
    with pytest.raises(ValueError, match=text):
        make()
