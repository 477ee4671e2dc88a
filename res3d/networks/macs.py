"""Counting what a network costs: parameters, and multiplications of its convolutions and dense layers."""

import math

import keras

from res3d.layers.conv import Conv
from res3d.layers.temporal_shift import FoldFrames, UnfoldFrames
from res3d.private_keras import layers_inside


def count_parameters(model: keras.Model) -> tuple[int, int]:
    """(trainable, moving) of a `model`: weights that training changes, and batch norm's moving statistics.

    >>> inputs = keras.Input((8, 8, 3))
    >>> norm = keras.layers.BatchNormalization()
    >>> count_parameters(keras.Model(inputs, norm(inputs)))
    (6, 6)
    """
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    moving = sum(math.prod(weight.shape) for weight in model.non_trainable_weights if "/moving_" in weight.path)
    return trainable, moving


def count_macs(model: keras.Model) -> int:
    """Multiplications, each with its addition, of convolutions and dense layers for one sample.

    Exact for the size the model was built with: output positions times kernel entries. Norms, activations, pools and
    the products inside non-local blocks are left out, as published figures of convolutional networks leave them out.

    Args:
        model: functional model from `res3d.build`.

    Returns: int.

    Raises:
        ValueError: if a size is unknown, as with `input_shape=(None, None, None, 3)`.

    >>> inputs = keras.Input((4, 8, 8, 3))
    >>> count_macs(keras.Model(inputs, Conv(5, (1, 3, 3), rank=3, strides=(1, 2, 2))(inputs)))  # 4*4*4 * 9*3*5
    8640
    """
    total, frames = 0, 1
    for layer in model.layers:
        if isinstance(layer, FoldFrames):
            frames = layer.input.shape[1]
        elif isinstance(layer, UnfoldFrames):
            frames = 1
        total += frames * sum(_macs(part) for part in layers_inside(layer))
    return total


def _macs(layer):
    if not isinstance(layer, Conv | keras.layers.Dense):
        return 0
    shape = layer.get_build_config()["input_shape"]
    positions = layer.compute_output_shape(shape)[1:-1] if isinstance(layer, Conv) else shape[1:-1]
    if None in positions:
        raise ValueError("Counting needs every size. "
                         f"Received: '{layer.path}' built for {tuple(shape)}. Build the model with a clip.")
    return math.prod(positions) * math.prod(layer.kernel.shape)
