"""Arrays made to fit a network's weights: dimensions of one dropped, 2D kernels inflated, a lost norm folded in."""

import re

import numpy as np

from res3d.networks.motion import MotionChannels

STEM = re.compile(r"(slow_|fast_)?stem/")
INFLATIONS = ("centre", "mean")


def fit(array, shape, inflate=None):
    """`array` as a weight of `shape`, or None when it cannot be.

    Dimensions of one come and go (a 1x1x1 convolution is a dense layer). With `inflate`, a kernel without time fits one
    with it: "centre" puts it at the middle tap, "mean" spreads it evenly over all taps.

    >>> fit(np.ones((1, 1, 1, 4, 8)), (4, 8)).shape
    (4, 8)
    >>> fit(np.ones((3, 3, 4, 8)), (5, 3, 3, 4, 8), "mean")[:, 0, 0, 0, 0].tolist()
    [0.2, 0.2, 0.2, 0.2, 0.2]
    """
    if array.shape == shape:
        return array
    if inflate and array.ndim == len(shape) - 1 == 4 and array.shape == shape[1:]:
        return spread(array, shape[0], inflate)
    if [n for n in array.shape if n != 1] == [n for n in shape if n != 1] and not (array.ndim == 4 and len(shape) == 5):
        return array.reshape(shape)
    return None


def spread(kernel, frames, inflate):
    """A 2D kernel over `frames` taps in time."""
    taps = np.full(frames, 1 / frames) if inflate == "mean" else np.eye(frames)[frames // 2]
    return (taps[:, None, None, None, None] * kernel[None]).astype(kernel.dtype)


def seen_as_motion(arrays, model):
    """`arrays` of a network that was trained on pixels, for one that sees motion: the first kernels are remade.

    Returns `arrays` themselves where `model` sees pixels.
    """
    layer = motion_of(model)
    if layer is None:
        return arrays
    first = {path.split("/")[0]: path for path in reversed([weight.path for weight in model.weights])
             if STEM.match(path) and path.endswith("/kernel")}
    return {**arrays, **{path: layer.kernel_from(arrays[path]) for path in first.values() if path in arrays}}


def motion_of(model):
    """The `MotionChannels` of a model, or None."""
    return next((layer for layer in model.layers if isinstance(layer, MotionChannels)), None)


def fold_shortcut_norms(arrays, wanted, epsilon=1e-5):
    """Folds norms of projections into their neighbours where the network has none; returns the paths folded.

    PySlowFast's X3D normalises every projection, the published layout only those that widen. The norm is scale * x +
    shift: the scale goes into the projection's kernel, the shift into the last norm of the branch that is added to it.
    """
    folded = []
    for path in [path for path in arrays if path.endswith("/shortcut/norm/gamma") and path not in wanted]:
        block = path.removesuffix("/shortcut/norm/gamma")
        norm = {name: arrays[f"{block}/shortcut/norm/{name}"].astype(np.float64)
                for name in ("gamma", "beta", "moving_mean", "moving_variance")}
        last = f"{block}/conv_c/norm/beta"
        if f"{block}/shortcut/conv/kernel" not in arrays or last not in arrays:
            continue
        scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + epsilon)
        kernel = f"{block}/shortcut/conv/kernel"
        arrays[kernel] = (arrays[kernel] * scale).astype(np.float32)
        arrays[last] = (arrays[last] + norm["beta"] - scale * norm["moving_mean"]).astype(np.float32)
        for name in norm:
            folded.append(f"{block}/shortcut/norm/{name}")
            del arrays[folded[-1]]
    return folded
