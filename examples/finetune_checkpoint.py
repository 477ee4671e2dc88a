"""Fine-tune a network whose weights come in a published PyTorch layout, on classes it has never seen, without torch.

    python examples/finetune_checkpoint.py --output pictures

A published checkpoint is torchvision's names around arrays. The one used here is made on the spot, so that the example
needs no download: a 3D network learns eight motions of many textures, and its weights are written under torchvision's
names. Then the new task: six other motions with eight clips each. The checkpoint is loaded by `res3d.load_weights`,
which finds out whose names these are; only the classifier is new. Baselines: the same network and training from
scratch, a linear probe on the frozen checkpoint, and a linear model on the pixels. With as few clips as these the probe
does as well as fine-tuning, or better: the new motions are mixtures of the old.
"""

import argparse
import json
import os
import pathlib
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

import res3d

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CLIP = res3d.ClipSpec(frames=8, stride=1, height=40, width=40, resize=40)
SOURCE = [(np.cos(angle), np.sin(angle), 0, 0) for angle in np.arange(4) * np.pi / 2] + [  # x, y, turn, growth
    (0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1), (0, 0, 0, -1)]
TARGET = [(np.cos(angle), np.sin(angle), 0, 0) for angle in np.arange(4) * np.pi / 2 + np.pi / 4] + [
    (0, 0, 1, 1), (0, 0, -1, 1)]
TARGET_NAMES = ("down right", "down left", "up left", "up right", "spiral out", "spiral in")


def clips_of(motions, count, seed):
    """(clips uint8 (count, *CLIP.shape), classes): one texture in one motion a clip; no frame tells which."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:40, :40] - 19.5) / 20
    clips, classes = np.empty((count, *CLIP.shape), "uint8"), np.arange(count) % len(motions)
    for clip, kind in zip(clips, classes):
        speed = rng.uniform(0.7, 1.3) * np.array(motions[kind])
        waves = rng.normal(0, 5, (6, 2)), rng.uniform(0, 2 * np.pi, 6), rng.normal(size=(6, 3))
        for t in range(CLIP.frames):
            time = t - rng.uniform(0, 0.1)
            turn, size = 0.12 * speed[2] * time, np.exp(-0.10 * speed[3] * time)
            u = size * (np.cos(turn) * x + np.sin(turn) * y) - 0.1 * speed[0] * time
            v = size * (np.cos(turn) * y - np.sin(turn) * x) - 0.1 * speed[1] * time
            phases = u[..., None] * waves[0][:, 0] + v[..., None] * waves[0][:, 1] + waves[1]
            frame = 128 + 28 * np.sin(phases) @ waves[2] + rng.normal(0, 10, (40, 40, 3))
            clip[t] = frame.clip(0, 255)
    return clips, classes


def torchvision_name(path):
    """torchvision's name of a weight of ours: stage1/block0/conv_a/conv/kernel is layer1.0.conv1.0.weight."""
    *parts, leaf = path.split("/")
    module = "/".join(parts)
    for pattern, name in ((r"stem/(\w+)", "stem.{0}"), ("logits", "fc"),
                          (r"stage(\d)/block(\d)/conv_(\w)/(\w+)", "layer{0}.{1}.conv{2}.{3}"),
                          (r"stage(\d)/block(\d)/shortcut/(\w+)", "layer{0}.{1}.downsample.{2}")):
        if found := re.fullmatch(pattern, module):
            module = name.format(*({"conv": 0, "norm": 1, "a": 1, "b": 2}.get(part, part) for part in found.groups()))
    return module + {"kernel": ".weight", "gamma": ".weight", "beta": ".bias", "bias": ".bias",
                     "moving_mean": ".running_mean", "moving_variance": ".running_var"}[leaf]


