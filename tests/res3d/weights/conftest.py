"""What the goldens' script shares with these tests: formula, list of cases, and torch's layouts without torch."""

import numpy as np
import pytest

from tests.golden import cases as published
from tests.golden import formula as weights
from tests.golden import torch_layout


@pytest.fixture(scope="session")
def layout():
    """Writes torch's files: `write_zip`, `write_legacy`, `View`, `Raw`, `call`."""
    return torch_layout


@pytest.fixture(scope="session")
def formula():
    """The formula of the goldens' weights and clips."""
    return weights


@pytest.fixture(scope="session")
def cases():
    """The list of published networks with goldens."""
    return published


@pytest.fixture(scope="session")
def shapes_of(cases):
    """{key: shape} of a published state dict, by the name of its case."""
    def read(name):
        lines = bytes(np.load(cases.golden(name))["shapes"]).decode().splitlines()
        return {key: tuple(map(int, shape)) for key, *shape in map(str.split, lines)}
    return read
