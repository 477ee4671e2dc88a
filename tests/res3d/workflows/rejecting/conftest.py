"""What tests of a rejection share: a run's own answers beside those of a server of its export."""

import json

import pytest

from res3d.workflows.export import export
from serving.server.server import Server
from serving.server.settings import Settings


@pytest.fixture
def both_answers(motion, tmp_path, console):
    """`both_answers(run)`: what `predict --json` says of the held-out videos by the run, and by a server of it."""
    def answers(run):
        export(run, None, str(tmp_path / "actions"), fold=False)
        values = {"model_name": "actions", "model_base_path": str(tmp_path / "actions"), "port": None,
                  "rest_api_port": None}
        videos = sorted(map(str, (motion / "val").rglob("*.avi")))
        own = json.loads(console("predict", *videos, f"--model={run}", "--json")[1])
        with Server(Settings.from_flags(values)) as server:
            asked = f"--server=grpc://{server.grpc_address}/actions"
            return own, json.loads(console("predict", *videos, asked, "--json")[1])

    return answers
