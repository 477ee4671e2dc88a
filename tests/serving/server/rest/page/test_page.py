"""The page: its figures, a dropped video, and the whole of it in a headless browser where there is one."""

import base64
import html
import http.client
import json
import re
import subprocess
import time

import numpy as np
import pytest

from pipelines.video import opencv, reading, writer
from res3d.geometry import ClipSpec
from serving.errors import ServingError
from serving.server.rest.page import page, videos
from serving.server.server import Server
from serving.server.settings import Settings
from tests.res3d.looks.browser import browser
from tests.serving.server.rest.page import colours
from tests.serving.server.rest.page.colours import CLIP, LABELS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return colours.save(tmp_path_factory.mktemp("page") / "colours" / "1").parent


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    """A video that is green in its upper left quarter and grey elsewhere."""
    frames = np.full((12, 64, 64, 3), 100, np.uint8)
    frames[:, :32, :32] = (20, 230, 20)
    path = tmp_path_factory.mktemp("video") / "green.avi"
    writer.write_video(str(path), frames)
    return path


@pytest.fixture(scope="module")
def server(model):
    values = {"port": 0, "rest_api_port": None, "model_base_path": str(model),
              "model_name": "colours", "page": True, "tensorflow_intra_op_parallelism": 1}
    with Server(Settings.from_flags(values)) as server:
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
    assert b"--paper: #ffffff" in content, "the look of all pages"
    assert b"http://" not in content
    assert b"https://" not in content


def test_state(server):
    status, content = ask(server, "GET", "/page/state")
    state = json.loads(content)
    (model,) = state["models"]
    assert (status, state["most_bytes"]) == (200, 64 << 20)
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
    picture = opencv.decode_image(base64.b64decode(answer["frames"][0].partition(",")[2]))
    assert picture.shape == CLIP.shape[1:]
    assert picture[4, 4].argmax() == 1
    (model,) = json.loads(ask(server, "GET", "/page/state")[1])["models"]
    assert model["rate"] > 0
    assert model["ms"] > 0
    assert len(model["series"]) == 30
    assert any(rate > 0 and ms > 0 for rate, ms in model["series"])


def test_frames_are_taken_as_the_model_says(server, model, green):
    file = model / "1" / "assets.extra" / "clip.json"
    CLIP.replace(sampling="segments").save(file)
    try:
        answer = json.loads(ask(server, "POST", "/page/classify?model=colours", green.read_bytes())[1])
        state = json.loads(ask(server, "GET", "/page/state")[1])
    finally:
        CLIP.save(file)
    assert answer["indices"] == [1, 4, 7, 10]
    assert state["models"][0]["clip"]["sampling"] == "segments"


def test_where_it_looked(server, green):
    status, content = ask(server, "POST", "/page/look?model=colours", green.read_bytes())
    answer = json.loads(content)
    heat = np.array(answer["heat"])
    assert (status, answer["label"]) == (200, "green")
    assert heat[0, 0] == 1
    assert heat.sum() == 1, "only the upper left patch matters to this model"


@pytest.fixture(scope="module")
def changing(tmp_path_factory):
    return colours.film(tmp_path_factory.mktemp("video") / "changing.avi")


def test_answers_over_the_time_of_a_video(server, changing):
    status, content = ask(server, "POST", "/page/follow?model=colours", changing.read_bytes())
    answer = json.loads(content)
    assert status == 200
    assert len(answer["seconds"]) == len(answer["scores"]) == 42 // CLIP.span
    assert answer["seconds"][0] == pytest.approx([0, 0.6], abs=0.06)
    assert answer["seconds"][-1] == pytest.approx([3.5, 4.1], abs=0.06)
    assert set(answer["labels"]) == {"green", "blue"}
    best = [answer["labels"][int(np.argmax(row))] for row in answer["scores"]]
    assert best == sorted(best, reverse=True), "green, then blue"
    assert {"green", "blue"} == set(best)


def test_a_video_as_short_as_a_clip_has_one_answer(server, green):
    answer = json.loads(ask(server, "POST", "/page/follow?model=colours", green.read_bytes())[1])
    assert (len(answer["seconds"]), answer["labels"]) == (1, ["green"])


def test_the_clips_over_a_video_are_held_to_some_memory(server, changing, monkeypatch):
    monkeypatch.setattr(page, "_MOST_HELD", 3 * int(np.prod(CLIP.shape)))
    answer = json.loads(ask(server, "POST", "/page/follow?model=colours", changing.read_bytes())[1])
    assert len(answer["scores"]) == 3


@pytest.mark.parametrize(("path", "body", "status", "message"), [
    ("/page/follow?model=colours", b"no video", 400, "This is no video that can be read: "),
    ("/page/classify?model=colours", b"no video", 400, "This is no video that can be read: "),
    ("/page/classify?model=nobody", b"", 404, "Servable not found for request: Latest(nobody)"),
    ("/page/look?model=colours", b"", 400, "This is no video that can be read: ")])
def test_refusals(server, path, body, status, message):
    found, content = ask(server, "POST", path, body)
    assert found == status
    assert json.loads(content)["error"].startswith(message)


@pytest.mark.parametrize(("limit", "value", "message"), [
    ("MOST_PIXELS", 100, "A video's frames must have at most 100 pixels, "),
    ("MOST_DECODED", 10_000, "A video for this page must have at most 10000 pixels in all its frames, "),
    ("SECONDS", -1, "A video for this page must ")])
