"""From a folder of videos to a model that TensorFlow Serving runs, and its answer.

    python examples/own_videos.py --output pictures
    python examples/own_videos.py --videos my_videos --output pictures

The folder has videos in `train/CLASS/` and `val/CLASS/`. Without one, videos are generated in which a textured disc
moves in one of eight ways that no single frame tells apart. The baseline is a linear model on the same clips. The
export is a SavedModel in TensorFlow Serving's own layout:

    docker run -p 8501:8501 -v "$PWD/pictures/exports:/models" -e MODEL_NAME=own_videos tensorflow/serving

Here the package's own server loads it, which speaks the same protocol, and a client asks it about one video.
"""

import argparse
import os
import pathlib
import socket
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

import pipelines
import res3d
import serving
from pipelines import synthetic

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CLIP = res3d.ClipSpec(frames=8, stride=2, height=48, width=48, resize=48)


def train(model, clips, val, epochs, rate):
    """Trains; returns the accuracy on `val`."""
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, epochs * len(clips))),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(clips, epochs=epochs, shuffle=False, verbose=2)  # the pipeline shuffles, each epoch anew
    return model.evaluate(val, return_dict=True, verbose=0)["accuracy"]


def linear_model(classes):
    return keras.Sequential([keras.Input(CLIP.shape, dtype="uint8"), keras.layers.Rescaling(1 / 64, -2),
                             keras.layers.Flatten(), keras.layers.Dense(classes)])


def ask(exports, video):
    """Starts a server on an export as a user would, asks it about one video, stops it; the best labels and scores."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serving", f"--port={port}", "--rest_api_port=0", f"--model_name={exports.name}",
               f"--model_base_path={exports.absolute()}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            with serving.Client(f"grpc://127.0.0.1:{port}/{exports.name}", timeout=120, retries=60) as client:
                return client.classify(video)
        finally:
            server.terminate()


def draw(path, video, label, answer):
    frames = pipelines.read_frames(video, range(0, 16, 2))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 4), layout="constrained")
    top.imshow(np.concatenate(frames, axis=1))
    top.set_title(f"{label}: {pathlib.Path(video).name}")
    top.axis("off")
    bottom.barh([row["label"] for row in answer][::-1], [row["score"] for row in answer][::-1])
    bottom.set(xlim=(0, 1), xlabel="the served model's scores")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for picture and export (default: %(default)s)")
    parser.add_argument("--videos", help="folder with train/CLASS/* and val/CLASS/*; without it, videos are generated")
    parser.add_argument("--train", type=int, default=40, help="generated per class (default: %(default)s)")
    parser.add_argument("--test", type=int, default=10, help="generated per class to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    folder = pathlib.Path(args.output)
    videos = args.videos or folder / "own_videos"
    if not args.videos:
        synthetic.write(videos, args.train, args.test)

    clips = pipelines.training_clips(videos, CLIP, batch_size=16, split="train", seed=1)
    val = pipelines.evaluation_clips(videos, CLIP, batch_size=16, split="val")
    model = res3d.build("r3d_10", clips.num_classes, CLIP, width=0.25)
    ours = train(model, clips, val, args.epochs, 3e-3)
    theirs = train(linear_model(clips.num_classes), clips, val, args.epochs, 1e-3)
    for path, reason in clips.quarantine:
        print(f"left out: {path}: {reason}")

    exports = folder / "exports" / "own_videos"
    print("exported", serving.export(model, exports, labels=clips.labels))
    entry = val.manifest.entries[0]
    label = clips.labels[entry.labels[0]]
    answer = ask(exports, entry.path)
    print(f"served: {entry.path} is {answer[0]['label']} ({answer[0]['score']:.2f}), in truth {label}")
    draw(folder / "own_videos.png", entry.path, label, answer)
    print(f"result: own_videos accuracy {ours:.3f}, linear model {theirs:.3f}")


if __name__ == "__main__":
    main()
