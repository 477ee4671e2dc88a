"""A network run on frames answers as it does on a clip; a layer of nobody's is named."""

import keras
import numpy as np
import pytest

from res3d.blocks.shortcut import PooledShortcut
from res3d.four_axes import run_on_frames, without_rule
from res3d.four_axes.table import RULES, rule
from res3d.heads.multi_label import MultiLabelHead
from res3d.private_keras import layers_inside
from tests.res3d.catalogue import CLIP, KINDS, MODELS, pixels, stir, tiny

QUICK = ("x3d_s", "tam_r50", "medicalnet_18")


def check(model, clips):
    answer = np.asarray(model(clips, training=False))
    found = np.asarray(run_on_frames(model, keras.ops.convert_to_tensor(clips[0])))
    np.testing.assert_allclose(found, answer, rtol=0, atol=1e-5 * np.ptp(answer))  # sums in another order


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
                                  for name in KINDS])
def test_a_network_on_frames_answers_as_on_a_clip(name):
    model = stir(tiny(name))
    assert without_rule(model) is None
    check(model, pixels(1))


@pytest.mark.parametrize("sharpness", [0, 4])
def test_the_head_of_several_labels(sharpness):
    body = tiny("r3d_18", num_classes=None, features=True)
    model = keras.Model(body.inputs[0], MultiLabelHead(4, sharpness)(body.outputs[-1]))
    check(stir(model), pixels(1))


def test_every_kind_of_motion():
    model = tiny("plain3d_5", motion=("color", "background", "difference", "color_difference"))
    check(stir(model), pixels(1))


@pytest.mark.slow
def test_a_map_larger_than_the_window_and_places_apart():
    clip = CLIP.replace(height=96, width=64)
    for name in ("c2d_r50", "r2plus1d_r50"):
        network = tiny(name, clip=clip)
        check(stir(network), pixels(1, clip))


@pytest.mark.slow
def test_no_rule_is_left_over():
    kinds = {type(layer) for name in MODELS for layer in layers_inside(tiny(name))}
    kinds |= {MultiLabelHead, PooledShortcut}  # which a network may ask for, and no row does
    used = {kind for kind in RULES if any(issubclass(known, kind) for known in kinds)}
    assert set(RULES) == used


def test_a_derived_layer_is_run_as_what_it_derives_from():
    class Own(keras.layers.Dense):
        pass

    assert rule(Own(3)) is RULES[keras.layers.Dense]


def test_a_layer_of_nobody_s_is_named():
    clips = keras.Input(CLIP.shape)
    model = keras.Model(clips, keras.layers.Conv3D(3, 1, name="odd")(clips))
    assert without_rule(model) == "odd"
    with pytest.raises(ValueError, match=r"is made of layers of the family\. Received: layer 'odd' \(Conv3D\)\. Export "
                                         "it with five axes"):
        run_on_frames(model, np.zeros(CLIP.shape, "float32"))


def test_joining_along_another_axis_than_channels_is_refused():
    clips = keras.Input(CLIP.shape)
    model = keras.Model(clips, keras.layers.Concatenate(axis=1, name="longer")([clips, clips]))
    with pytest.raises(ValueError, match=r"puts channels side by side\. Received: layer 'longer', which joins along "
                                         "axis 1"):
        run_on_frames(model, np.zeros(CLIP.shape, "float32"))
