"""Batch norm folded into the convolution before it, and weights kept in fewer bits, for the time of a trace.

A layer takes part if it offers what `Unit` or `Convolution` name, as those of res3d do; what norm and convolution are
made of, and how one goes into the other, is theirs to know. Other layers stay as they are. While a `Folding` is
applied, units compute with the folded kernel and bias and without their norm; the model itself is left as it was.
"""

import contextlib
import uuid
from typing import Any, Protocol, runtime_checkable

import keras
import numpy as np
import tensorflow as tf

from res3d.private_keras import layers_inside


@runtime_checkable
class Unit(Protocol):
    """A convolution and its norm, which become one convolution if it is `foldable`: `res3d.layers.ConvNorm`."""

    foldable: bool

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """(kernel, bias), float32."""

    def computing_with(self, kernel: Any, bias: Any) -> contextlib.AbstractContextManager:
        """Inside, calls compute with these and without the norm."""


@runtime_checkable
class Convolution(Protocol):
    """A convolution that can compute with another kernel than its own: `res3d.layers.Conv`."""

    kernel: keras.Variable

    def computing_with(self, kernel: Any) -> contextlib.AbstractContextManager:
        """Inside, calls compute with it."""


def units(model):
    """The units of a model whose norm can be folded, in the order of the model's layers."""
    return [layer for layer in layers_inside(model) if isinstance(layer, Unit) and layer.foldable]


class Folding:
    """Replacement weights for the convolutions of `model`, applied inside `with folding.applied():`.

    Args:
        model: the Keras model to trace.
        source: a model of the same architecture to read the weights from, or None for `model` itself.
        store: what keeps a kernel: `Exact`, or `Eighth` for 8 bits a weight on disk.
        fold: bool. False keeps the norms and replaces the kernels alone.

    What to save with the trace is in `variables`; the ids of the model's own that it no longer reads in `replaced`.
    """

    def __init__(self, model, source=None, store=None, fold=True):
        store = Exact if store is None else store
        self._stand_ins, self.variables, self.replaced = [], [], set()
        folded = units(model) if fold else []
        originals = units(model if source is None else source) if fold else []
        for unit, original in zip(folded, originals, strict=True):
            kernel, bias = original.folded()
            self._replace(unit, store(kernel, unit.compute_dtype), Exact(bias, unit.compute_dtype, "bias"))
            self.replaced |= {id(variable) for variable in unit.variables}
        self._folded = len(folded)
        if store is not Exact:
            inside = {id(part) for unit in folded for part in layers_inside(unit)}
            for layer in layers_inside(model):
                if isinstance(layer, Convolution) and id(layer) not in inside:
                    self._replace(layer, store(_float64(layer.kernel), layer.compute_dtype))
                    self.replaced.add(id(layer.kernel))

    def __len__(self):
        """How many norms are folded."""
        return self._folded

    def _replace(self, layer, *stores):
        for kept in stores:
            self.variables += kept.variables
        self._stand_ins.append((layer, stores))

    @contextlib.contextmanager
    def applied(self):
        """Inside, the layers compute with the replaced weights."""
        with contextlib.ExitStack() as stack:
            for layer, stores in self._stand_ins:
                stack.enter_context(layer.computing_with(*(kept.value() for kept in stores)))
            yield


class Exact:
    """A weight kept in the type it is computed in."""

    def __init__(self, value, dtype, name="kernel"):
        self.variables = [tf.Variable(tf.cast(value, dtype), trainable=False, name=name)]

    def value(self):
        """The weight, as the convolution takes it."""
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


def _float64(variable):
    return keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32")).astype(np.float64)
