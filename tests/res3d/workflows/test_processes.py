"""Two JAX processes on loopback, each reading its own share, give the losses of one.

Batch norm sees the whole batch here, over all processes: arrays are global and XLA sums over them.
"""

import importlib.util
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from res3d.training.workfolder import WorkFolder
from tests.res3d.workflows.flags import settings

pytestmark = [pytest.mark.backends, pytest.mark.timeout(1200),
              pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(motion, workdir, tiny, *flags):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen([sys.executable, "-m", "res3d.commands.main", "train", "--recipe=demo", f"--data={motion}",
                             f"--workdir={workdir}", *settings(tiny), *flags], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_two_processes_give_the_losses_of_one(motion, tmp_path, tiny):
    rates = [*tiny, "data.batch_size=6", "schedule.epochs=3", "optimizer.name=sgd", "optimizer.rate=0.002"]
    alone = start(motion, tmp_path / "one", rates)
    said, _ = alone.communicate(timeout=550)
    assert alone.returncode == 0, said[-3000:]
    port = free_port()
    rates.append("optimizer.precise_norm=1")
    pair = [start(motion, tmp_path / "two", rates, f"--coordinator=127.0.0.1:{port}", f"--process_id={index}",
                  "--process_count=2") for index in range(2)]
    for process, chief in zip(pair, (True, False)):
        said, _ = process.communicate(timeout=550)
        assert process.returncode == 0, said[-3000:]
        assert ("optimizer.precise_norm is measured in a run of one process alone" in said) == chief
    one, two = (WorkFolder(tmp_path / name).history for name in ("one", "two"))
    assert len(one) == len(two) == 3  # of 6, 6 and 4 clips
    for mine, other in zip(one, two):
        np.testing.assert_allclose([mine["loss"], mine["val_loss"]], [other["loss"], other["val_loss"]], atol=1e-4)


def test_the_time_of_process_0_is_the_time_of_all(motion, tmp_path, tiny):
    port = free_port()
    pair = [start(motion, tmp_path / "run", tiny, f"--coordinator=127.0.0.1:{port}", f"--process_id={index}",
                  "--process_count=2", f"--max_minutes={minutes}") for index, minutes in enumerate((60, 1e-9))]
    for process in pair:
        said, _ = process.communicate(timeout=550)
        assert process.returncode == 0, said[-3000:]
    assert len(WorkFolder(tmp_path / "run").history) == 1
