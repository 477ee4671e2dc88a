"""The same weights give the same logits on TensorFlow, JAX and torch; so do heads, fast convolutions, their gradients.

Each backend runs in a process of its own. RES3D_BACKENDS_PYTHON names an interpreter that has keras, jax and torch (the
extras `jax` and `torch`); without it, this interpreter is used for what it can import.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.res3d.catalogue import HEADS, MODELS, pixels, stir, tiny

pytestmark = [pytest.mark.backends, pytest.mark.timeout(1200)]
ROOT = pathlib.Path(__file__).parents[2]
PYTHON = os.environ.get("RES3D_BACKENDS_PYTHON", sys.executable)


def environment(backend):
    return {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}


def interpreter(backend):
    python = sys.executable if backend == "tensorflow" else PYTHON
    found = subprocess.run([python, "-c", f"import keras, {backend}"], capture_output=True, check=False,
                           env={**os.environ, "KERAS_BACKEND": backend}).returncode == 0
    if not found:
        missing = pytest.fail if os.environ.get("RES3D_BACKENDS_PYTHON") else pytest.skip
        missing(f"{python} has no keras with {backend}")
    return python


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights of every tiny network and its logits on TensorFlow."""
    folder = tmp_path_factory.mktemp("backends")
    for seed, name in enumerate(MODELS):
        model = stir(tiny(name), seed)
        np.savez(folder / f"{name}.npz", *model.get_weights())
        np.save(folder / f"{name}.expected.npy", model(pixels(2), training=False))
    return folder


def run(backend, folder):
    done = folder / f"convolutions.{backend}.npz"
    if not done.exists():
        subprocess.run([interpreter(backend), "-m", "tests.res3d.backend_outputs", folder], check=True,
                       env=environment(backend))
    return np.load(done)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_logits_are_the_same(backend, folder):
    run(backend, folder)
    for name in MODELS:
        actual, expected = np.load(folder / f"{name}.{backend}.npy"), np.load(folder / f"{name}.expected.npy")
        scale = np.abs(expected).max()
        np.testing.assert_allclose(actual / scale, expected / scale, atol=1e-4, err_msg=name)  # float32, many layers


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_heads_say_the_same(backend, folder):
    for other in ("tensorflow", backend):
        run(other, folder)
    actual, expected = (np.load(folder / f"heads.{name}.npz") for name in (backend, "tensorflow"))
    assert {key.split("/")[0] for key in actual.files} == set(HEADS)
    for key in expected.files:
        np.testing.assert_allclose(actual[key], expected[key], 1e-4, 1e-4, err_msg=key)  # float32, several layers


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_fast_convolutions_equal_their_definition(backend, folder):
    results = run(backend, folder)
    for key in results.files:
        case, form, what = key.split("/")
        if form != "definition":
            expected = results[f"{case}/definition/{what}"]
            np.testing.assert_allclose(results[key], expected, 1e-5, 1e-5 * np.abs(expected).max(), err_msg=key)
