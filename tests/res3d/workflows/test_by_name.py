"""Commands take published weights by name, fetched from a mirror into an empty cache."""

import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest

import res3d
from res3d.workflows.loading import load_network, load_trained
from res3d.workflows.start import load_start
from tests.res3d.weights.store.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("home")]


def test_a_network_to_score_with(mirror, tmp_path):
    model, clip, labels, multi_label = load_network("x3d_xs")
    assert (len(labels), labels[0], multi_label) == (400, "abseiling", False)
    assert clip == res3d.preset("x3d_xs")
    assert model.output_shape == (None, 400)
    own = tmp_path / "labels.txt"
    own.write_text("".join(f"class {i}\n" for i in range(400)))
    assert load_trained(next(mirror.rglob("*.pyth")), own)[2][399] == "class 399"


def test_training_starts_from_a_tag_of_its_network():
    model = res3d.build("x3d_xs", 5)
    left = load_start(model, "kinetics400")
    assert sorted(left) == ["logits/bias", "logits/kernel"]


@pytest.mark.parametrize(("name", "words"), [
    ("x3d_xs/none", "Published weights of x3d_xs are"), ("no_such_network", "no published weights have that name"),
    ("slow_r5", "Did you mean slow_r50"), ("none.pth", "no published weights have that name")])
def test_names_that_mean_nothing(name, words):
    with pytest.raises(FileNotFoundError, match="A model must be a work folder of `res3d train`") as raised:
        load_network(name)
    assert words in str(raised.value)


def test_a_start_that_is_none():
    with pytest.raises(FileNotFoundError, match=r"Weights must come from a work folder, .* Received: 'kinetics4000'"):
        load_start(res3d.build("x3d_xs", 5), "kinetics4000")


@pytest.fixture
def publisher(mirror, monkeypatch):
    """The mirror, asked over HTTP on loopback; the paths that were asked for."""
    server = Server()
    for path in mirror.rglob("*.pyth"):
        server.put(f"/{path.relative_to(mirror)}", path.read_bytes())
    monkeypatch.setenv("RES3D_MIRROR", server.address)
    yield server
    server.close()


@pytest.mark.clips
def test_labels_in_one_command(publisher, clips, console):
    video = clips / "action" / "baseball.mp4"
    tops = []
    for _ in range(2):
        code, out, _ = console("predict", video, "--model=x3d_xs", "--json")
        assert code == 0
        tops.append(json.loads(out)[0]["top"])
    assert len(publisher.asked) == 1
    assert len(tops[0]) == 5
    assert tops[0] == tops[1]
    assert {answer["label"] for answer in tops[0]} < set(res3d.weights.names_of("kinetics400"))
    code, _, err = console("predict", video, "--model=x3d_s", "--offline")
    assert code == 1
    assert "X3D_S.pyth: it is not here" in err


@pytest.mark.clips
def test_the_same_served(publisher, clips, console, tmp_path):
    video, said = clips / "action" / "baseball.mp4", tmp_path / "said"
    here = json.loads(console("predict", video, "--model=x3d_xs", "--json")[1])[0]["top"]
    with (open(said, "w") as file, subprocess.Popen(
            [sys.executable, "-m", "res3d.commands.main", "serve", "x3d_xs", "--port=38621", "--rest_api_port=38622"],
            stdout=file, stderr=file, env=os.environ) as server):
        try:
            while server.poll() is None:
                try:
                    urllib.request.urlopen("http://127.0.0.1:38622/readyz").close()
                    break
                except OSError:
                    time.sleep(0.2)
            assert server.poll() is None, said.read_text()
            code, out, err = console("predict", video, "--server=http://127.0.0.1:38622/x3d_xs", "--json")
        finally:
            server.terminate()
    assert code == 0, err
    there = json.loads(out)[0]["top"]
    assert [answer["label"] for answer in there] == [answer["label"] for answer in here]
    assert len(publisher.asked) == 1
