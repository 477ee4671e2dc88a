"""What the goldens' script shares with these tests: formula, list of cases, and torch's layouts without torch."""

import importlib.util
import pathlib
import sys

import numpy as np
import pytest

GOLDEN = pathlib.Path(__file__).parents[2] / "golden"


def _load(name):
    if f"golden_{name}" not in sys.modules:
        spec = importlib.util.spec_from_file_location(f"golden_{name}", GOLDEN / f"{name}.py")
        sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[spec.name])
    return sys.modules[f"golden_{name}"]


@pytest.fixture(scope="session")
def layout():
    """Writes torch's files: `write_zip`, `write_legacy`, `View`, `Raw`, `call`."""
    return _load("torch_layout")


@pytest.fixture(scope="session")
def formula():
    """The formula of the goldens' weights and clips."""
    return _load("formula")


@pytest.fixture(scope="session")
def cases():
    """The list of published networks with goldens."""
    return _load("cases")


@pytest.fixture(scope="session")
def shapes_of(cases):
    """{key: shape} of a published state dict, by the name of its case."""
    def read(name):
        lines = bytes(np.load(cases.golden(name))["shapes"]).decode().splitlines()
        return {key: tuple(map(int, shape)) for key, *shape in map(str.split, lines)}
    return read
