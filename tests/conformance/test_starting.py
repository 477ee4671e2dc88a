"""What a server waits for before it opens its ports, and what keeps it from starting."""

import threading
import time

import httpx
import pytest

from serving.errors import ServingError
from serving.server.server import Server
from serving.server.settings import Settings
from tests.conformance.versions import FAST, publish


def test_a_first_version_that_cannot_load_keeps_the_server_from_starting(tmp_path):
    (tmp_path / "m/1").mkdir(parents=True)
    (tmp_path / "m/1/saved_model.pb").write_bytes(b"no")
    values = {"port": None, "rest_api_port": None, "model_base_path": str(tmp_path / "m"), **FAST}
    with pytest.raises(ServingError, match="failed to become available"):
        Server(Settings.from_flags(values)).start()


def test_an_empty_base_path_is_waited_for_with_closed_ports(tmp_path, built):
    base = tmp_path / "m"
    base.mkdir()
    values = {"port": None, "rest_api_port": None, "model_base_path": str(base),
              "model_name": "m", **FAST}
    server = Server(Settings.from_flags(values))
    starter = threading.Thread(target=server.start)
    starter.start()
    time.sleep(0.3)
    assert starter.is_alive()
    assert server.rest_address is None
    publish(built / "line", base, 1)
    starter.join(20)
    assert httpx.get(f"http://{server.rest_address}/v1/models/m").status_code == 200
    server.stop()


def test_a_server_that_waits_can_be_stopped(tmp_path):
    (tmp_path / "m").mkdir()
    values = {"port": None, "rest_api_port": None, "model_base_path": str(tmp_path / "m"), **FAST}
    server = Server(Settings.from_flags(values))
    starter = threading.Thread(target=server.start)
    starter.start()
    time.sleep(0.1)
    server.stop()
    starter.join(10)
    assert not starter.is_alive()
