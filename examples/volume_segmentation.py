"""Bright and dark bodies in single-channel volumes with thick slices, outlined voxel by voxel: Dice for each.

    python examples/volume_segmentation.py --output pictures

As in a CT scan the voxels are anisotropic, three times as thick as wide, so the first strides leave the slices alone:
(1, 2, 2), then 2. Brightness alone says nothing: the tissue around a body varies more than the body differs from it.
Vessels run through it all, as bright or as dark as the bodies, and count as background. The baseline is one linear
convolution that sees 5x11x11 voxels.
"""

import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np
from keras import ops

import res3d
from res3d.networks.architecture import Residual, Stem
from res3d.networks.backbone import residual_features

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SHAPE = (12, 48, 48)
THICKNESS = 3.0  # of a slice, in pixels
Z, Y, X = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
PLACES = np.stack([THICKNESS * Z, Y, X], -1).astype("float32")
SIZE = np.array(SHAPE) * (THICKNESS, 1, 1)
CLASSES = ("background", "bright", "dark")


def tissue(rng):
    """A smooth field with mean 0 and deviation 1: some waves in random directions."""
    field = sum(np.sin(PLACES @ rng.normal(0, 0.06, 3) + rng.uniform(0, 7)) for _ in range(8))
    return (field - field.mean()) / field.std()


def vessel(rng):
    """A tube of radius 1.5 to 2.5 through a random point, as a mask."""
    direction = rng.normal(size=3) * (1, 2, 2)
    direction /= np.linalg.norm(direction)
    offset = PLACES - rng.uniform(0.1, 0.9, 3) * SIZE
    return np.linalg.norm(offset - (offset @ direction)[..., None] * direction, axis=-1) < rng.uniform(1.5, 2.5)


def body(rng):
    """An ellipsoid of half axes from 4 to 9 pixels, as a mask."""
    centre = rng.uniform(0.15, 0.85, 3) * SIZE
    return (((PLACES - centre) / rng.uniform(4, 9, 3)) ** 2).sum(-1) < 1


def scans(count, seed):
    """(volumes (count, *SHAPE, 1) float32, classes (count, *SHAPE) int32)."""
    rng = np.random.default_rng(seed)
    volumes, classes = np.empty((count, *SHAPE, 1), "float32"), np.zeros((count, *SHAPE), "int32")
    for volume, labels in zip(volumes, classes):
        field = tissue(rng)
        for sign in rng.choice((-1, 1), 6):
            field[vessel(rng)] += 1.5 * sign
        for kind in rng.permutation([1, 1, 2, 2])[: rng.integers(2, 5)]:
            mask = body(rng) & (labels == 0)
            field[mask] += 1.5 if kind == 1 else -1.5
            labels[mask] = kind
        volume[..., 0] = field + 0.4 * rng.normal(size=SHAPE)
    return volumes, classes


def residual_unet():
    """A residual encoder of a form that no published row has, written as the table's rows are."""
    form = Residual(3, depths=(1, 1, 1), widths=(12, 24, 48), strides=(1, (1, 2, 2), 2),
                    convs=("spatial", "full", "full"), stem=Stem(12, (1, 3, 3), 1))
    inputs = keras.Input((*SHAPE, 1))
    encoder = keras.Model(inputs, residual_features(form, inputs, keras.config.dtype_policy()), name="encoder")
    return res3d.segmenter(encoder, len(CLASSES), conv="spatial")


def linear_model():
    inputs = keras.Input((*SHAPE, 1))
    convolution = keras.layers.Conv3D(len(CLASSES), (5, 11, 11), padding="same", kernel_initializer="zeros")
    return keras.Model(inputs, convolution(inputs))


def overlap_loss(truth, logits):
    """Cross-entropy, and how far each body's soft Dice is from 1."""
    truth = ops.one_hot(ops.cast(truth, "int32"), len(CLASSES))
    scores = ops.softmax(logits)
    entropy = -ops.mean(ops.sum(truth * ops.log_softmax(logits), axis=-1))
    both, either = ops.sum(truth * scores, axis=(0, 1, 2, 3)), ops.sum(truth + scores, axis=(0, 1, 2, 3))
    return entropy + 1 - ops.mean((2 * both[1:] + 1) / (either[1:] + 1))


def dice(truth, answer):
    """Twice what both share, over what they hold together: for each kind of body, over all volumes."""
    pairs = [(truth == kind, answer == kind) for kind in range(1, len(CLASSES))]
    return np.array([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs])


def train(model, data, epochs, rate):
    steps = epochs * (len(data[0]) // 4)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), overlap_loss)
    model.fit(*data, batch_size=4, epochs=epochs, verbose=2)
    return model


def draw(path, volume, truth, answers):
    figure, rows = plt.subplots(3, 4, figsize=(9, 7), layout="constrained")
    for axes, depth in zip(rows, (3, 6, 9)):
        axes[0].imshow(volume[depth, ..., 0], cmap="gray")
        axes[0].set_ylabel(f"slice {depth}")
        for ax, (name, labels) in zip(axes[1:], {"truth": truth, **answers}.items()):
            ax.imshow(volume[depth, ..., 0], cmap="gray")
            ax.imshow(np.ma.masked_equal(labels[depth], 0), cmap="autumn", alpha=0.6, vmin=1, vmax=2)
            ax.set_title(name if depth == 3 else "")
    for ax in rows.flat:
        ax.set(xticks=[], yticks=[])
    figure.suptitle("bright bodies red, dark ones yellow")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--train", type=int, default=120, help="volumes to train on (default: %(default)s)")
    parser.add_argument("--test", type=int, default=20, help="volumes to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=6, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    data, (volumes, truth) = scans(args.train, 1), scans(args.test, 2)
    answers = {}
    for name, model, rate in (("residual U-Net", residual_unet(), 5e-3), ("linear", linear_model(), 2e-3)):
        answers[name] = train(model, data, args.epochs, rate).predict(volumes, batch_size=4, verbose=0).argmax(-1)
    scores = {name: dice(truth, answer) for name, answer in answers.items()}
    for kind, ours, theirs in zip(CLASSES[1:], *scores.values()):
        print(f"{kind:<8} Dice {ours:.3f}   linear {theirs:.3f}")
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "volume_segmentation.png", volumes[0], truth[0], {name: answers[name][0] for name in answers})
    ours, theirs = (found.mean() for found in scores.values())
    print(f"result: volume_segmentation mean Dice {ours:.3f}, linear convolution {theirs:.3f}")


if __name__ == "__main__":
    main()
