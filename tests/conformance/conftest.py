"""One server over real sockets, with small models of every kind, for all conformance tests."""

import contextlib
import shutil

import grpc
import httpx
import numpy as np
import pytest

from serving.server.server import Server
from serving.server.settings import Settings
from tests.conformance import toys as builders


@pytest.fixture(scope="session")
def toys():
    """The builders of toys.py."""
    return builders


@pytest.fixture(scope="session")
def built(tmp_path_factory, toys):
    """Version folders to copy from: toys, tf1, line (y = x / 2 + 2), triple (y = 3 x + 2)."""
    folder = tmp_path_factory.mktemp("built")
    with contextlib.redirect_stderr(None):
        toys.write_toys(folder / "toys")
        toys.give_default(folder / "toys", "two_inputs", "b", np.float32([10]))
        toys.write_tf1(folder / "tf1")
        toys.write_line(folder / "line")
        toys.write_line(folder / "triple", 3.0)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory, built):
    """toys/1, old/00000123 and two/1, two/2, with the text file that configures them."""
    folder = tmp_path_factory.mktemp("models")
    for source, target in (("toys", "toys/1"), ("tf1", "old/00000123"), ("line", "two/1"), ("triple", "two/2")):
        shutil.copytree(built / source, folder / target)
    (folder / "two/notes").mkdir()
    (folder / "models.config").write_text(f"""
model_config_list {{
  config {{ name: "toys" base_path: "{folder}/toys" model_platform: "tensorflow" }}
  config {{ name: "old" base_path: "{folder}/old" model_platform: "tensorflow" }}
  config {{ name: "two" base_path: "{folder}/two" model_platform: "tensorflow"
            model_version_policy {{ all {{}} }}
            version_labels {{ key: "stable" value: 1 }} version_labels {{ key: "canary" value: 2 }} }}
}}""")
    (folder / "monitoring.config").write_text('prometheus_config { enable: true path: "/monitoring/metrics" }')
    return folder


class Running:
    """A started server and clients for it."""

    def __init__(self, server):
        self.server = server
        self.http = httpx.Client(base_url=f"http://{server.rest_address}", timeout=30)
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(server.grpc_address, options=unlimited)

    def close(self):
        self.http.close()
        self.channel.close()


@pytest.fixture(scope="session")
def serve():
    """A context manager that runs a server in this process: `with serve(flag=value, ...) as running`."""

    @contextlib.contextmanager
    def run(health_service=False, **values):
        values = {"port": None, "rest_api_port": None, "rest_api_num_threads": 16, "grpc_max_threads": 16,
                  "tensorflow_intra_op_parallelism": 1, **values}
        with Server(Settings.from_flags(values, health=health_service)) as server:
            running = Running(server)
            try:
                yield running
            finally:
                running.close()

    return run


@pytest.fixture(scope="session")
def running(serve, models):
    """The server that most tests ask: default flags, no batching, Prometheus on."""
    with serve(model_config_file=str(models / "models.config"), allow_version_labels_for_unavailable_models=True,
               monitoring_config_file=str(models / "monitoring.config"), rest_api_timeout_in_ms=2000,
               enable_grpc_healthcheck_service=True) as running:
        yield running
