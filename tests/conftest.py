"""Fixtures that every room's tests share. Real videos and annotations are read in place, beside the checkout."""

import gc
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("RES3D_SHARED", ROOT.parent / "shared"))


def pytest_collection_finish():
    """What is there by now, TensorFlow above all, stays to the end: no garbage need be looked for in it."""
    gc.collect()
    gc.freeze()


def _shared(name):
    folder = SHARED / name
    if not folder.is_dir():
        reason = f"needs the real {name} in {SHARED} (set RES3D_SHARED to the folder that holds them)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def clips():
    """The folder of real videos: action/, odd/, undecodable/, derived/, clips.csv."""
    return _shared("clips")


@pytest.fixture(scope="session")
def annotations():
    """The folder of real annotation files."""
    return _shared("annotations")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once("name", make)`: the folder that `make(folder)` fills, in the first process of the tests to ask for it.

    All of them read it; none writes there.
    """
    import fcntl
    import shutil

    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"

    def made(name, make):
        shared.mkdir(exist_ok=True)
        folder, ready = shared / name, shared / f"{name}.ready"
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                ready.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def runtime():
    """`runtime("onnx")`: skips where a package of that extra is missing, and fails where all of them must be."""
    import importlib.util

    packages = {"onnx": ("onnx", "tf2onnx", "onnxruntime"), "openvino": ("openvino",), "litert": ("ai_edge_litert",),
                "int8": ("nncf", "openvino")}

    def need(extra):
        missing = [name for name in packages[extra] if importlib.util.find_spec(name) is None]
        if missing:
            stop = pytest.fail if os.environ.get("RES3D_BACKENDS_PYTHON") else pytest.skip
            stop(f"needs {', '.join(missing)}: pip install 'res3d[{extra}]'")

    return need
