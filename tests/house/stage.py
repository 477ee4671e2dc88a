"""What the rows of `rows.py` are made of: videos that a formula draws, records, a served model; each on first use."""

import contextlib
import csv
import functools
import os
import pathlib
import socket
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import httpx
import keras
import numpy as np
import tensorflow as tf

import res3d
import serving
from res3d.commands.main import main

HERE = pathlib.Path(__file__).resolve().parent
PINS = HERE / "pins.json"
KEPT = HERE / "pins"
VERSIONS = {"opencv": cv2.__version__, "tensorflow": tf.__version__, "keras": keras.__version__}
CV, TF, KERAS = ("opencv",), ("opencv", "tensorflow"), ("opencv", "tensorflow", "keras")
LABELS = ["hop", "run", "sit"]


def frames(number, count, height, width):
    """Video `number`: uint8 (count, height, width, 3), every frame and every video another."""
    t, y, x, c = np.ogrid[:count, :height, :width, :3]
    return ((x * (3 + number) + y * 5 + t * 11 + c * 71 + number * 37) % 256).astype(np.uint8)


# Below each split: label, name, frames, height, width. Names without a suffix are folders of PNGs, which are 30 fps.
ALIKE = {  # of one size, that of the clips: nothing is scaled
    "train": [("hop", "a", 12, 24, 32), ("hop", "b", 20, 24, 32), ("hop", "c", 3, 24, 32), ("run", "d", 14, 24, 32),
              ("run", "e", 16, 24, 32), ("sit", "f", 9, 24, 32), ("sit", "g", 31, 24, 32)],
    "val": [("hop", "h", 18, 24, 32), ("run", "i", 5, 24, 32), ("sit", "j", 33, 24, 32)]}
MIXED = {
    "train": [("hop", "a", 12, 36, 48), ("hop", "b", 15, 50, 37), ("run", "c.mkv", 14, 40, 40),
              ("sit", "d", 9, 20, 26), ("sit", "e.mkv", 17, 48, 64)],
    "val": [("hop", "f", 30, 36, 48), ("run", "g.mkv", 28, 56, 40), ("sit", "h", 6, 33, 47)]}
FPS = {"c.mkv": 25.0, "e.mkv": 12.5, "g.mkv": 20.0}


def write_videos(folder, table):
    """`folder/SPLIT/LABEL/NAME` of every row, without loss."""
    videos = [(split, *row) for split, rows in table.items() for row in rows]
    for number, (split, label, name, count, height, width) in enumerate(videos):
        path = folder / split / label / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = frames(number, count, height, width)[..., ::-1]
        if not path.suffix:
            path.mkdir()
            for index, picture in enumerate(pictures):
                (path / f"{index:02d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
            continue
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"FFV1"), FPS[name],
                                 (width, height))
        for picture in pictures:
            writer.write(np.ascontiguousarray(picture))
        writer.release()


class Stage:
    """Everything that the rows are made of, below one temporary folder, each thing on first use."""

    def __init__(self, folder):
        self.folder, self.closing = folder, contextlib.ExitStack()

    def data(self, name):
        """A data set by the name that the rows give it."""
        if name == "records":
            return KEPT / "records"
        return getattr(self, name)

    @functools.cached_property
    def alike(self):
        write_videos(self.folder / "alike", ALIKE)
        return self.folder / "alike"

    @functools.cached_property
    def mixed(self):
        write_videos(self.folder / "mixed", MIXED)
        return self.folder / "mixed"

    @functools.cached_property
    def several(self):
        """A manifest with several labels a video."""
        return self.manifest("several.csv", ["path", "labels", "split"],
                             [("a", "hop|sit"), ("b", "hop"), ("d", "run|hop|sit"), ("f", "sit"), ("h", "run|sit")])

    @functools.cached_property
    def parts(self):
        """A manifest of parts of videos."""
        return self.manifest("parts.csv", ["path", "label", "start", "end", "split"],
                             [("a", "hop", 0.1, 0.35), ("b", "hop", "", 0.4), ("b", "run", 0.4, ""),
                              ("d", "run", 0.2, 0.3), ("g", "sit", 0.5, 1.0), ("h", "hop", 0.25, 0.55)])

    def manifest(self, name, header, rows):
        paths = {path.name: path for path in self.alike.glob("*/*/*")}
        with open(self.folder / name, "w", newline="") as file:
            csv.writer(file).writerows([header, *[(paths[video].relative_to(self.folder), *cells,
                                                   paths[video].parts[-3]) for video, *cells in rows]])
        return self.folder / name

    @functools.cached_property
    def prepared(self):
        return self.prepare("alike", "--clip=4x2x24", "--short_side=24", "--quality=90", "--shard_clips=3")

    def prepare(self, data, *flags):
        out = self.folder / f"records {data} {' '.join(flags)}"
        assert main(["prepare", str(self.data(data)), str(out), "--workers=2", *flags]) == 0
        return out

    @functools.cached_property
    def exported(self):
        """A network as `serving.export` writes it."""
        model = res3d.load_model(KEPT / "networks/r3d_10.keras")
        return serving.export(model, self.folder / "exports/actions", LABELS, verified=False)

    @functools.cached_property
    def ports(self):
        """gRPC's and REST's of a server of the kept models and of the exported one."""
        models = {"toys": KEPT / "models/toys", "old": KEPT / "models/old", "actions": os.path.dirname(self.exported)}
        config = "".join(f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}\n'
                         for name, path in models.items())
        (self.folder / "models.config").write_text(f"model_config_list {{\n{config}}}")
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            ports = one.getsockname()[1], other.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serving", f"--port={ports[0]}", f"--rest_api_port={ports[1]}",
             f"--model_config_file={self.folder / 'models.config'}", "--rest_api_num_threads=2",
             "--grpc_max_threads=2"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.closing.callback(self.process.communicate)
        self.closing.callback(self.process.kill)
        return ports

    @functools.cached_property
    def http(self):
        """A client of the server, once that answers."""
        client = self.closing.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{self.ports[1]}", timeout=30))
        for _ in range(1200):
            with contextlib.suppress(httpx.TransportError):
                client.get("/v1/models/toys")
                return client
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        raise TimeoutError("the server did not start")
