"""A preset to the hub and back, over HTTP on loopback: by the hub's own client, and without it."""

import numpy as np
import pytest

import res3d
from res3d.pretrained.preset import sample_clip, scores
from res3d.weights.errors import FetchError
from res3d.weights.store import hub as store
from res3d.workflows.loading import load_network, load_trained
from res3d.workflows.start import load_start
from tests.res3d.pretrained.conftest import CLIP
from tests.res3d.pretrained.hub_server import Hub

LABELS = ["a", "b", "c"]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty hub on loopback, and empty caches."""
    server = Hub()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    for name in ("RES3D_OFFLINE", "RES3D_MIRROR", "HF_TOKEN", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.close()


@pytest.fixture
def client(hub, tmp_path, monkeypatch):
    """The hub's own client, in an empty cache, without its transfer protocol of its own."""
    pytest.importorskip("huggingface_hub", reason="needs the hub's client: pip install res3d[hub]")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setenv("HF_TOKEN", "hf_loopback")


@pytest.fixture(params=["addresses", "client"])
def reader(request, monkeypatch):
    """How a model is read: by the hub's client, or by addresses where it is not installed."""
    if request.param == "client":
        request.getfixturevalue("client")
    else:
        monkeypatch.setattr(store.importlib.util, "find_spec", lambda name: None)


def offer(hub, folder, **others):
    """Puts a folder's files on the hub; returns the commit."""
    return hub.commit("me/waving", {**{path.name: path.read_bytes() for path in folder.iterdir()}, **others})


@pytest.mark.usefixtures("client")
@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # inside the client
def test_pushed_and_read_back(hub, model, folder):
    address = res3d.push_preset(folder, "hf://me/waving")
    kept = hub.commits["me/waving"]["main"]
    assert kept == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert address == f"{hub.address}/me/waving/commit/{hub.id_of('me/waving', 'main')}"
    loaded, clip, labels, _ = load_trained("hf://me/waving")
    assert (clip, labels) == (CLIP, LABELS)
    np.testing.assert_array_equal(scores(loaded, sample_clip(CLIP)), scores(model, sample_clip(CLIP)))


@pytest.mark.slow
@pytest.mark.usefixtures("reader")
def test_a_preset_of_the_hub_is_a_model(hub, model, folder):
    commit = offer(hub, folder)
    loaded, clip, labels, several = load_network("hf://me/waving")
    assert (clip, labels, several) == (CLIP, LABELS, False)
    np.testing.assert_array_equal(scores(loaded, sample_clip(CLIP)), scores(model, sample_clip(CLIP)))
    origin = res3d.origin_of(loaded)
    assert (origin.name, origin.address, origin.top1) == (f"hf://me/waving@{commit}",) * 2 + (74.58,)
    again = res3d.build("resnet_10", weights="hf://me/waving", width=0.125)
    np.testing.assert_array_equal(scores(again, sample_clip(CLIP)), scores(model, sample_clip(CLIP)))
    other = res3d.build("resnet_10", 7, CLIP, width=0.125)
    assert sorted(load_start(other, "hf://me/waving")) == ["logits/bias", "logits/kernel"]


@pytest.mark.usefixtures("reader")
def test_a_revision_is_that_commit(hub, folder):
    first = offer(hub, folder)
    offer(hub, folder, **{"README.md": b"# newer"})
    path = store.fetch_hub(f"hf://me/waving@{first}")
    assert path.name == first
    assert (path / "README.md").read_bytes() == (folder / "README.md").read_bytes()
    assert (store.fetch_hub("hf://me/waving") / "README.md").read_bytes() == b"# newer"


@pytest.mark.slow
@pytest.mark.usefixtures("reader")
def test_what_plain_keras_pushes_is_a_model_too(hub, model, folder):
    files = {name: (folder / name).read_bytes() for name in ("config.json", "metadata.json", "model.weights.h5")}
    hub.commit("me/plain", {**files, "labels.txt": b"x\ny\nz\n"})
    loaded, clip, labels, _ = load_trained("hf://me/plain")
    assert (clip, labels) == (CLIP, ["x", "y", "z"])
    np.testing.assert_array_equal(scores(loaded, sample_clip(CLIP)), scores(model, sample_clip(CLIP)))
    assert load_start(res3d.build("resnet_10", 3, CLIP, width=0.125), "hf://me/plain") == []


@pytest.mark.usefixtures("reader")
def test_offline_is_as_last_time(hub, folder, monkeypatch):
    offer(hub, folder)
    path = store.fetch_hub("hf://me/waving")
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    asked = len(hub.asked)
    assert store.fetch_hub("hf://me/waving") == path
    with pytest.raises(FetchError, match="Cannot fetch hf://me/other: it is not here and RES3D_OFFLINE"):
        store.fetch_hub("hf://me/other")
    assert len(hub.asked) == asked


@pytest.mark.usefixtures("reader")
def test_a_model_that_is_not_there(hub):
    with pytest.raises(FetchError, match=r"Cannot fetch hf://me/none: .*404"):
        load_trained("hf://me/none")
    assert any("/me/none/" in asked for asked in hub.asked)
