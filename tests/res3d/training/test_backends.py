"""Averages, precise norms, the count of answers and copied weights hold on JAX and torch as they do on TensorFlow."""

import json
import math
import subprocess

import pytest

from tests.res3d.test_backends import ROOT, environment, interpreter

pytestmark = [pytest.mark.backends, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_run_keeps_what_it_keeps_on_tensorflow(backend, tmp_path):
    said = subprocess.run([interpreter(backend), "-m", "tests.res3d.training.backend_run", tmp_path / "run"], cwd=ROOT,
                          env=environment(backend), capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-3000:]
    found = json.loads(said.stdout.splitlines()[-1])
    assert found["answers"] == found["clips"]
    assert found["moved"] == 0
    assert len(found["rows"]) == 3
    assert all(math.isfinite(value) for row in found["rows"] for value in row.values())