def write_checkpoint(model, path):
    """The weights of `model` as torchvision names and lays them out, in a safetensors file: JSON, then the numbers."""
    header, numbers, end = {}, [], 0
    for weight in model.weights:
        array = keras.ops.convert_to_numpy(weight)
        if array.ndim > 1:  # (*kernel, in, out) to (out, in, *kernel)
            array = np.transpose(array, (-1, -2, *range(array.ndim - 2)))
        begin, end = end, end + array.nbytes
        header[torchvision_name(weight.path)] = {"dtype": "F32", "shape": array.shape, "data_offsets": (begin, end)}
        numbers.append(np.ascontiguousarray(array).tobytes())
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(numbers))


def network(classes):
    return res3d.build("r3d_10", classes, CLIP, width=0.25)


def linear_model(classes):
    return keras.Sequential([keras.Input(CLIP.shape, dtype="uint8"), keras.layers.Rescaling(1 / 64, -2),
                             keras.layers.Flatten(), keras.layers.Dense(classes)])


def train(model, data, epochs, rate, test=None):
    """Trains; returns the accuracy on `test` after every epoch."""
    steps = epochs * -(-len(data[0]) // 16)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps), weight_decay=1e-2),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(*data, batch_size=16, epochs=epochs, validation_data=test, verbose=2 if test is None else 0)
    return history.history.get("val_accuracy")


def draw(path, clips, classes, curves):
    figure = plt.figure(figsize=(11, 5), layout="constrained")
    grid = figure.add_gridspec(6, 2, width_ratios=(1, 1.2))
    for kind in range(len(TARGET)):
        axes = figure.add_subplot(grid[kind, 0])
        axes.imshow(np.concatenate(clips[np.flatnonzero(classes == kind)[0]], axis=1))
        axes.set_ylabel(TARGET_NAMES[kind], rotation=0, ha="right", va="center")
        axes.set(xticks=[], yticks=[])
    axes = figure.add_subplot(grid[:, 1])
    for name, curve in curves.items():
        axes.plot(np.arange(1, len(curve) + 1), curve, label=f"{name}: {curve[-1]:.1%}")
    axes.set(xlabel="epoch", ylabel="accuracy on new clips", ylim=(0, 1.02))
    axes.legend(loc="center right")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for picture and checkpoint (default: %(default)s)")
    parser.add_argument("--source", type=int, default=960, help="clips behind the checkpoint (default: %(default)s)")
    parser.add_argument("--source_epochs", type=int, default=6, help="(default: %(default)s)")
    parser.add_argument("--train", type=int, default=48, help="clips of the new classes (default: %(default)s)")
    parser.add_argument("--test", type=int, default=240, help="clips to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="on the new classes (default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)

    source = network(len(SOURCE))
    train(source, clips_of(SOURCE, args.source, 1), args.source_epochs, 3e-3)
    checkpoint = folder / "r3d_10-motions.safetensors"
    write_checkpoint(source, checkpoint)

    data, test = clips_of(TARGET, args.train, 2), clips_of(TARGET, args.test, 3)
    curves = {}
    tuned = network(len(TARGET))
    loaded = res3d.load_weights(tuned, checkpoint, drop_head=True)
    print(f"loaded {loaded.count} weights with {loaded.source}'s names; the classifier is new")
    curves["fine-tuned"] = train(tuned, data, args.epochs, 1e-3, test)
    curves["from scratch"] = train(network(len(TARGET)), data, args.epochs, 3e-3, test)
    frozen = network(len(TARGET))
    res3d.load_weights(frozen, checkpoint, drop_head=True)
    curves["linear probe"] = train(res3d.linear_probe(frozen, len(TARGET)), data, args.epochs, 3e-2, test)
    curves["linear model on pixels"] = train(linear_model(len(TARGET)), data, args.epochs, 1e-3, test)
    for name, curve in curves.items():
        print(f"{name:<24} {curve[-1]:.3f}")
    draw(folder / "finetune_checkpoint.png", *test, curves)
    print(f"result: finetune_checkpoint accuracy {curves['fine-tuned'][-1]:.3f}, "
          f"from scratch {curves['from scratch'][-1]:.3f}")


if __name__ == "__main__":
    main()
