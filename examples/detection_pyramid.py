"""Finding what moves: a 3D residual network, a feature pyramid, and a small anchor-free detector on its levels.

    python examples/detection_pyramid.py --output pictures

In each clip of four frames some squares and discs drift over a busy ground; others, of the same looks, lie still and
must not be found, so no single frame gives the answer. The pyramid's levels stride by 4, 8 and 16 pixels; each place of
a level tells how probable it is that a moving square or disc has its centre near, and how far its four sides are
(after FCOS, Tian et al., 2019, arXiv 1904.01355). The measure is average precision at an overlap of one half; boxes
are those of the last frame. The baseline is the same detector and the same training, but with one linear convolution
over the four frames in the place of network and pyramid.
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
from res3d.layers.conv import Conv, ConvNorm

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FRAMES, SIDE = 4, 64
STRIDES = (4, 8, 16)
SIZES = (0, 12, 22, 99)  # boxes by their larger side: level 0 has those up to 12 pixels, and so on
KINDS = ("square", "disc")
RARE = 4.0  # taken off the logits of the kinds: almost every place has nothing, and training starts from there
CLIP = res3d.ClipSpec(frames=FRAMES, stride=1, height=SIDE, width=SIDE, resize=SIDE, mean=(0.5,), std=(0.25,))
GRID = np.concatenate([  # (places, 3): x and y of each place's middle, and its stride; 336 places in all
    np.stack([(np.arange(n * n) % n + 0.5) * s, (np.arange(n * n) // n + 0.5) * s, np.full(n * n, s)], 1)
    for s in STRIDES for n in [SIDE // s]]).astype("float32")
Y, X = np.mgrid[:SIDE, :SIDE].astype("float32") + 0.5


def scene(rng):
    """(clip uint8 (4, 64, 64, 3), list of (kind, x0, y0, x1, y1) of what moves, in the last frame)."""
    ground = np.kron(rng.uniform(40, 215, (8, 8, 3)), np.ones((8, 8, 1)))
    clip = np.repeat(ground[None], FRAMES, 0)
    boxes, taken = [], []
    for moves in [True] * rng.integers(1, 4) + [False] * rng.integers(1, 4):
        half, kind, angle = rng.uniform(4, 14), rng.integers(2), rng.uniform(0, 2 * np.pi)
        speed = rng.uniform(1.5, 3) * moves * np.array([np.cos(angle), np.sin(angle)])
        end = rng.uniform(half, SIDE - half, 2)
        if any(np.abs(end - other).max() < half + reach + 2 for other, reach in taken):
            continue  # nothing hides behind another
        taken.append((end, half))
        colour = rng.uniform(0, 255, 3)
        for t in range(FRAMES):
            x, y = np.abs(X - end[0] - speed[0] * (t - FRAMES + 1)), np.abs(Y - end[1] - speed[1] * (t - FRAMES + 1))
            clip[t][(np.maximum(x, y) if kind == 0 else np.hypot(x, y)) < half] = colour
        if moves:
            boxes.append((kind, *(end - half), *(end + half)))
    clip += rng.normal(0, 8, clip.shape)
    return clip.clip(0, 255).astype("uint8"), boxes


def targets(boxes):
    """(places, 6): for a place in the middle of a box of its level's size, which kind; then the distances to its sides.

    Distances left, up, right and down are in strides; a place of nothing has zeros throughout.
    """
    table = np.zeros((len(GRID), 2 + 4), "float32")
    for kind, x0, y0, x1, y1 in boxes:
        level = np.searchsorted(SIZES, max(x1 - x0, y1 - y0)) - 1
        x, y, stride = GRID.T
        near = np.maximum(np.abs(x - (x0 + x1) / 2), np.abs(y - (y0 + y1) / 2)) < 0.75 * stride
        chosen = near & (stride == STRIDES[level])
        table[chosen, kind] = 1
        table[chosen, 2:] = (np.stack([x - x0, y - y0, x1 - x, y1 - y], 1) / stride[:, None])[chosen]
    return table


def scenes(count, seed):
    """(clips, targets (count, places, 6), lists of boxes)."""
    rng = np.random.default_rng(seed)
    clips, boxes = zip(*(scene(rng) for _ in range(count)))
    return np.stack(clips), np.stack([targets(found) for found in boxes]), boxes


def detector(clips, maps, towers=True):
    """The same small head on every map: (batch, places, 6), two logits and the logarithms of four distances."""
    tower = ConvNorm(48, 3, rank=2, activation="relu", name="tower") if towers else None
    last = Conv(6, 3 if towers else 1, rank=2, use_bias=True, name="boxes")
    rows = [keras.layers.Reshape((-1, 6))(last(tower(x) if towers else x)) for x in maps]
    return keras.Model(clips, keras.layers.Concatenate(axis=1)(rows))


def residual_detector():
    backbone = res3d.build("r3d_10", clip=CLIP, features=True, width=0.25)
    maps = [keras.ops.mean(backbone.output[f"stage{stage}"], axis=1) for stage in (2, 3, 4)]  # over time
    return detector(backbone.input, res3d.FeaturePyramid(48, use_norm=True)(maps))


def linear_detector():
    """Frames become channels; one convolution a level sees four strides around each place."""
    clips = keras.Input(CLIP.shape, dtype="uint8")
    x = keras.layers.Rescaling(1 / 64, -2)(clips)
    x = ops.reshape(ops.transpose(x, (0, 2, 3, 1, 4)), (-1, SIDE, SIDE, FRAMES * 3))
    maps = [keras.layers.Conv2D(6, 4 * s, s, "same", kernel_initializer="zeros")(x) for s in STRIDES]
    return detector(clips, maps, towers=False)


def detection_loss(truth, answer):
    """Focal loss of the kinds, and how far the sides' logarithms are off where there is a box."""
    kinds, there = truth[..., :2], ops.max(truth[..., :2], axis=-1)
    logits = answer[..., :2] - RARE
    score = ops.sigmoid(logits)
    wrong = ops.abs(kinds - score)
    focal = wrong**2 * ops.binary_crossentropy(kinds, logits, from_logits=True)
    sides = ops.abs(ops.log(ops.maximum(truth[..., 2:], 0.05)) - answer[..., 2:])
    return (ops.sum(focal) + ops.sum(sides * there[..., None]) / 4) / ops.maximum(ops.sum(there), 1)


