"""Models on the hub, asked by its addresses alone, from a server on loopback."""

import hashlib
import json

import pytest

from res3d.weights.errors import FetchError
from res3d.weights.store import hub
from res3d.weights.store.hub import fetch_hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def endpoint(server, monkeypatch):
    """The server as the hub, and no library for it."""
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setattr(hub.importlib.util, "find_spec", lambda name: None)


def offer(server, files, revision="main", commit=COMMIT):
    """Puts a model with these files on the hub."""
    siblings = [{"rfilename": name, "lfs": {"sha256": hashlib.sha256(data).hexdigest()} if len(data) > 9 else None}
                for name, data in files.items()]
    server.put(f"/api/models/me/net/revision/{revision}?blobs=true",
               json.dumps({"sha": commit, "siblings": siblings}).encode())
    for name, data in files.items():
        server.put(f"/me/net/resolve/{commit}/{name}", data)


PRESET = {"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b"many weights", "res3d.json": b"{}",
          "README.md": b"#", "other.bin": b"x" * 100}


def test_a_preset_is_a_folder(server):
    offer(server, PRESET)
    folder = fetch_hub("hf://me/net")
    assert sorted(path.name for path in folder.iterdir()) == sorted(set(PRESET) - {"other.bin"})
    assert (folder / "model.weights.h5").read_bytes() == b"many weights"
    asked = len(server.asked)
    assert fetch_hub("hf://me/net") == folder
    assert len(server.asked) == asked + 1  # whether there is a newer one


def test_a_revision_and_its_commit(server):
    offer(server, PRESET, "v1.0", "a" * 40)
    offer(server, PRESET)
    assert fetch_hub("hf://me/net@v1.0").name == "a" * 40
    assert fetch_hub("hf://me/net").name == COMMIT


def test_one_file_of_weights(server):
    offer(server, {"README.md": b"#", "model.safetensors": b"tensors, not few"})
    path = fetch_hub("hf://me/net")
    assert (path.name, path.read_bytes()) == ("model.safetensors", b"tensors, not few")


def test_offline_is_as_last_time(server, monkeypatch):
    offer(server, PRESET)
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    with pytest.raises(FetchError, match="forbids to fetch it"):
        fetch_hub("hf://me/net")
    monkeypatch.delenv("RES3D_OFFLINE")
    folder = fetch_hub("hf://me/net")
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    assert fetch_hub("hf://me/net") == folder


def test_another_file_than_the_list_says(server):
    offer(server, PRESET)
    server.put(f"/me/net/resolve/{COMMIT}/model.weights.h5", b"other weights")
    with pytest.raises(FetchError, match="not the published one"):
        fetch_hub("hf://me/net")


def test_what_is_no_model(server):
    offer(server, {"README.md": b"#", "a.bin": b"1"})
    with pytest.raises(ValueError, match=r"in hf://me/net\. It has README.md, a.bin"):
        fetch_hub("hf://me/net")
    with pytest.raises(ValueError, match="A model on the hub is hf://ORG/NAME"):
        fetch_hub("hf://net")
    with pytest.raises(FetchError, match="the server answers 404"):
        fetch_hub("hf://me/none")
    server.put("/api/models/me/net/revision/main?blobs=true", b'{"sha": null}')
    with pytest.raises(FetchError, match="list of its files is none"):
        fetch_hub("hf://me/net")
