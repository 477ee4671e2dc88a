"""The degradation problem and its cure: plain against residual networks at two depths, the same training for all four.

    python benchmarks/degradation.py --output degradation.png

A deeper plain network fits its training set worse than a shallower one; with shortcuts it does not (He et al., 2015).
The task is made, not loaded: 16x16 pictures of gratings whose angle is the class, under noise. Each network sees the
same batches from the same seed. Prints the training loss at the end, writes the curves.
"""

import argparse
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import keras
import matplotlib
import numpy as np

import res3d

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CLASSES, SIDE = 8, 16


def gratings(count, seed):
    """(pictures, classes): waves at one of eight angles, random phase, wavelength and noise."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, count)
    y, x = np.mgrid[:SIDE, :SIDE]
    angle = (classes * np.pi / CLASSES)[:, None, None]
    across = x * np.cos(angle) + y * np.sin(angle)
    wave = np.sin(across * rng.uniform(0.8, 1.4, (count, 1, 1)) + rng.uniform(0, 2 * np.pi, (count, 1, 1)))
    pictures = wave[..., None] + rng.normal(size=(count, SIDE, SIDE, 3))
    return pictures.astype("float32"), classes.astype("int32")


def train(depth, shortcut, args):
    """Smoothed training loss of each step."""
    keras.utils.set_random_seed(args.seed)
    model = res3d.build(f"cifar_resnet_{depth}", CLASSES, input_shape=(SIDE, SIDE, 3), width=0.5, shortcut=shortcut)
    model.compile(keras.optimizers.SGD(args.rate, 0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses, mean = [], None
    for step in range(args.steps):
        pictures, classes = gratings(args.batch, (args.seed, step))
        loss = float(model.train_on_batch(pictures, classes))
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
        losses.append(mean)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", type=lambda text: [int(n) for n in text.split(",")], default=[20, 56])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="degradation.png", help="where the plot goes")
    args = parser.parse_args()
    figure, axes = plt.subplots(figsize=(6, 4))
    print(f"{'network':<14}{'layers':>7}{'training loss':>15}{'seconds':>9}")
    for name, shortcut, style in (("plain", "none", "--"), ("residual", None, "-")):
        for depth, color in zip(args.depths, ("tab:blue", "tab:red", "tab:green")):
            start = time.perf_counter()
            losses = train(depth, shortcut, args)
            print(f"{name:<14}{depth:>7}{losses[-1]:>15.3f}{time.perf_counter() - start:>9.0f}", flush=True)
            axes.plot(losses, style, color=color, label=f"{name}, {depth} layers")
    axes.set(xlabel="step", ylabel="training loss", yscale="log", title="Same training, with and without shortcuts")
    axes.legend()
    figure.tight_layout()
    figure.savefig(args.output, dpi=120)
    print(f"curves: {args.output}")


if __name__ == "__main__":
    main()
