"""A functional Keras model run on one clip whose frames stand on the batch axis, layer by layer."""

from typing import Any

import keras

from res3d.four_axes.table import rule
from res3d.private_keras import layers_inside, producer


class _Run:
    """Runs a layer on frames; `rank` is 3 where Keras sees clips, and 2 where it sees pictures."""

    def __init__(self, rank: int) -> None:
        self.rank = rank

    def __call__(self, layer, x):
        return _known(layer)(layer, x, self)


def run_on_frames(model: keras.Model, frames: Any) -> Any:
    """What a model answers for one clip, without a tensor of more than four axes on the way.

    Args:
        model: functional Keras model of one input, clips `(batch, frames, height, width, channels)`, made of layers of
            the family.
        frames: (frames, height, width, channels), one such clip, in the dtype that the model takes.

    Returns: (1, classes), equal to `model(frames[None])[0]` up to the order of sums.

    Raises:
        ValueError: for a layer that there is no rule for, by its name.

    >>> from res3d.networks.network import build
    >>> from res3d.geometry import ClipSpec
    >>> model = build("r3d_10", 5, ClipSpec(frames=4, height=32, width=32), width=0.125)
    >>> run_on_frames(model, keras.ops.zeros((4, 32, 32, 3), "uint8")).shape
    TensorShape([1, 5])
    """
    made = {id(model.inputs[0]): frames}

    def value(tensor):
        if id(tensor) not in made:
            layer, inputs, _ = producer(tensor)
            if isinstance(layer, keras.layers.InputLayer):  # of the model, by another reference
                return frames
            values = [value(source) for source in inputs]
            rank = len(inputs[0].shape) - 2
            several = isinstance(layer, keras.layers.Concatenate)
            made[id(tensor)] = _Run(rank)(layer, values if several else values[0])
        return made[id(tensor)]

    return value(model.outputs[0])


def without_rule(model: keras.Model) -> str | None:
    """The name of the first layer that cannot be run on frames, or None where all can.

    >>> clips = keras.Input((4, 32, 32, 3))
    >>> without_rule(keras.Model(clips, keras.layers.Conv3D(3, 1, name="odd")(clips)))
    'odd'
    """
    for layer in layers_inside(model, include_self=False):
        if not isinstance(layer, keras.layers.InputLayer) and rule(layer) is None:
            return layer.name
    return None


def _known(layer):
    found = rule(layer)
    if found is None:
        raise ValueError("A network in four axes is made of layers of the family. Received: layer "
                         f"'{layer.name}' ({type(layer).__name__}). Export it with five axes.")
    return found
