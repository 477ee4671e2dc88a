"""A cache of one's own, and a server."""

import pytest

from res3d.weights.store import transfer
from tests.res3d.weights.store.server import Server


@pytest.fixture
def server():
    """A `Server`."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty RES3D_HOME, no mirror and no patience."""
    for name in ("RES3D_MIRROR", "RES3D_OFFLINE", "HF_TOKEN", "HF_ENDPOINT", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(transfer, "WAIT", 0.001)
    return tmp_path / "home"
