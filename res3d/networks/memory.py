"""How much memory a clip takes in a network, estimated from the sizes of what its layers give."""

import math

import keras

from res3d.layers.conv import Conv
from res3d.layers.temporal_shift import FoldFrames, UnfoldFrames
from res3d.networks.network import build
from res3d.private_keras import layers_inside


def clip_memory(model: keras.Model) -> tuple[int, int]:
    """(training, forward): bytes that one clip more in a batch takes, about.

    For a backward pass what every convolution gives is kept three times, as it is, after its norm and after its
    activation, and on the way back the largest twice again, with its gradient. Forward alone, two of the largest are
    there at once. An estimate: scratch space of a backend comes on top, and weights, which do not depend on the batch,
    are left out. `benchmarks/memory.py` has it beside what processes take.

    Args:
        model: functional model from `res3d.build`.

    Raises:
        ValueError: if a size is unknown, as with `input_shape=(None, None, None, 3)`.

    >>> inputs = keras.Input((4, 8, 8, 3))
    >>> clip_memory(keras.Model(inputs, Conv(5, (1, 3, 3), rank=3)(inputs)))  # 4*8*8 places, 5 floats each
    (25600, 10240)
    """
    sizes, frames = [], 1
    for layer in model.layers:
        if isinstance(layer, FoldFrames):
            frames = layer.input.shape[1]
        elif isinstance(layer, UnfoldFrames):
            frames = 1
        sizes += [frames * _bytes(part) for part in layers_inside(layer) if isinstance(part, Conv)]
    largest = max(sizes, default=0)
    return 3 * sum(sizes) + 2 * largest, 2 * largest


def with_memory(row):
    """A row of `res3d models` with what a clip takes, in MB: `training_mb`, `forward_mb`."""
    training, forward = clip_memory(build(row["name"], row["classes"]))
    return row | {"training_mb": round(training / 1e6, 1), "forward_mb": round(forward / 1e6, 1)}


def _bytes(layer):
    shape = layer.compute_output_shape(layer.get_build_config()["input_shape"])[1:]
    if None in shape:
        raise ValueError("An estimate of memory needs every size. "
                         f"Received: '{layer.path}' that gives {tuple(shape)}. Build the model with a clip.")
    return math.prod(shape) * (2 if layer.compute_dtype in ("float16", "bfloat16") else 4)
