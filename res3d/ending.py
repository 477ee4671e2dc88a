"""What the numbers of a model are, logits, a softmax or sigmoids: one rule for all who score.

The model's end is read back through what changes nothing; then the numbers are looked at. Where the two do not agree,
or do not tell, it is asked for: a softmax of a softmax has the right ranking and the wrong scores, and nobody notices.
"""

import keras
import numpy as np
from keras import ops

from res3d.private_keras import layers_inside, producer

LOGITS, SOFTMAX, SIGMOID = ENDINGS = ("logits", "softmax", "sigmoid")
_BY_FUNCTION = {keras.activations.linear: LOGITS, keras.activations.softmax: SOFTMAX,
                keras.activations.sigmoid: SIGMOID}
_BY_NAME = {None: LOGITS, "linear": LOGITS, SOFTMAX: SOFTMAX, SIGMOID: SIGMOID}
_LINEAR = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
# Layers and operations of Keras that hand numbers on, or take means of them: shares stay shares, chances stay chances.
_HAND_ON = {"ActivityRegularization", "Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Cast",
            "Copy", "Dropout", "ExpandDims", "Flatten", "GetItem", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
            "GlobalAveragePooling3D", "Identity", "Mean", "Reshape", "SpatialDropout1D", "SpatialDropout2D",
            "SpatialDropout3D", "Squeeze", "StopGradient"}
_SUM, _HALF_SUM = 1e-3, 1e-2  # how far from 1 the sum of a softmax may be; the latter for layers of 8 or 11 bits


def read(model):
    """"logits", "softmax" or "sigmoid" by how a functional model is made; None where that does not tell.

    >>> inputs = keras.Input((4,))
    >>> read(keras.Model(inputs, keras.layers.Softmax()(keras.layers.Dense(3)(inputs))))
    'softmax'
    """
    outputs = getattr(model, "outputs", None)
    return _made_by(outputs[0]) if outputs and len(outputs) == 1 else None


def judge(model, rows, activation=None):
    """"logits", "softmax" or "sigmoid", by how the model is made and by what it gives.

    Args:
        model: a functional Keras model.
        rows: float (clips, classes). What it gives for some clips.
        activation: one of the three, if somebody says so, or None.

    Raises:
        ValueError: where it is not clear, or the numbers speak against it.
    """
    if activation not in (None, *ENDINGS):
        raise ValueError(f"`activation` must be one of {', '.join(ENDINGS)}. Received: activation={activation!r}.")
    rows = np.asarray(rows, "float64")
    said = activation or read(model)
    if not np.isfinite(rows).all():
        return said or LOGITS  # numbers that are none tell nothing, and are refused elsewhere
    chances = bool(rows.min() >= 0 and rows.max() <= 1)
    off = float(np.abs(rows.sum(axis=1) - 1).max())
    shares = chances and off <= (_HALF_SUM if _in_half(model) else _SUM)
    single = rows.shape[1] == 1  # whose softmax is 1 whatever goes in
    fits = {SOFTMAX: shares, SIGMOID: chances, LOGITS: activation == LOGITS or not shares or single}
    if said is None and (not chances or (shares and not single)):
        return SOFTMAX if shares else LOGITS
    if said is not None and fits[said]:
        return said
    look = "sum to 1" if shares else "lie in [0, 1] and do not sum to 1" if chances else "do not lie in [0, 1]"
    by = "" if said is None else f" that ends in {said}" if activation is None else f" and activation={activation!r}"
    raise ValueError(f"It must be clear whether a model gives logits, a softmax or sigmoids. Received: '{model.name}'"
                     f"{by}, with outputs from {rows.min():.3g} to {rows.max():.3g}, which {look}. Say what they are: "
                     "activation='logits', 'softmax' or 'sigmoid' (--activation).")


def probes(clip):
    """uint8 clips `(2, *clip.shape)` that have little in common: noise, and bright stripes that move."""
    noise = np.random.default_rng(0).integers(0, 256, clip.shape, np.uint8)
    time, y, x = np.meshgrid(*map(np.arange, clip.shape[:3]), indexing="ij")
    stripes = np.where((x + y + 2 * time) // 8 % 2, 255, 140).astype(np.uint8)
    return np.stack([noise, np.repeat(stripes[..., None], clip.channels, -1)])


def with_logits(model, ending):
    """The model with logits for outputs: itself where it gives them, else one more step that undoes its last one."""
    if ending == LOGITS:
        return model
    return keras.Model(model.inputs[0], Undone(ending, name="logits_of_scores")(model.outputs[0]), name=model.name)


@keras.saving.register_keras_serializable("res3d.ending")
class Undone(keras.layers.Layer):
    """Scores back to logits, in float32; lives in memory only.

    >>> [round(float(x), 2) for x in Undone("sigmoid")(ops.array([0.5, 0.9]))]
    [0.0, 2.2]
    """

    def __init__(self, ending, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.ending = ending

    def call(self, scores):
        scores = ops.cast(scores, "float32")
        if self.ending == SOFTMAX:
            return ops.log(ops.maximum(scores, 1e-30))
        scores = ops.clip(scores, 1e-7, 1 - 1e-7)
        return ops.log(scores) - ops.log1p(-scores)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "ending": self.ending}


def _made_by(tensor):
    operation, inputs, index = producer(tensor)
    if isinstance(operation, keras.Model):
        return _made_by(operation.outputs[index]) if getattr(operation, "outputs", None) else None
    operation = operation.layer if isinstance(operation, keras.layers.TimeDistributed) else operation
    found = _own(operation)
    if _hands_on(operation, found):
        before = {_made_by(each) for each in inputs}
        return before.pop() if len(before) == 1 else None
    if found == LOGITS and any(_made_by(each) in (SOFTMAX, SIGMOID) for each in inputs):
        return None  # a dense layer of scores: they may come out as they went in
    return found


def _own(operation):
    """What a layer or an operation makes of anything, or None."""
    if hasattr(operation, "activation_name"):  # a layer of res3d says it of itself
        return _BY_NAME.get(operation.activation_name)
    name = type(operation).__name__
    if isinstance(operation, keras.layers.Softmax) or (_of_keras(operation) and name in ("Softmax", "Sigmoid")):
        return name.lower() if _of_keras(operation) else SOFTMAX
    if isinstance(operation, (*_LINEAR, keras.layers.Activation)):
        return _BY_FUNCTION.get(operation.activation)
    return None


def _hands_on(operation, found):
    if isinstance(operation, keras.layers.Activation):
        return found == LOGITS
    return _of_keras(operation) and type(operation).__name__ in _HAND_ON


def _of_keras(operation):
    return type(operation).__module__.partition(".")[0] == "keras"


def _in_half(model):
    return any(layer.compute_dtype in ("bfloat16", "float16") for layer in layers_inside(model))
