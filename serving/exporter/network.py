"""A Keras model as the function that an export saves: uint8 clips in, float32 logits out, in a chosen precision."""

import keras
import numpy as np
import tensorflow as tf

from res3d.four_axes import run_on_frames
from res3d.private_keras import layers_inside
from serving.exporter import model_reading
from serving.exporter.fold import Eighth, Exact, Folding

DTYPES = ("float32", "bfloat16")


class Network:
    """The function, its features, and the variables that go with it.

    Args:
        model: Keras model that takes clips, uint8 or scaled floats.
        clip: ClipSpec.
        fold: bool. Fold batch norms into the convolutions before them.
        dtype: "float32", "bfloat16" or None. What the layers compute in, whatever they were trained in; the last layer
            stays in float32. None leaves them as they are.
        quantize: None or "int8". Saves the convolution kernels in 8 bits a weight; they are widened when loaded.
        activation: what the model's numbers are, one of `res3d.ending.ENDINGS`; None asks how the model is made.

    Calling it with a uint8 `(batch, *clip.shape)` tensor gives float32 logits `(batch, classes)`.
    """

    def __init__(self, model, clip, fold=True, dtype="float32", quantize=None, activation=None):
        if dtype not in (*DTYPES, None):
            raise ValueError(f"`dtype` must be one of {', '.join(DTYPES)}. Received: dtype={dtype!r}.")
        if quantize not in (None, "int8"):
            raise ValueError(f"`quantize` must be 'int8' or None. Received: quantize={quantize!r}.")
        self.clip = clip
        self.model = model if dtype is None or (dtype == "float32" and _is_precise(model)) else with_dtype(model, dtype)
        self.folding = Folding(self.model, model, Eighth if quantize else Exact, fold)
        if quantize and not self.folding.variables:
            raise ValueError("A model to be quantized needs convolutions of res3d, whose kernels are kept in 8 bits. "
                             f"Received: model '{model.name}', which has none. Leave quantize out.")
        self.activation = activation or model_reading.output_activation(model)
        self.feature_model = model_reading.feature_model(self.model)

    @property
    def variables(self):
        """What the saved function reads: the model's variables but for the replaced ones, and what replaces them."""
        own = [v.value for v in self.model.variables if id(v) not in self.folding.replaced]
        return own + self.folding.variables

    def __call__(self, clips):
        return self._as_logits(self._run(self.model, clips))

    def on_frames(self, frames):
        """Logits `(1, classes)` of one clip, uint8 `clip.shape`, without a tensor of more than four axes on the way.

        Raises:
            ValueError: for a layer that is not of the family.
        """
        def run(pixels, training):
            return run_on_frames(self.model, pixels)

        return self._as_logits(self._run(run, frames))

    def _as_logits(self, logits):
        if self.activation == "softmax":
            return tf.math.log(tf.maximum(logits, 1e-30))
        if self.activation == "sigmoid":
            logits = tf.clip_by_value(logits, 1e-7, 1 - 1e-7)
            return tf.math.log(logits) - tf.math.log1p(-logits)
        return logits

    @property
    def features(self):
        """The function that gives what enters the last dense layer, float32 `(batch, size)`; None if there is none."""
        return None if self.feature_model is None else self._features

    def _features(self, clips):
        found = self._run(self.feature_model, clips)
        batch = tf.shape(clips)[0]
        # A network that runs frame by frame has the frames as an axis of their own, or inside the batch.
        found = tf.reshape(found, tf.stack([batch, -1, found.shape[-1]]))
        return tf.reduce_mean(found, 1)

    def _run(self, model, clips):
        with self.folding.applied():
            return tf.cast(model(scaled(self.model, self.clip, clips), training=False), tf.float32)


def scaled(model, clip, clips):
    """Pixels as the model's input takes them: uint8 as they are, or scaled here where the model does not scale."""
    if model.inputs[0].dtype == "uint8":
        return clips
    pixels = tf.cast(clips[..., ::-1] if clip.channel_order == "BGR" else clips, tf.float32)
    scale, shift = np.array(clip.pixel_scaling(), "float32")
    return pixels * scale + shift


def _is_precise(model):
    """Whether no layer computes in half precision, as after training with `mixed_bfloat16`."""
    return not any(layer.compute_dtype in ("bfloat16", "float16") for layer in layers_inside(model))


def with_dtype(model, dtype):
    """A copy of a functional model whose layers compute in, and keep, `dtype`; the last one stays in float32.

    What a wrapper of Keras holds computes in it, too, and keeps the type it was built in.

    Raises:
        ValueError: if the model cannot be rebuilt layer by layer.
    """
    last = {id(part) for part in layers_inside(model.layers[-1])}

    def rebuild(layer):
        copy = type(layer).from_config(layer.get_config())
        for part in layers_inside(copy):  # before any is built
            part.dtype_policy = "float32" if id(layer) in last else dtype
        return copy

    try:
        copy = keras.models.clone_model(model, clone_function=rebuild, recursive=True)
        copy.set_weights(model.get_weights())
    except (TypeError, ValueError) as error:
        raise ValueError(f"A model to be exported in {dtype} must be a functional model that Keras can rebuild layer "
                         f"by layer. Received: '{model.name}' ({type(model).__name__}): {error}") from error
    return copy
