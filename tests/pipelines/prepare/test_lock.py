"""One preparation at a time, on a disk and in a bucket; what a dead one leaves behind stops nobody."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from pipelines.prepare import lock
from pipelines.storage import files


@pytest.fixture
def bucket():
    """Address of a folder in fsspec's file system in memory."""
    system = pytest.importorskip("fsspec").filesystem("memory")
    yield "memory://locked/records"
    if system.exists("/locked"):
        system.rm("/locked", recursive=True)


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(bucket, **said):
    """Writes a lock as another preparation would."""
    said = {"host": "elsewhere", "process": 1, "token": "theirs", "at": time.time()} | said
    files.write_bytes(f"{bucket}/.prepare/lock", json.dumps(said).encode())


def test_a_second_one_is_refused(bucket, tmp_path):
    with lock.alone(bucket), pytest.raises(BlockingIOError) as error, lock.alone(bucket):
        pass
    assert str(error.value) == (
        f"Expected to be alone in '{bucket}'. Another `res3d prepare` is at work there: process {os.getpid()} on "
        f"{socket.gethostname()}. Wait for it, or end it; 90 seconds after it has died, its lock no longer counts.")
    assert not files.exists(f"{bucket}/.prepare/lock")
    with lock.alone(tmp_path), pytest.raises(BlockingIOError, match="alone"), lock.alone(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_leave_does_not_count(bucket, dead):
    leave(bucket, at=time.time() - 91)
    with lock.alone(bucket):
        assert json.loads(files.read_bytes(f"{bucket}/.prepare/lock"))["process"] == os.getpid()
    leave(bucket, host=socket.gethostname(), process=dead)
    with lock.alone(bucket):
        pass
    files.write_bytes(f"{bucket}/.prepare/lock", b"half")
    with lock.alone(bucket):
        pass
    leave(bucket, process=dead)  # a machine whose processes cannot be asked
    with pytest.raises(BlockingIOError, match=f"process {dead} on elsewhere"), lock.alone(bucket):
        pass


def test_it_is_kept_fresh_and_given_up_to_another(bucket, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.01)
    path = f"{bucket}/.prepare/lock"
    with lock.alone(bucket):
        began = json.loads(files.read_bytes(path))["at"]
        files.remove(path)  # as --overwrite does
        while not files.exists(path):
            time.sleep(0.01)
        assert json.loads(files.read_bytes(path))["at"] > began
        leave(bucket)
        time.sleep(0.05)
    assert json.loads(files.read_bytes(path))["token"] == "theirs"
