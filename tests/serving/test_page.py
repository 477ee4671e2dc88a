"""The page: its figures, a dropped video, and the whole of it in a headless browser where there is one."""

import base64
import http.client
import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from pipelines import video
from res3d.geometry import ClipSpec
from serving import flags
from serving.server import Server

CLIP = ClipSpec(frames=4, stride=2, height=32, width=32)
LABELS = ["red", "green", "blue", "nothing"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model whose label is the brightest colour of the picture's upper left patch."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("page") / "colours" / "1"
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec((None, *CLIP.shape), tf.uint8, name="clip")], autograph=False)
    def serve(clip):
        brightness = tf.reduce_mean(tf.cast(clip[:, :, :6, :6], tf.float32), (1, 2, 3)) / 30.0
        scores = tf.nn.softmax(tf.concat([brightness, tf.zeros_like(brightness[:, :1])], 1))
        best = tf.math.top_k(scores, 4)
        names = tf.gather(tf.constant(LABELS), best.indices)
        return {"scores": scores, "top_scores": best.values, "top_classes": names}

    module.serve = serve
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    (folder / "assets.extra").mkdir()
    CLIP.save(folder / "assets.extra/clip.json")
    (folder / "assets.extra/labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    return folder.parent


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    """A video that is green in its upper left quarter and grey elsewhere."""
    frames = np.full((12, 64, 64, 3), 100, np.uint8)
    frames[:, :32, :32] = (20, 230, 20)
    path = tmp_path_factory.mktemp("video") / "green.avi"
    video.write_video(str(path), frames)
    return path


@pytest.fixture(scope="module")
def server(model):
    settings = {**flags.defaults(), "port": 0, "rest_api_port": None, "model_base_path": str(model),
                "model_name": "colours", "page": True, "tensorflow_intra_op_parallelism": 1}
    with Server(settings) as server:
        yield server


def ask(server, verb, path, body=None):
    connection = http.client.HTTPConnection(server.rest_address, timeout=30)
    connection.request(verb, path, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def test_the_page_needs_no_network(server):
    status, content = ask(server, "GET", "/")
    assert status == 200
    assert b"<title>res3d serve</title>" in content
    assert b"http://" not in content
    assert b"https://" not in content


def test_state(server):
    status, content = ask(server, "GET", "/page/state")
    (model,) = json.loads(content)["models"]
    assert status == 200
    assert model["name"] == "colours"
    assert model["labels"] == LABELS
    assert model["versions"] == [{"version": "1", "state": "AVAILABLE", "error": ""}]
    assert ClipSpec.from_dict(model["clip"]) == CLIP


def test_a_dropped_video(server, green):
    status, content = ask(server, "POST", "/page/classify?model=colours", green.read_bytes())
    answer = json.loads(content)
    assert status == 200
    assert answer["top"][0]["label"] == "green"
    assert sum(entry["score"] for entry in answer["top"]) == pytest.approx(1, abs=1e-5)  # float32 softmax
    assert answer["indices"] == [2, 4, 6, 8]
    picture = video.decode_image(base64.b64decode(answer["frames"][0].partition(",")[2]))
    assert picture.shape == CLIP.shape[1:]
    assert picture[4, 4].argmax() == 1
    (model,) = json.loads(ask(server, "GET", "/page/state")[1])["models"]
    assert model["rate"] > 0
    assert model["ms"] > 0


def test_where_it_looked(server, green):
    status, content = ask(server, "POST", "/page/look?model=colours", green.read_bytes())
    answer = json.loads(content)
    heat = np.array(answer["heat"])
    assert (status, answer["label"]) == (200, "green")
    assert heat[0, 0] == 1
    assert heat.sum() == 1, "only the upper left patch matters to this model"


@pytest.mark.parametrize(("path", "body", "status", "message"), [
    ("/page/classify?model=colours", b"no video", 400, "This is no video that can be read: "),
    ("/page/classify?model=nobody", b"", 404, "Servable not found for request: Latest(nobody)"),
    ("/page/look?model=colours", b"", 400, "This is no video that can be read: ")])
def test_refusals(server, path, body, status, message):
    found, content = ask(server, "POST", path, body)
    assert found == status
    assert json.loads(content)["error"].startswith(message)


def test_without_the_flag_there_is_no_page(model):
    settings = {**flags.defaults(), "port": 0, "rest_api_port": None, "model_base_path": str(model)}
    with Server(settings) as server:
        assert ask(server, "GET", "/")[0] == 404


def _browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        reason = "needs Chromium (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.mark.slow
def test_in_a_browser(server, green, tmp_path):
    """Chromium loads the page, its script drops the video as a user would, and the finished page is read."""
    script = tmp_path / "page.html"
    page = ask(server, "GET", "/")[1].decode()
    data = base64.b64encode(green.read_bytes()).decode()
    drop = ("<script>addEventListener('load', async () => { while (!chosen) await new Promise(r => setTimeout(r, 50));"
            f"const bytes = Uint8Array.from(atob('{data}'), c => c.charCodeAt(0));"
            "const carried = new DataTransfer(); carried.items.add(new File([bytes], 'green.avi'));"
            "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: carried}));"
            "});</script>")
    script.write_text(page + drop)
    server._rest._page.html = script.read_text
    done = subprocess.run(
        [_browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
         "--virtual-time-budget=20000", "--dump-dom", f"http://{server.rest_address}/"],
        capture_output=True, text=True, timeout=120)
    assert "colours" in done.stdout
    assert "4 labels" in done.stdout
    bars = done.stdout.partition('id="bars"')[2].partition('id="times"')[0]
    assert bars.index("green") < bars.index("red")
    assert done.stdout.count('<img src="data:image/jpeg') + done.stdout.count('alt="frame') >= CLIP.frames
