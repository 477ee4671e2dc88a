"""`MotionChannels` of a clip whose frames stand on the batch axis."""

import numpy as np
from keras import ops

from res3d.networks.motion import GRAY


def motion_channels(layer, x, run):
    count = x.shape[-1]
    weights = np.array(GRAY.get(count, (1 / count,) * count), "float32")
    levels = x / np.broadcast_to(np.array(layer.scale, "float32"), (count,))
    gray = ops.sum(levels * weights[:: -1 if layer.channel_order == "BGR" else 1], axis=-1, keepdims=True)
    motion = {"difference": lambda: _steps(gray), "color_difference": lambda: _steps(levels),
              "background": lambda: gray - ops.mean(gray, axis=0, keepdims=True)}
    return ops.concatenate([x if name == "color" else _even(layer, motion[name]()) for name in layer.channels], axis=-1)


def _steps(x):
    steps = x[1:] - x[:-1]
    return ops.concatenate([steps[:1], steps], axis=0)


def _even(layer, motion):
    """Motion in units of its own size in the clip."""
    size = ops.sqrt(ops.maximum(ops.mean(ops.square(motion)), 1e-12)) + layer.floor
    return ops.clip(motion / size, -layer.limit, layer.limit)
