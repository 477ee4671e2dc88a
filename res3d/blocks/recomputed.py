"""Blocks that keep their input alone for the backward pass and compute what lies in them again: less memory, more time.

Reference: Chen et al., 2016 (arXiv 1604.06174). `keras.remat` repeats whatever a layer does, and a batch norm would
move its averages twice; here the repetition is a function of numbers alone.
"""

import keras
from keras import ops

from res3d.private_keras import layers_inside


def recomputed(block, x):
    """`block(x, training=True)`: equal values, gradients and moving averages.

    A block with random states, such as one with dropout, would draw others the second time, and is run as it is.

    Args:
        block: a layer with a flag `repeating`, which it is called with set, and which has weights already.
        x: tensor of floats.

    Returns: what the block returns.
    """
    trained, others = block.trainable_variables, block.non_trainable_variables
    if any("float" not in keras.backend.standardize_dtype(variable.dtype) for variable in others):
        return _repeated(block, x)
    fixed = [ops.convert_to_tensor(variable) for variable in others]
    moved = []

    def values(x, *weights):
        pairs = [*zip(trained, weights), *zip(others, fixed)]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            y = _repeated(block, x)
        now = [scope.get_current_value(variable) for variable in others]
        moved[:] = [number for number, (new, old) in enumerate(zip(now, fixed)) if new is not old]
        return y, *(ops.stop_gradient(ops.convert_to_tensor(now[number])) for number in moved)

    y, *averages = keras.remat(values)(x, *map(ops.convert_to_tensor, trained))
    for number, average in zip(moved, averages):
        others[number].assign(average)
    return y


def recompute_blocks(model: keras.Model, asked: bool = True) -> int:
    """Has the residual blocks of a model compute again what the backward pass needs, or keep it; how many they are.

    It is a matter of training: what is saved of a model does not hold it.

    >>> from res3d.networks.network import build
    >>> recompute_blocks(build("r3d_10", 3, width=0.125))
    4
    """
    blocks = [layer for layer in layers_inside(model) if hasattr(layer, "recompute")]
    for block in blocks:
        block.recompute = asked
    return len(blocks)


def _repeated(block, x):
    block.repeating = True
    try:
        return block(x, training=True)  # as a layer, so that those inside know that they train
    finally:
        block.repeating = False
