"""Where a network looks: Grad-CAM over space and time, on any backend and for every network of the family."""

import contextlib
import itertools
import re

import keras
import numpy as np
from keras import ops

from res3d.private_keras import layers_inside, producer


class GradCam:
    """Heat maps of one network.

    The gradient of a class's logit with respect to the last feature maps is read off a step of gradient descent: zeros
    are added to the maps, and what one step of rate 1 makes of these zeros is the gradient. So it needs nothing of the
    backend but training.

    Args:
        model: a functional network of the family, or a chain of layers that begins with one.

    Of two pathways, each counts by what it gives to the logit.

    Reference: Selvaraju et al., 2017 (arXiv 1610.02391), summed over time as well as space.
    """

    def __init__(self, model: keras.Model) -> None:
        model = flattened(model)
        layers = last_stages(model)
        outputs = [layer.output for layer in layers]
        self.features = keras.Model(model.input, outputs)
        if keras.backend.backend() != "jax":
            self.features.jit_compile = False
        self.head = keras.Model(outputs, model.output)
        self.tail: HeadWithAddends | None = None

    def __call__(self, clip: np.ndarray, label: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The heat map of one clip.

        Args:
            clip: uint8 `(frames, height, width, channels)`.
            label: int or None. The class to explain; None is the network's answer.

        Returns:
            (heat, logits): float32 `(frames, height, width)` from 0 to 1, and `(classes,)`.
        """
        clip = np.asarray(clip)
        maps = self.features.predict_on_batch(clip[None])
        maps = [np.asarray(values, "float32") for values in (maps if isinstance(maps, list) else [maps])]
        if self.tail is None or [y.shape for y in maps] != [tuple(addend.shape) for addend in self.tail.addends]:
            self.tail = HeadWithAddends(self.head, maps)
            self.tail.compile(keras.optimizers.SGD(1.0), loss=_minus_chosen, jit_compile=False)
        self.tail.reset()
        logits = np.asarray(ops.convert_to_numpy(self.tail(maps)), "float32")[0]
        label = int(logits.argmax()) if label is None else int(label)
        if not 0 <= label < len(logits):
            raise ValueError(f"`label` must be from 0 to {len(logits) - 1}. Received: label={label}.")
        with frozen(self.head):
            self.tail.train_on_batch(maps, np.eye(len(logits), dtype="float32")[[label]])
        heat = np.zeros(clip.shape[:3], "float32")
        for values, gradient in zip(maps, self.tail.gradients()):
            values, gradient = _time_first(values), _time_first(gradient)
            weights = gradient.sum(axis=(0, 1, 2))  # not the mean, which would make less of a pathway of more frames
            heat += stretch(np.maximum(values @ weights, 0.0), clip.shape[:3])
        return heat / max(float(heat.max()), 1e-12), logits


def grad_cam(model: keras.Model, clip: np.ndarray, label: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`GradCam(model)(clip, label)`; keep a `GradCam` for more than one clip."""
    return GradCam(model)(clip, label)


def overlay(frames: np.ndarray, heat: np.ndarray, opacity: float = 0.5) -> np.ndarray:
    """Frames with a heat map on them, from clear through yellow to red.

    Args:
        frames: uint8 `(frames, height, width, 3)`.
        heat: floats from 0 to 1, `(frames, h, w)`, stretched over them.
        opacity: float. Of the hottest place.

    Returns:
        uint8, as `frames`.
    """
    frames = np.asarray(frames)
    heat = np.clip(stretch(np.asarray(heat, "float32"), frames.shape[:3]), 0.0, 1.0)[..., None]
    color = np.concatenate([np.full_like(heat, 255.0), 255.0 * (1.0 - heat), np.zeros_like(heat)], axis=-1)
    share = opacity * np.minimum(2.0 * heat, 1.0)
    return np.rint(frames * (1.0 - share) + color * share).astype("uint8")


def flattened(model):
    """A network of the family and the layers after it, however deep in chains, as one; other models as they are.

    >>> from res3d.networks import build
    >>> network = build("resnet_10", None, input_shape=(32, 32, 3), width=0.125)
    >>> model = keras.Sequential([keras.Sequential([network]), keras.layers.Dense(2, name="dense")])
    >>> [layer.name for layer in flattened(model).layers[-2:]]
    ['head_pool', 'dense']
    """
    chain = [] if _is_network(model) else _chain(model) or []
    if not chain or not _is_network(chain[0]):
        return model
    network, *after = chain
    x = network.output
    for layer in after:
        x = layer(x)
    return keras.Model(network.input, x, name=model.name)


def _is_network(layer):
    return isinstance(layer, keras.Model) and any(_stage(part) for part in layer.layers)


def _chain(model):
    """What a model runs one after the other, the chains in it unrolled; None where it branches."""
    if isinstance(model, keras.Sequential):
        found = model.layers
    elif len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    else:
        found, tensor = [], model.outputs[0]
        while tensor is not model.inputs[0]:
            operation, inputs, _ = producer(tensor)
            if len(inputs) != 1:
                return None
            found, tensor = [operation, *found], inputs[0]
    parts = [(_chain(layer) or [layer]) if isinstance(layer, keras.Model) and not _is_network(layer) else [layer]
             for layer in found]
    return list(itertools.chain.from_iterable(parts))


def _stage(layer):
    """The number of a stage, or None."""
    match = re.fullmatch(r"(?:slow_|fast_)?stage(\d+)", layer.name)
    return match and int(match[1])


def last_stages(model):
    """The layers whose outputs the head pools: the last stage, of both pathways where there are two."""
    stages = [(number, layer) for layer in model.layers if (number := _stage(layer))]
    if not stages:
        raise ValueError("A network to explain must have layers called stage1, stage2, ... Received: "
                         f"'{model.name}' with {', '.join(layer.name for layer in model.layers)}.")
    last = max(number for number, _ in stages)
    return [layer for number, layer in stages if number == last]


def stretch(volume, shape):
    """Linear interpolation of `(t, h, w)` to `shape`, cell centres matched, edges repeated.

    >>> stretch(np.array([[[0.0, 1.0]]]), (1, 1, 4))[0, 0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    for axis, size in enumerate(shape):
        have = volume.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * have / size - 0.5, 0, have - 1)
        low = np.floor(places).astype(int)
        part = (places - low).reshape([-1 if i == axis else 1 for i in range(3)])
        high = np.minimum(low + 1, have - 1)
        volume = np.take(volume, low, axis) * (1 - part) + np.take(volume, high, axis) * part
    return volume


@contextlib.contextmanager
def frozen(model):
    """Nothing of `model` can be trained inside the `with`; each layer, which others may share, is as before after."""
    before = [(layer, layer.trainable) for layer in layers_inside(model)]  # each before those inside it
    model.trainable = False
    try:
        yield
    finally:
        for layer, trainable in before:
            layer.trainable = trainable


class HeadWithAddends(keras.Model):
    """The head of a network, with addends for its inputs; while the head is `frozen` these alone can be trained."""

    def __init__(self, head, maps):
        super().__init__()
        self.head = head
        self.addends = [self.add_weight(values.shape, "zeros", dtype="float32", name=f"addend{i}")
                        for i, values in enumerate(maps)]
        self.built = True

    def reset(self):
        """Takes back what steps have made of the zeros."""
        for addend in self.addends:
            addend.assign(ops.zeros(addend.shape))

    def gradients(self):
        """What a step of descent on minus a logit has made of the zeros: the logit's gradient."""
        return [np.asarray(ops.convert_to_numpy(addend.value)) for addend in self.addends]

    def call(self, maps, training=None):
        maps = maps if isinstance(maps, list | tuple) else [maps]
        moved = [ops.cast(x, "float32") + addend for x, addend in zip(maps, self.addends)]
        return self.head(moved if len(moved) > 1 else moved[0], training=False)


def _minus_chosen(chosen, logits):
    return -ops.sum(ops.cast(logits, "float32") * chosen, axis=-1)


def _time_first(values):
    """`(1, t, h, w, c)`, or `(t, h, w, c)` of a network that sees frames, as `(t, h, w, c)`."""
    return values[0] if values.ndim == 5 else values