def overlap(box, others):
    """Intersection over union of one box with each of `others`, (n, 4)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), -1)
    return both / (np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=-1) - both)


def detections(answer, least=0.05):
    """[(score, kind, box), ...], best first, of one clip's answer; of boxes that overlap by half, the best stays."""
    scores = 1 / (1 + np.exp(RARE - answer[:, :2]))
    reach = np.exp(answer[:, 2:].clip(-5, 3)) * GRID[:, 2:]
    boxes = np.concatenate([GRID[:, :2] - reach[:, :2], GRID[:, :2] + reach[:, 2:]], 1)
    kept = []
    for kind in range(2):
        order = [place for place in np.argsort(-scores[:, kind])[:40] if scores[place, kind] > least]
        while order:
            best, order = order[0], order[1:]
            kept.append((scores[best, kind], kind, boxes[best]))
            order = [place for place in order if overlap(boxes[best], boxes[place][None])[0] < 0.5]
    return sorted(kept, key=lambda found: -found[0])


def average_precision(found, truth, kind):
    """Mean, over the recall, of the best precision at that recall or a higher one."""
    rows, total = [], 0
    for answers, boxes in zip(found, truth):
        left = [np.array(box[1:]) for box in boxes if box[0] == kind]
        total += len(left)
        for score, _, box in (answer for answer in answers if answer[1] == kind):
            shares = overlap(box, np.array(left)) if left else np.zeros(1)
            hit = shares.max() >= 0.5
            if hit:
                left.pop(shares.argmax())
            rows.append((score, hit))
    hits = np.array([hit for _, hit in sorted(rows, key=lambda row: -row[0])], float)
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * hits).sum() / total)


def train(model, data, epochs, rate):
    steps = epochs * (len(data[0]) // 16)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps), clipnorm=1.0),
                  detection_loss)
    model.fit(*data, batch_size=16, epochs=epochs, verbose=2)
    return model


def draw(path, clips, truth, found):
    figure, rows = plt.subplots(2, 4, figsize=(11, 6), layout="constrained")
    for axes, clip, boxes, answers in zip(rows.flat, clips, truth, found):
        axes.imshow(clip[-1])
        drawn = [("white", "", box) for box in boxes] + [
            ("lime", f"{KINDS[kind]} {score:.2f}", (kind, *box)) for score, kind, box in answers if score > 0.4]
        for colour, text, (kind, x0, y0, x1, y1) in drawn:
            axes.add_patch(plt.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=colour, lw=1.5))
            y = y1 + 4 if kind else y0 - 1  # a disc's name stands below its box, as one box may be taken for both
            axes.text(x0, y, text, color=colour, fontsize=7)
        axes.axis("off")
    figure.suptitle("last frames: what moves (white), what was found (green)")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--train", type=int, default=1600, help="clips to train on (default: %(default)s)")
    parser.add_argument("--test", type=int, default=300, help="clips to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=8, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    clips, wanted, _ = scenes(args.train, 1)
    new, _, truth = scenes(args.test, 2)
    found = {}
    for name, model, rate in (("residual", residual_detector(), 5e-3), ("linear", linear_detector(), 1e-3)):
        answers = train(model, (clips, wanted), args.epochs, rate).predict(new, verbose=0)
        found[name] = [detections(answer) for answer in answers]
    scores = {name: [average_precision(rows, truth, kind) for kind in range(2)] for name, rows in found.items()}
    for kind, ours, theirs in zip(KINDS, *scores.values()):
        print(f"{kind:<7} AP {ours:.3f}   linear {theirs:.3f}")
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "detection_pyramid.png", new, truth, found["residual"])
    ours, theirs = (np.mean(pair) for pair in scores.values())
    print(f"result: detection_pyramid mean AP {ours:.3f}, linear convolution {theirs:.3f}")


if __name__ == "__main__":
    main()
