"""Run in a process of its own under another KERAS_BACKEND: the same weights, the same clips, what comes out.

Usage: KERAS_BACKEND=jax python -m tests.res3d.backend_outputs FOLDER. FOLDER holds `NAME.npz`, the weights of each
tiny network; its logits are written beside it, what each head says, and values and gradients of convolutions in each of
their forms.
"""

import pathlib
import sys

import keras
import numpy as np

from res3d.layers.backends import depthwise, taps
from res3d.layers.conv import Conv
from tests.res3d.catalogue import HEADS, pixels, stir, tiny

CASES = (  # name, groups, kernel, strides
    ("depthwise", 4, (3, 3, 3), (1, 1, 1)),
    ("depthwise_strided", 4, (3, 3, 3), (2, 2, 2)),
    ("depthwise_in_space", 4, (3, 3, 3), (1, 2, 2)),
    ("depthwise_in_time", 4, (5, 1, 1), (2, 1, 1)),
    ("grouped", 2, (3, 3, 3), (1, 2, 2)),
    ("full", 1, (3, 3, 3), (1, 1, 1)),
    ("full_strided", 1, (3, 3, 3), (2, 2, 2)),
    ("stem", 1, (5, 7, 7), (1, 2, 2)),
    ("spatial", 1, (1, 3, 3), (1, 2, 2)),
    ("temporal", 1, (3, 1, 1), (2, 1, 1)),
    ("pointwise", 1, (1, 1, 1), (2, 2, 2)),
)


def convolution_inputs():
    """(name, x, kernel, strides, groups, pads) of depthwise, grouped, full, spatial, temporal and pointwise cases."""
    rng = np.random.default_rng(0)
    for name, groups, size, strides in CASES:
        yield (name, rng.normal(size=(2, 4, 7, 6, 4)).astype("float32"),
               rng.normal(size=(*size, 4 // groups, 8)).astype("float32") / 5, strides, groups,
               tuple((n // 2, n // 2) for n in size))


def value_and_gradients(function, x, kernel):
    """[y, dx, dkernel] of sum(y**2) on whichever backend runs."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        loss = jax.grad(lambda x, w: (function(x, w)**2).sum(), (0, 1))
        return [np.asarray(a) for a in (function(x, kernel), *loss(x, kernel))]
    if backend == "torch":
        import torch

        x, kernel = (torch.tensor(a, requires_grad=True) for a in (x, kernel))
        y = function(x, kernel)
        (y**2).sum().backward()
        return [a.detach().numpy() for a in (y, x.grad, kernel.grad)]
    import tensorflow as tf

    x, kernel = tf.Variable(x), tf.Variable(kernel)
    with tf.GradientTape() as tape:
        y = function(x.value(), kernel.value())
        loss = tf.reduce_sum(y**2)
    return [a.numpy() for a in (y, *tape.gradient(loss, [x, kernel]))]


def convolutions():
    """Each case as the layer computes it, by its definition, and (but grouped) as the sum over temporal taps."""
    results = {}
    for name, x, kernel, strides, groups, pads in convolution_inputs():
        def definition(x, w, strides=strides, pads=pads):
            return keras.ops.conv(keras.ops.pad(x, ((0, 0), *pads, (0, 0))), w, strides, "valid")

        layer = Conv(kernel.shape[-1], kernel.shape[:3], strides, rank=3, groups=groups)

        def form(x, w, layer=layer):
            return layer.convolve(x, w, None)

        def by_taps(x, w, strides=strides, groups=groups, pads=pads):
            if groups > 1:
                return depthwise.depthwise_3d(x, w, strides, pads, groups)
            return taps.over_taps(x, w, strides, pads, taps.convolution_2d)

        forms = {"form": form, "definition": definition, **({} if name == "grouped" else {"taps": by_taps})}
        for key, function in forms.items():
            for what, value in zip(("y", "dx", "dw"), value_and_gradients(function, x, kernel)):
                results[f"{name}/{key}/{what}"] = value
    return results


def heads():
    """What each head of the catalogue says, map by map."""
    results = {}
    for name, (make, shapes) in HEADS.items():
        rng, several = np.random.default_rng(0), isinstance(shapes, list)
        x = [rng.normal(size=(2, *shape)).astype("float32") for shape in (shapes if several else [shapes])]
        layer = make()
        layer.build([part.shape for part in x] if several else x[0].shape)
        y = stir(layer)(x if several else x[0])
        for level, part in enumerate(y if isinstance(y, list) else [y]):
            results[f"{name}/{level}"] = keras.ops.convert_to_numpy(part)
    return results


def logits(model, x):
    """What `model` says of clips `x`, compiled as one where eager operations would be compiled one by one."""
    if keras.backend.backend() != "jax":
        return model(x, training=False)
    import jax

    state = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
    return jax.jit(lambda x, state: model.stateless_call(*state, x, training=False)[0])(x, state)


def main(folder):
    backend = keras.backend.backend()
    for path in sorted(folder.glob("*.npz")):
        name = path.stem
        if "." in name:
            continue
        model = tiny(name)
        weights = np.load(path)
        model.set_weights([weights[key] for key in weights.files])
        np.save(folder / f"{name}.{backend}.npy", keras.ops.convert_to_numpy(logits(model, pixels(2))))
    np.savez(folder / f"heads.{backend}.npz", **heads())
    np.savez(folder / f"convolutions.{backend}.npz", **convolutions())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
