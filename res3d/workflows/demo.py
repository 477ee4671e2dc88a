"""The whole path on generated videos, from writing them to a server's answers, and what must come out of it."""

import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import sys
import time

import keras
import numpy as np

from pipelines import synthetic
from pipelines.dataset.evaluation import evaluation_clips
from res3d.terminal.tables import aligned, width_of_terminal
from res3d.training.recipe import find_recipe
from res3d.workflows.evaluate import evaluate
from res3d.workflows.loading import load_network
from res3d.workflows.train import train
from serving.client.client import Client
from serving.exporter.saved_model import export

NETWORKS = {"3D": "r3d_10", "2D": "resnet_10"}
CLASSES = 8
TOP1_3D, TOP1_2D = 0.95, 0.30  # at least, at most; chance is 1 in 8
SERVED_TOLERANCE = 1e-5
MEMORY_GB = 3.0


def demo(workdir, recipe="demo", train_videos=40, val_videos=10, seed=0):
    """Writes videos, trains, evaluates, exports and serves; tells stderr what it is at.

    Args:
        workdir: folder for videos, runs and exports.
        recipe: name of a recipe, or a `.yaml` file; both networks train with it.
        train_videos, val_videos: how many of each class.
        seed: int. Of videos and training.

    Returns:
        `Promises`; `held` is False where a promise in it is broken.
    """
    folder, rows, started = pathlib.Path(workdir), Promises(), time.monotonic()
    _say("1/6 writing videos")
    with rows.timed("videos written", CLASSES * (train_videos + val_videos), "videos/s"):
        synthetic.write(folder / "videos", train_videos, val_videos, seed=seed)
    for number, (kind, name) in enumerate(NETWORKS.items(), start=2):
        _say(f"{number}/6 training the {kind} network, {name}")
        asked = find_recipe(recipe, [f"model.name={name}", f"seed={seed}"])
        clips = asked.schedule.epochs * CLASSES * train_videos
        with rows.timed(f"{kind} training, validation included", clips, "clips/s"):
            train(asked, folder / "videos", folder / kind, overwrite=True)
    _say("4/6 evaluating both on held-out videos")
    decoded = _decode(asked, folder / "videos", rows)
    top1 = {}
    for kind in NETWORKS:
        with rows.timed(f"{kind} evaluation, report included", CLASSES * val_videos, "videos/s"):
            top1[kind] = evaluate(folder / kind, progress=False)["top1"]
    _say("5/6 exporting the 3D network")
    with rows.timed("export, verified in TensorFlow's C++ session", 1, "exports/s"):
        model, labels, path = _export(folder)
    _say("6/6 serving it")
    _promises(rows, top1, _serve(path, model, decoded, labels, rows))
    rows.add("time", f"{time.monotonic() - started:.0f} s")
    rows.add("report", str(folder / "3D" / "report.html"))
    return rows


def _promises(rows, top1, differences):
    """What the README says of the demo: how right the networks are, how exact the server, how much memory it takes."""
    rows.add("3D network, top-1 on held-out videos", f"{100 * top1['3D']:.1f} %", top1["3D"] >= TOP1_3D,
             f"at least {100 * TOP1_3D:.0f} %")
    rows.add("2D network of the same depth and training", f"{100 * top1['2D']:.1f} %", top1["2D"] <= TOP1_2D,
             f"at most {100 * TOP1_2D:.0f} %, chance is 12.5 %")
    for name, difference in differences.items():
        rows.add(f"served over {name}, largest difference from Keras", f"{difference:.1e}",
                 difference <= SERVED_TOLERANCE, f"at most {SERVED_TOLERANCE:g}")
    used = [resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    rows.add("memory at its highest, server included", f"{sum(used):.2f} GB", sum(used) <= MEMORY_GB,
             f"at most {MEMORY_GB:g} GB")


class Promises:
    """Rows of stage, figure and promise."""

    def __init__(self):
        self.rows = []
        self.held = True

    def add(self, name, value, held=True, promise=""):
        """One row; `held` False breaks the table."""
        self.held = self.held and bool(held)
        self.rows.append((name, value, (f"{'ok' if held else 'BROKEN'}: {promise}" if promise else "")))

    @contextlib.contextmanager
    def timed(self, name, count, unit):
        """Times a block that handles `count` things."""
        started = time.monotonic()
        yield
        self.add(name, f"{count / (time.monotonic() - started):.1f} {unit}")

    def listed(self):
        """[{"name", "value", "promise"}]; a promise says whether it is kept, and is empty where none was made."""
        return [dict(zip(("name", "value", "promise"), row)) for row in self.rows]

    def __str__(self):
        return "\n" + aligned(self.rows, right=(1,), elastic=(0, 2), width=width_of_terminal())


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _decode(recipe, videos, rows):
    """The held-out clips, for the comparison with the server; and the rate of decoding alone."""
    dataset = evaluation_clips(videos, recipe.clip, batch_size=recipe.data.batch_size, split="val")
    with rows.timed("decoding alone", len(dataset.manifest), "clips/s"):
        clips = [batch.numpy() for batch, _ in dataset]
    return np.concatenate(clips)


def _export(folder):
    model, clip, labels, _ = load_network(folder / "3D")
    return model, labels, export(model, folder / "exports" / "motion", labels, clip=clip)


def _serve(path, model, clips, labels, rows):
    """Starts a server as a user would, asks it for every clip both ways; the largest differences from Keras."""
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(clips, verbose=0)))
    ports = {"gRPC": _free_port(), "REST": _free_port()}
    addresses = {"REST": f"http://127.0.0.1:{ports['REST']}/motion", "gRPC": f"127.0.0.1:{ports['gRPC']}/motion"}
    command = [sys.executable, "-m", "serving", f"--port={ports['gRPC']}", f"--rest_api_port={ports['REST']}",
               "--model_name=motion", f"--model_base_path={pathlib.Path(path).parent.absolute()}"]
    differences = {}
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=quiet) as server:
        try:
            for name, address in addresses.items():
                with Client(address, encoding="raw", timeout=120, retries=60) as client:
                    client.classify_clips(clips[:1])  # the server is up once this is answered
                    with rows.timed(f"served over {name}, one clip at a time", len(clips), "clips/s"):
                        answers = [client.classify_clips(clip[None], top=len(labels)) for clip in clips]
                scores = np.array([[{row["label"]: row["score"] for row in answer}[label] for label in labels]
                                   for answer in answers])
                differences[name] = float(np.abs(scores - expected).max())
        finally:
            server.terminate()
    return differences


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
