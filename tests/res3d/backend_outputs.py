"""Run in a process of its own under another KERAS_BACKEND: the same weights, the same clips, what comes out.

Usage: KERAS_BACKEND=jax python backend_outputs.py FOLDER. FOLDER holds `NAME.npz`, the weights of each tiny network;
its logits are written beside it, and for depthwise and grouped convolutions values and gradients.
"""

import pathlib
import sys

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from catalogue import pixels, tiny

from res3d import depthwise


def convolution_inputs():
    """(name, x, kernel, strides, groups, pads) of a depthwise and a grouped case."""
    rng = np.random.default_rng(0)
    for name, groups, inner, strides in (("depthwise", 4, 1, (1, 1, 1)), ("strided", 4, 1, (2, 2, 2)),
                                         ("grouped", 2, 2, (1, 2, 2))):
        yield (name, rng.normal(size=(1, 4, 6, 6, 4)).astype("float32"),
               rng.normal(size=(3, 3, 3, inner, 8)).astype("float32") / 5, strides, groups, ((1, 1),) * 3)


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
    """Each case in the layer's own form, by its definition, and (depthwise) as the sum over temporal taps."""
    results = {}
    for name, x, kernel, strides, groups, pads in convolution_inputs():
        def definition(x, w, strides=strides, pads=pads):
            return keras.ops.conv(keras.ops.pad(x, ((0, 0), *pads, (0, 0))), w, strides, "valid")

        def form(x, w, strides=strides, groups=groups, pads=pads):
            return depthwise.grouped_convolution(x, w, strides, groups, pads)

        def taps(x, w, strides=strides, groups=groups, pads=pads):
            return depthwise.over_taps(x, w, strides, groups, pads)

        forms = {"form": form, "definition": definition, **({} if name == "grouped" else {"taps": taps})}
        for key, function in forms.items():
            for what, value in zip(("y", "dx", "dw"), value_and_gradients(function, x, kernel)):
                results[f"{name}/{key}/{what}"] = value
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
    np.savez(folder / f"convolutions.{backend}.npz", **convolutions())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
