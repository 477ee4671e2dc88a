"""The degradation problem and its cure: plain against residual networks at growing depth, up to a thousand layers.

    python examples/degradation.py --output pictures

A plain network of forty layers fits its own training data far worse than one of ten; with shortcuts almost as well (He
et al., 2015, arXiv 1512.03385). Pre-activated, even a network of a thousand layers learns (He et al., 2016, arXiv
1603.05027): it takes a few steps on one batch here, and its loss falls. The pictures are gratings under noise whose
angle is the class; their phase is random, so that a linear model learns little.
"""

import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

import res3d

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CLASSES, SIDE = 6, 12


def gratings(count, seed):
    """(pictures (count, 12, 12, 1) float32, classes): waves at one of six angles, random in phase and wavelength."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, count)
    y, x = np.mgrid[:SIDE, :SIDE]
    angle = (classes * np.pi / CLASSES)[:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 1))
    waves = np.sin((x * np.cos(angle) + y * np.sin(angle)) * rng.uniform(0.8, 1.3, (count, 1, 1)) + phase)
    return (waves + 0.5 * rng.normal(size=waves.shape))[..., None].astype("float32"), classes


def network(depth, shortcut=None):
    """A pre-activated network for small pictures; shortcut="none" makes it plain and changes nothing else."""
    return res3d.build(f"wrn_{depth}_1", CLASSES, input_shape=(SIDE, SIDE, 1), width=0.5, shortcut=shortcut)


def linear_model():
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])


def train(model, steps, rate=0.05, one_batch=False):
    """The training loss of each step, smoothed but for a single batch seen again and again."""
    # A graph of a thousand layers takes minutes to trace; layer by layer its few steps are done sooner.
    model.compile(keras.optimizers.SGD(rate, 0.9, clipnorm=1.0), run_eagerly=one_batch,
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = []
    for step in range(steps):
        loss = float(model.train_on_batch(*gratings(32, 0 if one_batch else (1, step))))
        losses.append(loss if one_batch or not losses else 0.95 * losses[-1] + 0.05 * loss)
    return losses


def accuracy(model):
    pictures, classes = gratings(1000, 2)
    return float(np.mean(model.predict(pictures, verbose=0).argmax(-1) == classes))


def draw(path, curves, deep, depth):
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, curve in curves.items():
        left.plot(curve, "--" if name.startswith("plain") else "-", label=name)
    left.set(xlabel="step", ylabel="training loss", title="the same training for all")
    left.legend()
    right.plot(np.arange(1, len(deep) + 1), deep, "o-")
    right.set(xlabel="step on one batch", ylabel="training loss", title=f"residual, {depth} layers")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--depths", type=int, nargs=2, default=[10, 40], help="6n + 4 layers (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=200, help="of these networks (default: %(default)s)")
    parser.add_argument("--deepest", type=int, default=1000, help="6n + 4 layers (default: %(default)s)")
    parser.add_argument("--deep_steps", type=int, default=8, help="of the deepest one (default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    curves, right = {}, {}
    for kind, shortcut in (("plain", "none"), ("residual", None)):
        for depth in args.depths:
            name, model = f"{kind}, {depth} layers", network(depth, shortcut)
            curves[name], right[name] = train(model, args.steps), accuracy(model)
            print(f"{name:<20} training loss {curves[name][-1]:.3f}   accuracy {right[name]:.3f}", flush=True)
    model = linear_model()
    curves["linear"], right["linear"] = train(model, args.steps), accuracy(model)
    print(f"{'linear':<20} training loss {curves['linear'][-1]:.3f}   accuracy {right['linear']:.3f}")
    deep = train(network(args.deepest), args.deep_steps, one_batch=True)
    print(f"residual, {args.deepest} layers: loss {deep[0]:.3f} -> {deep[-1]:.3f} after {len(deep) - 1} steps")
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "degradation.png", curves, deep, args.deepest)
    deeper = args.depths[-1]
    print(f"result: degradation accuracy at {deeper} layers {right[f'residual, {deeper} layers']:.3f}, "
          f"plain {right[f'plain, {deeper} layers']:.3f}")


if __name__ == "__main__":
    main()
