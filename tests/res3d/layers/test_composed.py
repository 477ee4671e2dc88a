"""What is frozen stays frozen: saved, cloned, and built late."""

import keras
import numpy as np
import pytest

from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.networks.network import build
from res3d.private_keras import layers_inside, named_layers_inside
from res3d.saving import load_model
from res3d.workflows.start import freeze
from tests.res3d.catalogue import HEADS, LAYERS, tiny

ALL = LAYERS | HEADS
PIXELS = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")


def batched(shape):
    return [(2, *one) for one in shape] if isinstance(shape, list) else (2, *shape)


def built(name):
    make, shape = ALL[name]
    layer = make()
    layer.build(batched(shape))
    return layer


MADE_OF_LAYERS = [name for name, (make, _) in ALL.items() if isinstance(make(), Composed)]


def flags(layer):
    return {path: child.trainable for path, child in named_layers_inside(layer)}


def trainable(model):
    return [variable.path for variable in model.trainable_variables]


def again(layer):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))


@pytest.mark.slow
def test_every_layer_made_of_layers_hands_its_flag_down():
    assert [name for name in ALL if list(named_layers_inside(built(name)))] == MADE_OF_LAYERS
    assert len(MADE_OF_LAYERS) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE_OF_LAYERS)
def test_a_frozen_layer_and_its_frozen_children_come_back_frozen(name):
    layer = built(name)
    assert "children_trainable" not in layer.get_config()
    layer.trainable = False
    assert not any(flags(again(layer)).values())
    for own in (True, False):
        for odd in (0, 1):
            layer.trainable = own
            for number, (_, child) in enumerate(named_layers_inside(layer)):
                child.trainable = number % 2 == odd
            loaded = again(layer)
            assert flags(loaded) == flags(layer)
            assert len(set(flags(layer).values())) == min(2, len(flags(layer)))
            assert len(loaded.trainable_variables) == len(layer.trainable_variables)
            assert loaded.get_config() == layer.get_config()


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE_OF_LAYERS)
def test_a_layer_frozen_before_it_is_built_is_frozen_after(name):
    make, shape = ALL[name]
    layer = make()
    layer.trainable = False
    layer.build(batched(shape))
    assert not any(flags(layer).values())
    assert not any(variable.trainable for variable in layer.variables)


def test_flags_wait_until_the_layer_is_built():
    unit = ConvNorm(4, 3, rank=2)
    unit.norm.trainable = False
    assert unit.get_config()["children_trainable"] == {"norm": False}
    late = ConvNorm.from_config(unit.get_config())
    assert late.get_config() == unit.get_config()
    for layer in (unit, late):
        layer.build((1, 8, 8, 3))
        assert flags(layer) == {"conv": True, "norm": False}
        layer.trainable = False
        layer.trainable = True
        assert flags(layer) == {"conv": True, "norm": True}
        assert "children_trainable" not in layer.get_config()


def all_but_the_classifier(model):
    for layer in model.layers:
        layer.trainable = layer.name == "logits"


def whole(model):
    model.trainable = False


def all_but_one_inner_part(model):
    for layer in model.layers:
        layer.trainable = False
    stage = next(layer for layer in model.layers if layer.name.endswith("stage4"))
    next(layer for layer in layers_inside(stage, include_self=False) if layer.name == "conv_b").trainable = True


def batch_norms(model):
    freeze(model, batch_norm=True)


def two_stages(model):
    freeze(model, "stage2")


WAYS = [all_but_the_classifier, batch_norms, two_stages, whole, all_but_one_inner_part]
OTHERS = [pytest.param(name, batch_norms, marks=pytest.mark.slow)
          for name in ("i3d_nl_r50", "x3d_s", "slowfast_r50_4x16", "r2plus1d_18")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "way"), [*(("resnet_18_v2", way) for way in WAYS), *OTHERS])
def test_networks_keep_what_is_frozen_through_configs(name, way):
    model = tiny(name)
    way(model)
    for other in (type(model).from_config(model.get_config()), keras.models.clone_model(model)):
        assert trainable(other) == trainable(model)
        pairs = [(one, two) for one, two in zip(layers_inside(model, False), layers_inside(other, False), strict=True)
                 if not isinstance(one, keras.layers.InputLayer)]  # which has nothing to train
        assert [(one.name, one.trainable) for one, _ in pairs] == [(two.name, two.trainable) for _, two in pairs]


def in_a_sequential(model):
    return keras.Sequential([keras.Input(model.input_shape[1:]), model])


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda model: model, in_a_sequential])
def test_a_file_keeps_what_is_frozen_and_the_optimizer_goes_on(tmp_path, wrap):
    inner = build("resnet_10", 4, input_shape=(16, 16, 3), width=0.125)
    all_but_the_classifier(inner)
    model = wrap(inner)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = [np.array(variable) for variable in inner.non_trainable_variables if "seed" not in variable.path]
    model.fit(PIXELS, np.arange(4), batch_size=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert [path.split("/")[-2] for path in trainable(loaded)] == ["logits", "logits"]
    assert int(loaded.optimizer.iterations) == 2
    for one, other in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))
    loaded.run_eagerly = True
    loaded.fit(PIXELS, np.arange(4), batch_size=2, verbose=0)
    after = [np.array(variable) for variable in loaded.non_trainable_variables if "seed" not in variable.path]
    for one, other in zip(before, after, strict=True):  # moving statistics too
        np.testing.assert_array_equal(one, other)
