"""One preparation at a time in an output folder: a lock of the system on a disk, a file that is kept fresh in a bucket.

A bucket has no locks. What is kept there says who is at work and is rewritten every few seconds; one that has not been
for a while, or whose process has died on this machine, no longer counts. Two that start within the same second may
both go on: they write the same bytes, so that what is lost is work.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid

from pipelines.records.layout import LOCK_FILE, WORK_FOLDER, in_work_folder
from pipelines.storage import addresses, files
from res3d.atomic import lives

BEAT_SECONDS = 15.0
STALE_SECONDS = 90.0  # clocks of machines differ, and a beat may take a while to be written


def alone(out):
    """A `with` that holds the output folder against a second preparation; BlockingIOError if there is one."""
    return _in_bucket(out) if addresses.is_remote(out) else _on_disk(out)


@contextlib.contextmanager
def _on_disk(out):
    """The system lets go when the process ends."""
    import fcntl

    folder = os.path.join(addresses.local_path(out), WORK_FOLDER)
    path = os.path.join(folder, LOCK_FILE)
    os.makedirs(folder, exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.exists(path) and os.path.samestat(os.fstat(file.fileno()), os.stat(path))
        except BlockingIOError:
            held = False
        if not held:  # or held by one that is just taking its lock away
            raise BlockingIOError(f"Expected to be alone in '{out}'. Another `res3d prepare` is at work there. Wait "
                                  "for it, or end it.") from None
        try:
            yield
        finally:
            if os.path.isdir(folder) and os.listdir(folder) == [LOCK_FILE]:
                os.remove(path)
                with contextlib.suppress(OSError):  # something has come in since
                    os.rmdir(folder)


@contextlib.contextmanager
def _in_bucket(out):
    path = in_work_folder(out, LOCK_FILE)
    me = {"host": socket.gethostname(), "process": os.getpid(), "token": uuid.uuid4().hex}
    other = _holder(path)
    if other is not None:
        raise _taken(out, other)
    _beat(path, me)
    other = _read(path)
    if other["token"] != me["token"]:  # it came in between
        raise _taken(out, other)
    done = threading.Event()

    def keep():
        while not done.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):  # the work itself will say what is wrong with the bucket
                if _read(path).get("token", me["token"]) == me["token"]:
                    _beat(path, me)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with contextlib.suppress(OSError):
            if _read(path).get("token") == me["token"]:
                files.remove(path)


def _beat(path, me):
    files.write_bytes(path, json.dumps(me | {"at": time.time()}).encode())


def _read(path):
    """What a lock says, or {} where there is none."""
    try:
        found = json.loads(files.read_bytes(path))
    except (FileNotFoundError, ValueError):
        found = {}
    return found if isinstance(found, dict) else {}


def _holder(path):
    """What the lock of a preparation says that may still be at work, or None."""
    found = _read(path)
    if time.time() - found.get("at", 0) > STALE_SECONDS:
        return None
    return None if found["host"] == socket.gethostname() and not lives(found["process"]) else found


def _taken(out, other):
    return BlockingIOError(
        f"Expected to be alone in '{addresses.shown(out)}'. Another `res3d prepare` is at work there: process "
        f"{other['process']} on {other['host']}. Wait for it, or end it; {STALE_SECONDS:g} seconds after it has died, "
        "its lock no longer counts.")
