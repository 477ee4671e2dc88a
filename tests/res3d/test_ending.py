"""What a model's numbers are: by how it is made, by what it gives, and asked for where neither tells."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import res3d
from res3d import ending

INPUTS = keras.Input((4,))
X = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")


def dense(activation=None, scale=3.0):
    start = keras.initializers.RandomUniform(-scale, scale, seed=1)
    return layers.Dense(3, activation=activation, kernel_initializer=start)(INPUTS)


def inner(activation):
    return keras.Model(INPUTS, dense(activation))(INPUTS)


def sequential(*last):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3), *last])(INPUTS)


class Own(layers.Layer):
    """A layer of somebody else, of which nothing is known but what it gives."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


MADE = {  # name: (output, what it is by its making)
    "dense": (dense(), "logits"),
    "dense softmax": (dense("softmax"), "softmax"),
    "dense sigmoid": (dense("sigmoid"), "sigmoid"),
    "softmax layer": (layers.Softmax()(dense()), "softmax"),
    "softmax op": (ops.softmax(dense()), "softmax"),
    "sigmoid op": (ops.sigmoid(dense()), "sigmoid"),
    "activation": (layers.Activation("softmax")(dense()), "softmax"),
    "linear after softmax": (layers.Activation("linear")(layers.Softmax()(dense())), "softmax"),
    "linear after logits": (layers.Activation("linear")(dense()), "logits"),
    "dropout after softmax": (layers.Dropout(0.5)(dense("softmax")), "softmax"),
    "cast after softmax": (ops.cast(ops.softmax(dense()), "float32"), "softmax"),
    "reshape after sigmoid": (layers.Reshape((3,))(layers.Reshape((1, 3))(dense("sigmoid"))), "sigmoid"),
    "nested softmax": (inner("softmax"), "softmax"),
    "nested sigmoid": (inner("sigmoid"), "sigmoid"),
    "nested twice": (keras.Model(INPUTS, inner("sigmoid"))(INPUTS), "sigmoid"),
    "nested sequential": (sequential(layers.Activation("sigmoid")), "sigmoid"),
    "nested logits": (inner(None), "logits"),
    "mean of two": (layers.Average()([inner("softmax"), dense("softmax")]), "softmax"),
    "mean over time": (ops.mean(layers.TimeDistributed(layers.Dense(3, "softmax"))(layers.Reshape((2, 2))(INPUTS)), 1),
                       "softmax"),
    "mean of two kinds": (layers.Average()([dense("softmax"), dense("sigmoid")]), None),
    "dense after softmax": (layers.Dense(3)(dense("softmax")), None),
    "own": (Own(ops.softmax)(dense()), None),
    "relu": (layers.ReLU()(dense()), None),
    "log softmax": (ops.log_softmax(dense()), None),
}


@pytest.mark.parametrize("name", MADE)
def test_how_a_model_is_made(name):
    output, expected = MADE[name]
    assert ending.read(keras.Model(INPUTS, output)) == expected


@pytest.mark.parametrize(("function", "expected"), [
    (ops.softmax, "softmax"), (ops.log_softmax, "logits"), (lambda x: 5 * ops.tanh(x), "logits"),
    (lambda x: ops.softmax(x) ** 2 / ops.sum(ops.softmax(x) ** 2, -1, keepdims=True), "softmax")])
def test_what_is_made_unseen_is_judged_by_its_numbers(function, expected):
    model = keras.Model(INPUTS, Own(function)(dense()))
    assert ending.judge(model, model(X)) == expected


@pytest.mark.parametrize(("output", "words"), [
    (Own(ops.sigmoid)(dense()), "lie in .0, 1. and do not sum to 1"),
    (Own(lambda x: ops.softmax(x) / 2)(dense()), "lie in .0, 1. and do not sum to 1"),
    (layers.Activation("linear", name="scaled")(ops.softmax(dense())) * 3.0, None),
    (layers.Dense(3, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(1 / 3))(INPUTS),
     "that ends in logits, with outputs from 0.333 to 0.333, which sum to 1"),
])
def test_what_is_not_clear_is_asked_for(output, words):
    model = keras.Model(INPUTS, output, name="odd")
    if words is None:
        assert ending.judge(model, model(X)) == "logits"  # numbers above 1 are no scores
        return
    with pytest.raises(ValueError, match=rf"It must be clear .* Received: 'odd'.*{words}. Say what they are: activat"):
        ending.judge(model, model(X))
    assert ending.judge(model, model(X), "logits") == "logits"
    assert ending.judge(model, model(X), "sigmoid") == "sigmoid"


def test_what_somebody_says_must_be_possible():
    model = keras.Model(INPUTS, dense())
    with pytest.raises(ValueError, match=r"and activation='softmax', with outputs .* do not lie in \[0, 1\]"):
        ending.judge(model, model(X), "softmax")
    with pytest.raises(ValueError, match=r"must be one of logits, softmax, sigmoid. Received: activation='relu'"):
        ending.judge(model, model(X), "relu")


def test_one_output_and_small_logits():
    single = keras.Model(INPUTS, layers.Dense(1, "sigmoid")(INPUTS))
    assert ending.judge(single, single(X)) == "sigmoid"
    small = keras.Model(INPUTS, layers.Dense(3, kernel_initializer="zeros", bias_initializer="ones")(INPUTS))
    assert ending.judge(small, small(X)) == "logits"  # all 1: in [0, 1], and a dense layer may give anything
    assert ending.judge(small, np.full((2, 3), np.nan)) == "logits"


@pytest.mark.parametrize(("name", "activation"), [("softmax", ops.softmax), ("sigmoid", ops.sigmoid)])
def test_logits_of_scores_give_the_scores_again(name, activation):
    model = keras.Model(INPUTS, dense(name), name="scores")
    other = ending.with_logits(model, name)
    np.testing.assert_allclose(activation(other(X)), model(X), atol=1e-6)
    assert other.name == "scores"
    assert ending.with_logits(model, "logits") is model


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid"])
def test_networks_of_the_family_say_it(activation):
    clip = res3d.ClipSpec(4, 1, height=32, width=32)
    for name in ("r3d_10", "x3d_s"):
        model = res3d.build(name, 3, clip, width=0.125, depths=(1, 1, 1, 1), activation=activation)
        assert ending.read(model) == (activation or "logits")


def test_probes_differ():
    first, second = ending.probes(res3d.ClipSpec(4, 1, height=8, width=8))
    assert first.dtype == second.dtype == np.uint8
    assert first.shape == second.shape == (4, 8, 8, 3)
    assert abs(first.mean() - second.mean()) > 20
