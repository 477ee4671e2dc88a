"""Batch norm folded into the convolution before it, and weights kept in fewer bits, for the time of a trace.

A convolution unit is any layer with a `conv` that has a `kernel` (channels produced last), and a `norm` that is a
`keras.layers.BatchNormalization` applied to what `conv` gives. While a `Folding` is applied, such a unit computes with
the folded kernel and bias and without its norm; the model itself is left as it was.

    y = gamma * (x * k + b - mean) / sqrt(variance + epsilon) + beta
      = x * (k * s) + (b - mean) * s + beta            with s = gamma / sqrt(variance + epsilon)
"""

import contextlib
import uuid

import keras
import numpy as np
import tensorflow as tf


def units(model):
    """The convolution units of a model whose norm can be folded, in the order of the model's layers."""
    return [layer for layer in model._flatten_layers() if _is_unit(layer)]


def _is_unit(layer):
    norm, conv = getattr(layer, "norm", None), getattr(layer, "conv", None)
    return (isinstance(norm, keras.layers.BatchNormalization) and not getattr(layer, "norm_first", False)
            and getattr(conv, "kernel", None) is not None and hasattr(conv, "bias"))


def folded_weights(unit):
    """(kernel, bias) of a unit without its norm, float32, computed in float64."""
    norm, conv = unit.norm, unit.conv
    variance, mean = _float64(norm.moving_variance), _float64(norm.moving_mean)
    scale = 1 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        scale = scale * _float64(norm.gamma)
    bias = 0 if conv.bias is None else _float64(conv.bias)
    bias = (bias - mean) * scale + (_float64(norm.beta) if norm.center else 0)
    return (_float64(conv.kernel) * scale).astype(np.float32), bias.astype(np.float32)


class Folding:
    """Replacement weights for the convolution units of `model`, applied inside `with folding.applied():`.

    Args:
        model: the Keras model to trace.
        source: a model of the same architecture to read the weights from, or None for `model` itself.
        store: what keeps a kernel: `Exact`, or `Eighth` for 8 bits a weight on disk.
        fold: bool. False keeps the norms and replaces the kernels alone.

    What to save with the trace is in `variables`; the ids of the model's own that it no longer reads in `replaced`.
    """

    def __init__(self, model, source=None, store=None, fold=True):
        store = Exact if store is None else store
        self._changes, self.variables, self.replaced = [], [], set()
        originals = units(model if source is None else source)
        for unit, original in zip(units(model), originals, strict=True) if fold else ():
            kernel, bias = folded_weights(original)
            self._replace(unit.conv, store(kernel, unit.conv.compute_dtype), bias)
            self._changes.append((unit, {"norm": lambda: None}))
            self.replaced |= {id(v) for v in (*unit.norm.variables, *unit.conv.variables)}
        if store is not Exact:
            done = {id(layer) for layer, _ in self._changes}
            for layer in (layer for layer in _convolutions(model) if id(layer) not in done):
                self._replace(layer, store(_float64(layer.kernel), layer.compute_dtype))
                self.replaced.add(id(layer.kernel))

    def __len__(self):
        """How many norms are folded."""
        return sum("norm" in changes for _, changes in self._changes)

    def _replace(self, conv, kernel, bias=None):
        changes = {"kernel": kernel.value}
        self.variables += kernel.variables
        if bias is not None:
            variable = tf.Variable(tf.cast(bias, conv.compute_dtype), trainable=False, name="bias")
            changes["bias"] = lambda: variable
            self.variables.append(variable)
        self._changes.append((conv, changes))

    @contextlib.contextmanager
    def applied(self):
        """Inside, the units compute with the replaced weights."""
        with contextlib.ExitStack() as stack:
            for layer, changes in self._changes:
                stack.enter_context(_attributes(layer, **{name: value() for name, value in changes.items()}))
            yield


class Exact:
    """A kernel kept in the type it is computed in."""

    def __init__(self, kernel, dtype):
        self.variables = [tf.Variable(tf.cast(kernel, dtype), trainable=False, name="kernel")]

    def value(self):
        """The kernel, as the convolution takes it."""
        return self.variables[0]


class Eighth:
    """A kernel saved as 8-bit integers and one scale a channel produced: a quarter of the bytes on disk.

    It is widened once, when the model is loaded, by the same initialiser that fills lookup tables.
    """

    def __init__(self, kernel, dtype):
        scale = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
        scale = np.where(scale > 0, scale, 1) / 127
        whole = np.clip(np.rint(kernel / scale), -127, 127)
        whole = tf.Variable(tf.cast(whole, tf.int8), trainable=False, name="kernel_int8")
        scale = tf.Variable(tf.cast(scale, tf.float32), trainable=False, name="kernel_scale")
        self._wide = _Widened(whole, scale, dtype)
        self.variables = [whole, scale, self._wide]

    def value(self):
        """The kernel as the convolution takes it."""
        return self._wide.read()


class _Widened(tf.saved_model.experimental.TrackableResource):
    """A tensor that is computed from two variables when a model is loaded, and kept."""

    def __init__(self, whole, scale, dtype):
        super().__init__()
        self._whole, self._scale, self._dtype = whole, scale, tf.as_dtype(dtype)
        self._name = f"widened_{uuid.uuid4().hex}"
        self._initialize()

    def _create_resource(self):
        return tf.raw_ops.VarHandleOp(dtype=self._dtype, shape=self._whole.shape, shared_name=self._name)

    def _initialize(self):
        wide = tf.cast(tf.cast(self._whole, tf.float32) * self._scale, self._dtype)
        tf.raw_ops.AssignVariableOp(resource=self.resource_handle, value=wide)

    def read(self):
        """The tensor."""
        wide = tf.raw_ops.ReadVariableOp(resource=self.resource_handle, dtype=self._dtype)
        return tf.ensure_shape(wide, self._whole.shape)


def _convolutions(model):
    """Every layer that holds a convolution kernel as a plain attribute."""
    return [layer for layer in model._flatten_layers()
            if layer.__dict__.get("kernel") is not None and len(layer.kernel.shape) >= 3]


@contextlib.contextmanager
def _attributes(layer, **values):
    """Attributes of a built layer changed past Keras's tracker, which locks them, and put back."""
    before = {name: layer.__dict__[name] for name in values}
    layer.__dict__.update(values)
    try:
        yield
    finally:
        layer.__dict__.update(before)


def _float64(variable):
    return keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32")).astype(np.float64)
