"""What is served is what the model itself gives, whatever it ends in; where that is not clear, it is asked for."""

import json
import pathlib

import keras
import numpy as np
import pytest
from keras import layers, ops

import serving
from serving.exporter import saved_model
from serving.exporter.precision import Precision
from serving.exporter.reference import Reference
from serving.session.csession import CSession
from serving.verify.compare import VerificationError
from serving.verify.known_answers import KnownAnswers

LABELS = ["archery", "jump rope", "walking café"]


class Own(layers.Layer):
    """A layer of somebody else."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


def model_of(clip, end, uint8=True):
    """A few layers with very different logits, and `end` after them."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input(clip.shape, dtype="uint8" if uint8 else "float32")
    x = layers.Rescaling(1 / 40)(inputs) if uint8 else inputs
    x = layers.AveragePooling3D((4, 8, 8))(x)
    return keras.Model(inputs, end(layers.Flatten()(x)), name="small")


def dense(x, activation=None):
    start = keras.initializers.RandomNormal(stddev=0.3, seed=2)
    return layers.Dense(len(LABELS), activation=activation, kernel_initializer=start)(x)


def nested(activation):
    def end(x):
        inputs = keras.Input(x.shape[1:])
        return keras.Model(inputs, dense(inputs, activation))(x)
    return end


SHARES = {
    "softmax layer": lambda x: layers.Softmax()(dense(x)),
    "softmax op": lambda x: ops.softmax(dense(x)),
    "linear after softmax": lambda x: layers.Activation("linear")(layers.Softmax()(dense(x))),
    "nested": nested("softmax"),
    "own": lambda x: Own(ops.softmax)(dense(x)),
    "dense after softmax": lambda x: layers.Dense(3, kernel_initializer="identity")(dense(x, "softmax")),
    "mean": lambda x: layers.Average()([dense(x, "softmax"), nested("softmax")(x)]),
}
CHANCES = {
    "nested": nested("sigmoid"),
    "sigmoid op": lambda x: ops.sigmoid(dense(x)),
    "dropout after sigmoid": lambda x: layers.Dropout(0.5)(dense(x, "sigmoid")),
}


QUICK = {"softmax layer", "own", "sigmoid op"}  # the others are judged alike, as tests/res3d/test_ending.py shows


@pytest.mark.slow
@pytest.mark.parametrize(("name", "multi_label"), [
    pytest.param(name, kind is CHANCES, marks=() if name in QUICK else pytest.mark.slow)
    for kind in (SHARES, CHANCES) for name in kind])
def test_scores_are_served_as_the_model_gives_them(clip, clips_of_noise, tmp_path, name, multi_label):
    model = model_of(clip, (CHANCES if multi_label else SHARES)[name])
    path = serving.export(model, tmp_path / "m", LABELS, clip=clip, verified=False)
    card = json.loads((pathlib.Path(path) / "assets.extra/model_card.json").read_text(encoding="utf-8"))
    assert card["multi_label"] is multi_label
    expected = model.predict(clips_of_noise, verbose=0)
    assert np.ptp(expected) > 0.2  # or a second softmax would hardly show
    with CSession(path, threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
        views = session.call("predict_views", {"clips": clips_of_noise[None]})
    np.testing.assert_allclose(answer["scores"], expected, atol=1e-6)
    np.testing.assert_allclose(views["scores"][0], expected.mean(0), atol=1e-6)


@pytest.mark.slow
def test_a_verified_export_compares_with_the_model(clip, tmp_path):
    path = serving.export(model_of(clip, nested("sigmoid"), uint8=False), tmp_path / "m", LABELS, clip=clip)
    card = json.loads((pathlib.Path(path) / "assets.extra/model_card.json").read_text(encoding="utf-8"))
    assert card["multi_label"] is True
    assert card["verified"]["checks"]


@pytest.mark.slow
def test_what_is_not_clear_is_asked_for_and_leaves_nothing(clip, clips_of_noise, tmp_path):
    model = model_of(clip, lambda x: Own(ops.sigmoid)(dense(x)))
    with pytest.raises(ValueError, match=r"Received: 'small', with outputs from 0.* which lie in \[0, 1\] and do not"):
        serving.export(model, tmp_path / "m", LABELS, clip=clip)
    assert not (tmp_path / "m").exists()
    path = serving.export(model, tmp_path / "m", LABELS, clip=clip, activation="sigmoid", verified=False)
    with CSession(path, threads=1) as session:
        scores = session.call("serving_default", {"clip": clips_of_noise})["scores"]
    np.testing.assert_allclose(scores, model.predict(clips_of_noise, verbose=0), atol=1e-6)


@pytest.mark.parametrize(("activation", "multi_label", "words"), [
    ("softmax", True, "which gives a softmax, and multi_label=True. Leave multi_label out"),
    ("sigmoid", False, "which gives sigmoids, and multi_label=False. Leave multi_label out")])
def test_a_model_of_scores_gives_no_others(clip, tmp_path, activation, multi_label, words):
    model = model_of(clip, nested(activation))
    with pytest.raises(ValueError, match=words):
        serving.export(model, tmp_path / "m", LABELS, clip=clip, multi_label=multi_label)
    assert Reference(model, clip).multi_label(not multi_label) is not multi_label


@pytest.mark.parametrize(("activation", "wrong"), [("softmax", "scores"), (None, "logits")])
def test_a_wrong_guess_does_not_share_the_verification(clip, activation, wrong):
    """Whoever is mistaken about the end is found out by the numbers of the model itself."""
    reference = Reference(model_of(clip, nested(activation)), clip)
    known = KnownAnswers(lambda clips: reference.answers[:len(clips)] * 1.1, None, clip, LABELS, "", False, 3)
    with pytest.raises(VerificationError, match=f"The {wrong} that are served must be what the model gives. Those of "):
        reference.compare(known, Precision())
    reference.compare(known, Precision(dtype="bfloat16", change={"clips": 2}))


def test_the_face_says_what_the_numbers_may_be():
    assert "activation" in saved_model.export.__kwdefaults__