def test_a_video_that_takes_too_much_is_refused_as_it_is_decoded(green, monkeypatch, limit, value, message):
    monkeypatch.setattr(videos, limit, value)
    within, seen = videos.bounds(), []

    def counted(frames, height, width):
        seen.append(frames)
        within(frames, height, width)

    with pytest.raises(ServingError, match=f"^{message}") as refused:
        reading.probe(str(green), within=counted)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert len(seen) < reading.probe(str(green)).num_frames


@pytest.mark.slow
def test_without_the_flag_there_is_no_page(model):
    values = {"port": 0, "rest_api_port": None, "model_base_path": str(model)}
    with Server(Settings.from_flags(values)) as server:
        assert ask(server, "GET", "/")[0] == 404


# Runs in the page and in the same page 375 pixels wide: drops a video, asks where the network looked, measures.
_AS_A_USER = """<script>
const until = async found => { while (!found()) await new Promise(r => setTimeout(r, 50)); };
const drop_on = async (type, bytes) => {
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], type + ".avi"));
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: carried}));
};
addEventListener("load", async () => {
  await until(() => chosen);
  await drop_on("broken", new Uint8Array(9));
  await until(() => $("error").textContent);
  document.body.dataset.error = $("error").textContent;
  const film = Uint8Array.from(atob("FILM"), c => c.charCodeAt(0));
  await drop_on("green", film);
  await until(() => shown);
  $("look").click();
  await drop_on("again", film);  // while the network is asked where it looked in the first
  await until(() => shown.file.name === "again.avi");
  await until(() => !$("drop").classList.contains("busy"));
  document.body.dataset.stale = document.querySelectorAll("#frames canvas").length;
  $("look").click();
  await until(() => document.querySelector("#frames canvas"));
  await drop_on("changing", Uint8Array.from(atob("CHANGING"), c => c.charCodeAt(0)));
  await until(() => shown.file.name === "changing.avi" && !$("over-time").hidden);
  document.body.dataset.course = $("course").textContent;
  await drop_on("again", film);
  await until(() => shown.file.name === "again.avi" && !$("drop").classList.contains("busy"));
  $("look").click();
  await until(() => document.querySelector("#frames canvas"));
  const heading = document.querySelector("h2").getBoundingClientRect(), box = $("drop").getBoundingClientRect();
  document.body.dataset.layout = JSON.stringify([
    document.documentElement.scrollWidth <= innerWidth, box.top >= heading.bottom, box.width > 0.8 * innerWidth]);
  if (self !== top) return;
  const phone = document.createElement("iframe");
  phone.width = 375; phone.height = 800; phone.src = "/";
  document.body.append(phone);
  await until(() => phone.contentDocument.body?.dataset.layout);
  document.body.dataset.phone = phone.contentDocument.body.dataset.layout;
});
</script>"""


@pytest.mark.slow
def test_in_a_browser(server, green, changing, tmp_path, monkeypatch):
    """Chromium loads the page, its script drops videos as a user would, and the finished page is read."""
    script = tmp_path / "page.html"
    page = ask(server, "GET", "/")[1].decode()
    films = {"FILM": green, "CHANGING": changing}
    user = _AS_A_USER
    for word, film in films.items():
        user = user.replace(f'"{word}"', f'"{base64.b64encode(film.read_bytes()).decode()}"')
    script.write_text(page + user)
    monkeypatch.setattr(server._rest._page._page, "html", script.read_text)
    done = subprocess.run(
        [*browser(tmp_path / "profile"), "--window-size=1000,900", "--virtual-time-budget=40000", "--dump-dom",
         f"http://{server.rest_address}/"],
        capture_output=True, text=True, timeout=120)
    told = html.unescape(done.stdout)
    assert "colours" in told
    assert "4 labels" in told
    bars = told.partition('id="bars"')[2].partition('id="times"')[0]
    assert bars.index("green") < bars.index("red")
    assert told.count('alt="frame ') == CLIP.frames
    assert "Answering: 1 version available" in told
    assert "<polyline" in told
    assert f"curl --data-binary @video.mp4 'http://{server.rest_address}/page/classify?model=colours'" in told
    assert f'with Client("http://{server.rest_address}", "colours") as client:' in told
    assert 'data-error="broken.avi: This is no video that can be read: ' in told
    assert 'data-stale="0"' in told
    assert re.search(r'data-course="0\.0 s to \d\.\d s: green; \d\.\d s to 4\.\d s: blue"', told)
    assert "again.avi: decoded in" in told
    assert "red: covering this costs “green” the most" in told
    assert told.count("<canvas") == CLIP.frames
    assert 'data-layout="[true,true,true]"' in told
    assert 'data-phone="[true,true,true]"' in told


_WITH_A_CAMERA = """<script>
addEventListener("load", async () => {
  while (!chosen) await new Promise(r => setTimeout(r, 50));
  $("camera").click();
  while (!shown && !$("error").textContent) await new Promise(r => setTimeout(r, 50));
  $("camera").click();
  fetch($("error").textContent ? "page/refused" : "page/answered");
});
</script>"""


@pytest.mark.slow
def test_the_camera_of_a_browser_is_asked_about(server, tmp_path, monkeypatch):
    """Chromium films its own test picture, sends it, and tells what came of it."""
    text, told = ask(server, "GET", "/")[1].decode(), []
    monkeypatch.setattr(server._rest._page._page, "html", lambda: text + _WITH_A_CAMERA)
    real = server._rest._page._route
    monkeypatch.setattr(server._rest._page, "_route", lambda method, path: told.append(path) or real(method, path))
    running = subprocess.Popen(
        [*browser(tmp_path / "profile"), "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
         "--remote-debugging-port=0", f"http://{server.rest_address}/"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not {"/page/answered", "/page/refused"} & set(told) and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        running.terminate()
        running.wait()
    assert "/page/answered" in told
