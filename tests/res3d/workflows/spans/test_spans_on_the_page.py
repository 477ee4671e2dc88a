"""The page of a server finds the spans that `res3d predict` finds, and draws what it says."""

import base64
import html
import json
import pathlib
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from res3d.__main__ import main
from res3d.spans import Span
from res3d.workflows.spans.writing import write_found
from serving.server.rest.page import videos
from tests.res3d.looks.browser import LOOK, browser


def ask(server, path, body=None, **query):
    address = f"http://{server.rest_address}{path}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_spans_on_the_page_are_those_of_predict_and_so_are_its_files(server, untrained, long_video, tmp_path,
                                                                     monkeypatch, capsys):
    content = pathlib.Path(long_video).read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "match.avi").write_bytes(content)
    status, text = ask(server, "/page/spans", content, model="events", video="match.avi")
    answer = json.loads(text)
    assert status == 200
    assert set(answer["files"]) == {".csv", ".json", ".vtt"}
    assert main(["predict", "match.avi", f"--model={untrained}", "--output=found.csv", "--json"]) in (0, None)
    (offline,) = json.loads(capsys.readouterr().out)
    assert answer["spans"] == offline["spans"]
    for suffix in (".json", ".vtt"):
        write_found([Span(**span) for span in offline["spans"]], f"found{suffix}")
    for suffix, written in answer["files"].items():
        assert (tmp_path / f"found{suffix}").read_text() == written
    line = answer["line"]
    assert line["strip"]["frames"] == 12
    assert [label for label, _ in line["lanes"]] == sorted({span["label"] for span in answer["spans"]})
    assert sum(len(parts) for _, parts in line["lanes"]) == len(answer["spans"]) > 2
    (model,) = json.loads(ask(server, "/page/state")[1])["models"]
    assert model["spans"]


def test_what_goes_past_the_limits_is_refused_in_one_sentence(server, long_video, monkeypatch):
    content = pathlib.Path(long_video).read_bytes()
    monkeypatch.setattr(videos, "MOST_DECODED", 10_000)
    status, text = ask(server, "/page/spans", content, model="events")
    assert (status, json.loads(text)["error"][:56]) == (400, "A video for this page must have at most 10000 pixels in ")
    monkeypatch.undo()
    probe = videos.probe

    def probe_and_no_time_is_left(video):
        info = probe(video)
        monkeypatch.setattr(videos, "SECONDS", 0.0)
        return info

    monkeypatch.setattr(videos, "probe", probe_and_no_time_is_left)
    status, text = ask(server, "/page/spans", content, model="events")
    assert status == 400
    assert json.loads(text)["error"].startswith("Spans of a video for this page must be found within 0 seconds, and ")


@pytest.mark.parametrize(("path", "body", "says"), [
    ("/page/spans", b"no video", "This is no video that can be read: "),
    ("/page/classify", b"", "Model events finds spans in long videos and does not name clips: ask /page/spans.")])
def test_refusals(server, path, body, says):
    status, text = ask(server, path, body, model="events")
    assert status == 400
    assert json.loads(text)["error"].startswith(says)


_USER = """<script>
const until = async found => { while (!found()) await new Promise(r => setTimeout(r, 50)); };
const measured = (() => {LOOK return look; })();
addEventListener("load", async () => {
  await until(() => chosen);
  const carried = new DataTransfer();
  carried.items.add(new File([Uint8Array.from(atob("FILM"), c => c.charCodeAt(0))], "match.avi"));
  $("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: carried}));
  await until(() => (!$("spans").hidden && !$("drop").classList.contains("busy")) || $("error").textContent);
  const files = {};
  for (const link of $("span-files").children) files[link.download] = await (await fetch(link.href)).text();
  document.body.dataset.told = JSON.stringify({
    error: $("error").textContent, files, times: $("span-times").textContent, ways: $("ways").innerText,
    rows: [...$("span-rows").children].map(row => [...row.children].map(cell => cell.textContent)),
    marks: [...document.querySelectorAll("#timeline i")].map(mark => mark.getAttribute("aria-label")),
    camera: $("camera").hidden, answer: $("answer").hidden, layout: measured(document, innerWidth)});
});
</script>"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [375, 1280])
def test_in_a_browser(server, long_video, tmp_path, monkeypatch, width):
    """Chromium drops the video as a user would; timeline, table and files are read from what the page shows."""
    content = pathlib.Path(long_video).read_bytes()
    answer = json.loads(ask(server, "/page/spans", content, model="events", video="match.avi")[1])
    page = server._rest._page._page
    text = page.html() + _USER.replace("LOOK", LOOK).replace("FILM", base64.b64encode(content).decode())
    monkeypatch.setattr(page, "html", lambda: text)
    done = subprocess.run(
        [*browser(tmp_path / "profile"), f"--window-size={width},900", "--virtual-time-budget=40000", "--dump-dom",
         f"http://{server.rest_address}/"], capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(html.unescape(re.search(r'data-told="([^"]*)"', done.stdout)[1]))
    assert told["error"] == ""
    assert told["files"] == {f"match{suffix}": text for suffix, text in answer["files"].items()}
    assert told["rows"] == [[f"{span['start']:.2f} s", f"{span['end']:.2f} s", span["label"], f"{span['score']:.2f}"]
                            for span in answer["spans"]]
    assert told["marks"] == [words for _, parts in answer["line"]["lanes"] for *_, words in parts]
    assert told["times"].startswith(f"match.avi: {len(answer['spans'])} spans in 6.00 s, found by events version 1 in ")
    assert "/page/spans?model=events'" in told["ways"]
    assert 'client.find_spans("video.mp4")' in told["ways"]
    assert (told["camera"], told["answer"], told["layout"]) == (True, True, [])
