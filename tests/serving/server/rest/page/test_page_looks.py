"""The page of two models, one of two versions with labels, as phones, laptops and desks show it, light and dark."""

import base64
import html
import json
import re
import shutil
import subprocess

import pytest

from serving.server.server import Server
from serving.server.settings import Settings
from tests.res3d.looks.browser import LOOK, WIDTHS, browser
from tests.serving.server.rest.page import colours

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=1>"
CONFIG = """model_config_list {{
  config {{ name: "colours" base_path: "{0}/colours" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 1 versions: 2 }} }}
    version_labels {{ key: "stable" value: 1 }} version_labels {{ key: "canary" value: 2 }} }}
  config {{ name: "many" base_path: "{0}/many" model_platform: "tensorflow" }}
}}"""

# In each frame: drops a video on one model and looks, chooses the other and drops it again; both times it is measured.
_USER = """<script>
const until = async found => { while (!found()) await new Promise(r => setTimeout(r, 50)); };
const measured = (() => {LOOK return look; })();  // the page has a `look` of its own
const drop_film = () => {
  const carried = new DataTransfer();
  carried.items.add(new File([Uint8Array.from(atob("FILM"), c => c.charCodeAt(0))], "film.avi"));
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: carried}));
};
const answered = name => shown?.model === name && !$("over-time").hidden && !$("drop").classList.contains("busy");
const asked = async name => {
  drop_film();
  await until(() => answered(name));
  $("look").click();
  await until(() => document.querySelector("#frames canvas"));
  return measured(document, innerWidth);
};
const in_a_frame = async () => {
  await until(() => chosen);
  const told = {before: measured(document, innerWidth), one: await asked("colours"), times: [$("times").textContent]};
  told.course = $("course").textContent;
  [...document.querySelectorAll(".model > button")].find(button => button.textContent === "many").click();
  await until(() => chosen === "many" && document.querySelector(".model.chosen > button").textContent === "many");
  document.querySelector(".model.chosen details").open = true;
  told.two = await asked("many");
  told.times.push($("times").textContent);
  told.models = [...document.querySelectorAll(".model")].map(node => node.innerText);
  told.ways = $("ways").innerText;
  told.ground = getComputedStyle(document.body).backgroundColor;
  document.body.dataset.told = JSON.stringify(told);
};
addEventListener("load", async () => {
  if (self !== top) return in_a_frame();
  const found = {};
  for (const width of WIDTHS) {
    const frame = document.createElement("iframe");
    frame.width = width; frame.height = 900; frame.src = "/";
    document.body.append(frame);
    await until(() => frame.contentDocument?.body?.dataset.told);
    found[width] = JSON.parse(frame.contentDocument.body.dataset.told);
    frame.remove();
  }
  document.body.dataset.found = JSON.stringify(found);
});
</script>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    colours.save(folder / "colours" / "1")
    shutil.copytree(folder / "colours" / "1", folder / "colours" / "2")
    names = ["a thing that is red", "a green thing, which is carried to the door", "blue"]
    colours.save(folder / "many" / "7", [*names, *(f"{HOSTILE}{i}" for i in range(397))])
    (folder / "models.conf").write_text(CONFIG.format(folder))
    values = {"port": 0, "rest_api_port": None, "model_config_file": str(folder / "models.conf"), "page": True,
              "allow_version_labels_for_unavailable_models": True, "tensorflow_intra_op_parallelism": 1}
    with Server(Settings.from_flags(values)) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_models_versions_labels_and_answers_fit_every_width(server, tmp_path, monkeypatch, dark):
    film = base64.b64encode(colours.film(tmp_path / "film.avi").read_bytes()).decode()
    user = _USER.replace("LOOK", LOOK).replace("FILM", film).replace("WIDTHS", json.dumps(WIDTHS))
    page = server._rest._page._page
    text = page.html()
    monkeypatch.setattr(page, "html", lambda: text + user)
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [*browser(tmp_path / "profile"), *scheme, "--window-size=2000,1000", "--virtual-time-budget=90000",
         "--dump-dom", f"http://{server.rest_address}/"], capture_output=True, text=True, timeout=200, check=True)
    found = json.loads(html.unescape(re.search(r'data-found="([^"]*)"', done.stdout)[1]))
    assert list(map(int, found)) == list(WIDTHS)
    for width, told in found.items():
        assert (width, told["before"], told["one"], told["two"]) == (width, [], [], [])
        assert re.fullmatch(r"0\.0 s to \d\.\d s: green; \d\.\d s to 4\.\d s: blue", told["course"])
        assert "by colours version 2 in" in told["times"][0]
        assert "by many version 7 in" in told["times"][1]
        one, two = told["models"]
        assert "version 2 AVAILABLE (canary)" in one
        assert "version 1 AVAILABLE (stable)" in one
        assert "400 labels" in two
        assert HOSTILE in two
        assert 'model=many\'' in told["ways"]
        assert told["ground"] == ("rgb(19, 22, 27)" if dark else "rgb(255, 255, 255)")
