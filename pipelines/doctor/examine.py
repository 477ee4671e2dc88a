"""Looks into many videos at once, in child processes: one that crashes or hangs its decoder costs that video alone.

A child is this file run as a module. It reads a path a line and answers with a line of what it found, both JSON.
"""

import base64
import hashlib
import json
import queue
import sys
import threading
from concurrent import futures

import numpy as np

from pipelines.arguments import default_workers
from pipelines.leaks.signature import HEIGHT, WIDTH, Signature, look_at
from pipelines.storage import folders
from pipelines.video import frame_folder, reading, sources
from pipelines.video.child import Child, alive, answers, module
from pipelines.video.headers import sizes
from pipelines.video.info import VideoError

HASH_BLOCK = 1 << 20


def examine(path, pictures=False):
    """What is to be known of one video: a JSON-ready dict.

    `path`, and either `reason`, why it is unusable, or `hash` (of the content) and the fields of
    `pipelines.video.VideoInfo`, and `picture_sizes` as `pipelines.video.headers.sizes` tells them; with `pictures` also
    those of its `Signature`, in base64, which is a second decoding.
    """
    found = {"path": path}
    try:
        if is_folder := folders.is_folder(path):
            paths = frame_folder.frame_paths(path)
            info = frame_folder.probe(path, every=True)
        else:
            paths = [sources.hold(path)]
            info = reading.probe(paths[0])
        found |= info.to_dict() | {"path": path, "duration_seconds": info.duration_seconds}
        if is_folder:
            found["key_frames"] = list(range(len(paths)))
        found["hash"] = _content_hash(paths)
        found["picture_sizes"] = _picture_sizes(paths, info, is_folder)
        if pictures:
            seen = look_at(path if is_folder else paths[0], info, is_folder=is_folder)
            found["signature"] = [seen.times.tolist(), base64.b64encode(seen.pictures.tobytes()).decode()]
    except (VideoError, OSError) as error:
        found["reason"] = getattr(error, "reason", None) or str(error)
    return found


def signature_in(found):
    """The `Signature` in what `examine` found, or None."""
    if "signature" not in found:
        return None
    times, text = found["signature"]
    pictures = np.frombuffer(base64.b64decode(text), np.uint8).reshape(len(times), HEIGHT, WIDTH)
    return Signature(np.array(times, "float32"), pictures)


def examine_all(paths, workers=None, timeout=120.0, finish=None, progress=None, command=None, pictures=False):
    """`examine` for each path, in their order, over `workers` child processes.

    Args:
        paths: list of str.
        workers: int or None for one a core.
        timeout: float. Seconds without another frame of a video; then its process is ended and it counts as unusable.
        finish: function of what was found that returns what to keep of it, or None.
        progress: function called without arguments after each video, or None.
        command: list of str. What starts a child, instead of this file.
        pictures: bool. As `examine` takes it.
    """
    workers = max(1, min(workers or default_workers(), len(paths)))
    idle = queue.SimpleQueue()
    children = [Child(command or module("pipelines.doctor.examine")) for _ in range(workers)]
    for child in children:
        idle.put(child)
    stop = threading.Event()

    def ask(path):
        child = idle.get()
        try:
            found = _answer(child, path, timeout, stop, pictures)
            return found if finish is None else finish(found)
        finally:
            idle.put(child)
            if progress is not None:
                progress()

    pool = futures.ThreadPoolExecutor(workers)
    try:
        return list(pool.map(ask, paths))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        for child in children:
            child.end()


def _answer(child, path, timeout, stop, pictures=False):
    child.send([path, True] if pictures else path)
    found, late = child.receive(timeout, stop)
    if found is not None:
        return found
    code = child.end()
    if late:
        return {"path": path, "reason": f"decoding gave nothing for {timeout:g} seconds"}
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return {"path": path, "reason": f"the decoder crashed ({how})"}


def _picture_sizes(paths, info, is_folder):
    """[(seconds, width, height)] from which the pictures have that size; [] where their headers do not tell."""
    if is_folder:
        return sizes.of_pictures(paths, info.fps)
    found = sizes.picture_sizes(paths[0])
    decoded = sorted((info.width, info.height))
    return found if found and sorted(found[0][1:]) == decoded else []  # else they are of another stream in the file


def _content_hash(paths):
    digest = hashlib.blake2b(digest_size=16)
    for path in map(sources.hold, paths):
        if isinstance(path, sources.Fetched):
            digest.update(path.data)
            continue
        with open(path, "rb") as file:
            while block := file.read(HASH_BLOCK):
                digest.update(block)
                alive()
    return digest.hexdigest()


def _serve():
    answer = answers()
    for line in sys.stdin:
        asked = json.loads(line)
        answer(examine(*asked) if isinstance(asked, list) else examine(asked))


if __name__ == "__main__":
    _serve()
