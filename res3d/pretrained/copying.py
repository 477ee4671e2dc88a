"""The weights of one model into another of the same network."""

import keras
from absl import logging

from res3d.weights.fit import motion_of, seen_as_motion

HEAD = "logits"


def copy_weights(old, new, source="the other model"):
    """Copies every weight of `old` to the weight of the same path in `new`, but for a head of another shape."""
    values = {variable.path: variable for variable in old.weights}
    if motion_of(old) is None and motion_of(new) is not None:
        values = seen_as_motion({path: keras.ops.convert_to_numpy(value) for path, value in values.items()}, new)
    wanted = {variable.path: variable for variable in new.weights}
    fits = {path for path in values.keys() & wanted.keys() if values[path].shape == wanted[path].shape}
    left = [path for path in wanted if path not in fits]
    extra = [path for path in values if path not in fits]
    if any(HEAD not in path.split("/") for path in left + extra):
        raise ValueError(f"The weights in '{source}' must be those of the same network. "
                         f"Only there: {_shapes(values, extra)}. Only here: {_shapes(wanted, left)}. "
                         "Use the recipe's model.name and options that they were trained with.")
    for path in fits:
        wanted[path].assign(keras.ops.convert_to_numpy(values[path]))  # never the very array that `old` goes on with
    if left:
        logging.info("weights from '%s'; new head: %s", source, ", ".join(left))
    else:
        logging.info("all weights from '%s'", source)
    return left


def _shapes(variables, paths):
    shown = ", ".join(f"{path} {tuple(variables[path].shape)}" for path in paths[:8])
    return (shown + (f", and {len(paths) - 8} more" if len(paths) > 8 else "")) or "nothing"
