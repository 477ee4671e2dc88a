"""The same files give the same answers on every Keras backend: light goldens again, in a process of its own."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

GOLDENS = pathlib.Path(__file__).parent / "test_goldens.py"
LIGHT = ("torchvision/r2plus1d_18", "torchvision_image/resnet18", "pytorchvideo/x3d_xs", "kenshohara_2018/r3d_18_a")


@pytest.mark.backends
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_light_goldens(backend):
    if importlib.util.find_spec(backend) is None:
        reason = f"needs {backend}: pip install res3d[{backend}]"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    tests = [f"{GOLDENS}::test_original_logits_and_stages[{name}]" for name in LIGHT]
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1100, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
