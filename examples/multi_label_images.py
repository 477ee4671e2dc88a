"""Fourteen findings in single-channel pictures, several at once and some rare: AUC for each.

    python examples/multi_label_images.py --output pictures

A picture looks like a radiograph at arm's length: two lung fields, ribs, noise, an exposure of its own. Findings are
small and lie anywhere in the lungs; the commonest is in a quarter of the pictures, the rarest in one of forty. None
changes the mean brightness. The head looks for each finding at every place and takes a soft maximum.
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

SIDE = 64
Y, X = np.mgrid[:SIDE, :SIDE].astype("float32")


def disc(y, x, radius):
    return 1 / (1 + np.exp(np.clip(3 * (np.hypot(y, x) - radius), -30, 30)))


def line(distance, along, length=8.0, width=1.0):
    return np.exp(-((distance / width) ** 2)) * (np.abs(along) < length)


FINDINGS = {  # a pattern around (0, 0), and how often it is seen
    "nodule": (lambda y, x: disc(y, x, 4), 0.25),
    "bulla": (lambda y, x: -disc(y, x, 4), 0.22),
    "cavity": (lambda y, x: disc(y, x, 6) - 1.4 * disc(y, x, 3.5), 0.20),
    "plate": (lambda y, x: line(y, x), 0.18),
    "tube": (lambda y, x: line(x, y), 0.16),
    "crossing": (lambda y, x: np.maximum(line(y, x, 6), line(x, y, 6)), 0.14),
    "rising stripes": (lambda y, x: np.sin(1.6 * (x + y)) * disc(y, x, 7), 0.12),
    "falling stripes": (lambda y, x: np.sin(1.6 * (x - y)) * disc(y, x, 7), 0.10),
    "checks": (lambda y, x: 1.4 * np.sign(np.sin(1.3 * x) * np.sin(1.3 * y)) * disc(y, x, 7), 0.08),
    "target": (lambda y, x: np.cos(1.5 * np.hypot(y, x)) * disc(y, x, 7), 0.06),
    "wedge": (lambda y, x: ((np.abs(x) < (y + 6) / 2) & (y < 6)).astype("float32"), 0.05),
    "corner": (lambda y, x: np.maximum(line(y, x - 4, 4.5), line(x, y - 4, 4.5)), 0.04),
    "grains": (lambda y, x: sum(disc(y - 5 * np.sin(k), x - 5 * np.cos(k), 1) for k in range(0, 6, 1)), 0.03),
    "crescent": (lambda y, x: disc(y, x, 6) - disc(y, x + 3, 6), 0.025),
}
NAMES = list(FINDINGS)
RATES = np.array([rate for _, rate in FINDINGS.values()])


def radiographs(count, seed):
    """(pictures (count, 64, 64, 1) float32, findings (count, 14) of 0 and 1)."""
    rng = np.random.default_rng(seed)
    findings = (rng.random((count, len(NAMES))) < RATES).astype("float32")
    pictures = np.empty((count, SIDE, SIDE, 1), "float32")
    for picture, present in zip(pictures, findings):
        shift = rng.normal(0, 2, 2)
        lungs = [(32 + shift[0], centre + shift[1]) for centre in (17, 47)]
        body = -sum(np.exp(-(((Y - y) / 24) ** 4) - ((X - x) / 11) ** 4) for y, x in lungs)
        ribs = 0.25 * np.sin(2 * np.pi * (Y + 0.01 * (X - 32) ** 2 + rng.uniform(0, 11)) / 11)
        film = 2 * body + ribs + rng.uniform(-1, 1) * X / SIDE + 0.35 * rng.normal(size=(SIDE, SIDE))
        for index in np.flatnonzero(present):
            y, x = lungs[rng.integers(2)] + rng.uniform((-16, -6), (16, 6))
            pattern = FINDINGS[NAMES[index]][0](Y - y, X - x)
            film += rng.uniform(0.9, 1.5) * (pattern - pattern.mean())
        picture[..., 0] = (film - film.mean()) / film.std()
    return pictures, findings


def auc(truth, scores):
    """Probability that a picture with the finding scores above one without, for each finding."""
    ranks = scores.argsort(0).argsort(0) + 1
    positive = truth.sum(0)
    return ((ranks * truth).sum(0) - positive * (positive + 1) / 2) / (positive * (len(truth) - positive))


def residual_network():
    backbone = res3d.build("resnet_10", input_shape=(SIDE, SIDE, 1), features=True, width=0.375)
    head = res3d.MultiLabelHead(len(NAMES), prior=RATES, name="findings")
    return keras.Model(backbone.input, head(backbone.output["stage3"]))  # 4x4 places


def linear_model():
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(len(NAMES), kernel_regularizer=keras.regularizers.L2(1e-3))])


def train(model, data, epochs, rate):
    steps = epochs * (len(data[0]) // 32)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps), weight_decay=1e-3),
                  keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(*data, batch_size=32, epochs=epochs, verbose=2)
    return model


def draw(path, pictures, truth, scores, found, baseline):
    figure = plt.figure(figsize=(11, 7.5), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 4))
    for place, axes in enumerate(top.subplots(1, 4)):
        axes.imshow(pictures[place, ..., 0], cmap="gray")
        seen = [NAMES[i] for i in np.flatnonzero(truth[place])]
        said = [NAMES[i] for i in np.flatnonzero(scores[place] > 0)]
        axes.set_xlabel(f"there: {', '.join(seen) or '-'}\nfound: {', '.join(said) or '-'}", fontsize=7)
        axes.set(xticks=[], yticks=[])
    axes = bottom.subplots()
    axes.bar(np.arange(len(NAMES)) - 0.2, found, 0.4, label="residual network")
    axes.bar(np.arange(len(NAMES)) + 0.2, baseline, 0.4, label="linear model")
    labels = [f"{name}\n{100 * rate:.3g} %" for name, rate in zip(NAMES, RATES)]
    axes.set_xticks(range(len(NAMES)), labels, fontsize=6.5)
    axes.set(ylim=(0.4, 1), ylabel="AUC")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.12), ncols=2)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--train", type=int, default=4000, help="pictures to train on (default: %(default)s)")
    parser.add_argument("--test", type=int, default=2000, help="pictures to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    data, (pictures, truth) = radiographs(args.train, 1), radiographs(args.test, 2)
    scores = train(residual_network(), data, args.epochs, 3e-3).predict(pictures, verbose=0)
    linear = train(linear_model(), data, args.epochs, 1e-3).predict(pictures, verbose=0)
    found, baseline = auc(truth, scores), auc(truth, linear)
    for name, rate, ours, theirs in zip(NAMES, RATES, found, baseline):
        print(f"{name:<16} in {100 * rate:>4.1f} %   AUC {ours:.3f}   linear {theirs:.3f}")
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "multi_label_images.png", pictures, truth, scores, found, baseline)
    print(f"result: multi_label_images mean AUC {found.mean():.3f}, linear model {baseline.mean():.3f}")


if __name__ == "__main__":
    main()
