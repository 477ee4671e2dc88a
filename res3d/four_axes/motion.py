"""`MotionChannels` of a clip whose frames stand on the batch axis."""

from keras import ops


def motion_channels(layer, x, run):
    count = x.shape[-1]
    gray = ops.sum(x * layer.gray_weights(count), axis=-1, keepdims=True)
    motion = {"difference": lambda: _steps(gray), "color_difference": lambda: _steps(x / layer.level(count)),
              "background": lambda: gray - ops.mean(gray, axis=0, keepdims=True)}
    shown = [x if name == "color" else layer.even(motion[name](), (0, 1, 2, 3)) for name in layer.channels]
    return ops.concatenate(shown, axis=-1)


def _steps(x):
    steps = x[1:] - x[:-1]
    return ops.concatenate([steps[:1], steps], axis=0)
