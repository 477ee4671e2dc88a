"""Shared input workers give every clip of an epoch exactly once, also when one of them is killed."""

import contextlib
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

import pipelines
from pipelines import synthetic
from pipelines.dataset import data_service
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.storage import files
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    videos, out = tmp_path_factory.mktemp("videos"), tmp_path_factory.mktemp("out") / "records"
    synthetic.write(videos, train_per_class=6, val_per_class=1)
    prepare(videos, out, PrepareOptions(CLIP, shard_clips=10), workers=2)
    return out


@contextlib.contextmanager
def started(*arguments):
    """(process, what it printed first) of a command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits that it is ignored, as by `&`
    try:
        process = subprocess.Popen([sys.executable, "-m", "res3d.commands.main", *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def sums(dataset):
    """A number for each clip, with its label, sorted: the same for the same clips in any order."""
    return sorted((int(clip.astype(np.int64).sum()), int(label)) for clips, labels in dataset
                  for clip, label in zip(clips.numpy(), labels.numpy()))


@pytest.mark.slow
def test_every_clip_once_an_epoch_and_after_a_worker_is_killed(prepared, monkeypatch):
    monkeypatch.setattr(data_service, "STALL_SECONDS", 4.0)
    options = {"clip": CLIP, "batch_size": 4, "seed": 3, "split": "train"}
    with started("data-dispatcher", "--port=0") as (_, said), contextlib.ExitStack() as stack:
        address = said.removeprefix("dispatcher at ")
        workers = [stack.enter_context(started("data-worker", address))[0] for _ in range(2)]
        here = pipelines.training_clips(prepared, **options)
        there = pipelines.training_clips(prepared, data_service=address, **options)
        for _ in range(2):
            expected = sums(here)
            assert len(expected) == 48
            assert sums(there) == expected
        expected, batches = sums(here), []
        for number, batch in enumerate(there):
            if number == 1:
                workers[0].kill()
                workers[0].wait()
            batches.append(batch)
        assert sums(batches) == expected
        assert sums(there) == sums(here)  # the next epoch, by the worker that is left
        assert there.epoch == 4


@pytest.mark.slow
def test_workers_that_do_not_see_the_shards_are_noticed(prepared, monkeypatch, caplog):
    dispatcher = data_service.dispatcher()
    address = dispatcher.target
    worker = data_service.worker(address)
    monkeypatch.setattr(files, "openable", lambda shard: f"{shard}.elsewhere")
    there = pipelines.training_clips(prepared, CLIP, 4, seed=3, split="val", data_service=address)
    assert sums(there) == sums(pipelines.training_clips(prepared, CLIP, 4, seed=3, split="val"))
    said = [record.getMessage() for record in caplog.records if "a worker could not read" in record.getMessage()]
    assert len(said) == 1
    assert "Do the workers see the shards under the names that are used here?" in said[0]
    worker.stop()


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"Expected a port to listen at\. {port} gives: .*\. Pass another --port"):
            data_service.dispatcher(port)


@pytest.mark.slow
def test_nobody_at_the_address(prepared, monkeypatch):
    monkeypatch.setattr(data_service.reached, "__defaults__", (0.0,))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"grpc://localhost:{free.getsockname()[1]}"
        for start in (lambda: data_service.worker(address),
                      lambda: pipelines.training_clips(prepared, CLIP, 4, data_service=address)):
            with pytest.raises(ConnectionError, match=rf"Expected a dispatcher at '{address}'\. Nothing answers there: "
                                                      r".*refused\. Start `res3d data-dispatcher`, or check the"):
                start()


@pytest.mark.slow
def test_servers_end_when_they_are_interrupted():
    with started("data-dispatcher", "--port=0") as (dispatcher, said):
        with started("data-worker", said.removeprefix("dispatcher at ")) as (worker, told):
            assert told.startswith("worker of grpc://")
            worker.send_signal(signal.SIGINT)
            assert worker.wait(60) == 130
        dispatcher.send_signal(signal.SIGINT)
        assert dispatcher.wait(60) == 130


def test_an_address_must_be_one():
    for wrong in ("localhost:1", "grpc://localhost", "grpc://:5", "http://a:1"):
        with pytest.raises(ValueError, match=r"`data_service` must be grpc://HOST:PORT"):
            data_service.check_address(wrong)
