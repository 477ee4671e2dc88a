"""What an export makes of models, labels, folders and disks that are not as one would like."""

import json
import pathlib

import numpy as np
import pytest

import serving
from res3d.geometry import ClipSpec
from serving.session.csession import CSession

LABELS = ["archery", "jump rope", "walking café"]


def scores(network, clips):
    powers = np.exp(np.asarray(network(clips, training=False)))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.slow
def test_what_was_trained_in_half_precision_is_served_in_float32(clip, clips_of_noise, tmp_path):
    """A graph and single operations round halves in other places: such a network cannot be compared within 1e-5."""
    import keras

    import res3d

    keras.utils.set_random_seed(0)
    trained = res3d.build("r3d_10", num_classes=3, clip=clip, width=0.125, dtype="mixed_bfloat16")
    path = serving.export(trained, tmp_path / "actions", LABELS)
    card = json.loads((pathlib.Path(path) / "assets.extra/model_card.json").read_text(encoding="utf-8"))
    assert card["precision"]["folded_norms"] == 12
    assert card["precision"]["change"]["same_top1"] == 1
    assert card["answers"] == "scores near those of model.predict, as `precision` says"
    whole = res3d.build("r3d_10", num_classes=3, clip=clip, width=0.125)
    whole.set_weights(trained.get_weights())
    with CSession(path, threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
    np.testing.assert_allclose(answer["scores"], scores(whole, clips_of_noise), atol=1e-5)


@pytest.mark.slow
def test_a_sequential_model_exports(clip, clips_of_noise, tmp_path):
    import keras

    layers = keras.layers
    model = keras.Sequential([layers.Input(clip.shape, dtype="uint8"), layers.Rescaling(1 / 255),
                              layers.GlobalAveragePooling3D(), layers.Dense(3)])
    with CSession(serving.export(model, tmp_path / "plain", LABELS, clip=clip, verified=False), threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
        assert session.call("features", {"clip": clips_of_noise})["features"].shape == (2, 3)
    np.testing.assert_allclose(answer["scores"], scores(model, clips_of_noise), atol=1e-5)
    with pytest.raises(ValueError, match=r"needs convolutions of res3d, .* Received: model .* which has none. Leave"):
        serving.export(model, tmp_path / "small", LABELS, clip=clip, quantize="int8")


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_nothing(network, tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(OSError, match=r"written whole to '.*/full'. Writing failed: .* Nothing was left .* Make"):
            serving.export(network, tmp_path / "full", LABELS, verified=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "full").exists()


@pytest.mark.parametrize(("arguments", "message"), [
    ({"labels": ["one"]}, r"one label an output, 3 in all. Received: 1 labels"),
    ({"labels": ["a", "b", "c\nd"]}, r"A label must be one line. Received: 'c\\nd'"),
    ({"labels": ["a", "b", "c\u2028d"]}, r"A label must be one line. Received: 'c\\u2028d'. Name it without"),
    ({"version": -1}, r"`version` must be an int from 0 to 2\*\*63 - 1, .* or None. Received: version=-1"),
    ({"version": 2**63}, r"`version` must be an int from 0 to 2\*\*63 - 1"),
    ({"top": 0}, r"`top` must be an int of at least 1. Received: top=0"),
    ({"dtype": "float64"}, r"`dtype` must be one of float32, bfloat16. Received: dtype='float64'"),
    ({"quantize": "int4"}, r"`quantize` must be 'int8' or None. Received: quantize='int4'"),
    ({"clip": ClipSpec()}, r"inputs of shape \(None, 16, 112, 112, 3\). Received: model 'r3d_10' with input shape"),
])
def test_what_does_not_fit_is_refused(network, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        serving.export(network, tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_a_model_without_a_clip_is_refused(tmp_path):
    import keras

    inputs = keras.Input((4, 8, 8, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling3D()(inputs), name="bare")
    with pytest.raises(ValueError, match=r"model 'bare', in which no layer carries one. Build it with clip="):
        serving.export(model, tmp_path)


@pytest.mark.slow
def test_what_gives_no_scores_is_refused(clip, tmp_path):
    import keras

    import res3d

    trunk = res3d.build("r3d_10", clip=clip, width=0.125, features=True)
    with pytest.raises(ValueError, match=r"one number a label, .* Received: model 'r3d_10' with outputs .*Build"):
        serving.export(trunk, tmp_path / "new")
    with pytest.raises(ValueError, match=r"takes one input, the clip. .*: model 'model' with unknown inputs. Make"):
        serving.export(keras.Model(name="model"), tmp_path / "new", clip=clip)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"needs a folder .*: '.*/file', which is a file. Name another"):
        serving.export(res3d.build("r3d_10", 3, clip, width=0.125), tmp_path / "file", verified=False)
