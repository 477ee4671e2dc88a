"""Pages looked at in Chromium: each in a frame of some width, measured by a script outside it."""

import contextlib
import html
import http.server
import json
import os
import re
import subprocess
import threading

import pytest

from docs.chromium import command

WIDTHS = (390, 1200, 1920)

# `look`: does anything stick out, is anything empty, can everything be named, has a script out of a label run?
LOOK = """
const scrolls = (node, doc) => {
  for (let up = node.parentElement; up && up !== doc.body; up = up.parentElement) {
    if (getComputedStyle(up).overflowX !== "visible") return true;
  }
  return false;
};
const named = node => node.getAttribute("aria-label") || node.getAttribute("alt") || node.labels?.length ||
  node.textContent.trim() || node.closest("label");
const look = (doc, width) => {
  const wrong = [], say = (what, node) => wrong.push(`${what}: ${node.outerHTML.slice(0, 90)}`);
  if (doc.documentElement.scrollWidth > width) wrong.push(`the page is ${doc.documentElement.scrollWidth} wide`);
  for (const node of doc.body.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (box.width && !node.matches(".skip") && box.right > width + 1 && !scrolls(node, doc)) say("sticks out", node);
  }
  for (const node of doc.querySelectorAll("h1, h2, h3, th:not(:empty), button, a")) {
    if (!node.textContent.trim()) say("is empty", node);
  }
  for (const node of doc.querySelectorAll("section, figure.chart svg, .card, .clip, table, .track")) {
    const box = node.getBoundingClientRect();
    if (!node.closest("details:not([open]), [hidden]") && (!box.width || !box.height)) say("has no size", node);
  }
  for (const node of doc.querySelectorAll("img")) if (!node.naturalWidth) say("is no picture", node);
  for (const node of doc.querySelectorAll("img, svg[role], input, button, a, [role=region], [role=application]")) {
    if (!named(node)) say("has no name", node);
  }
  for (const svg of doc.querySelectorAll("svg")) if (/NaN|Infinity/.test(svg.outerHTML)) say("has no numbers", svg);
  if (doc.title === "broken" || doc.defaultView.broken) wrong.push("a script out of a name has run");
  return wrong;
};
"""

_MEASURE = """<!doctype html><body><script>LOOK
addEventListener("load", async () => {
  const found = {};
  for (const page of PAGES) for (const width of WIDTHS) {
    const frame = document.createElement("iframe");
    frame.width = width; frame.height = 900; frame.style.border = "0";
    await new Promise(done => { frame.onload = done; frame.src = page; document.body.append(frame); });
    found[`${page} ${width}`] = {wrong: look(frame.contentDocument, width),
      ground: getComputedStyle(frame.contentDocument.body).backgroundColor};
    frame.remove();
  }
  document.body.dataset.found = JSON.stringify(found);
});
</script>"""


# Asks a page, in a frame, to do something; FIND is the body of a function of its document and window.
_DRIVE = """<!doctype html><body><script>
const until = async found => { while (!found()) await new Promise(r => setTimeout(r, 20)); };
addEventListener("load", async () => {
  const frame = document.createElement("iframe");
  frame.width = 1200; frame.height = 900;
  await new Promise(done => { frame.onload = done; frame.src = PAGE; document.body.append(frame); });
  const found = await (async (doc, view) => { FIND })(frame.contentDocument, frame.contentWindow);
  document.body.dataset.found = JSON.stringify(found);
});
</script>"""


# How long a page takes to open and to lie on the screen, in the browser's own milliseconds.
_OPEN = """<!doctype html><body><iframe src="PAGE" width="1200" height="900"></iframe><script>
addEventListener("load", () => {
  document.querySelector("iframe").contentDocument.body.getBoundingClientRect();
  document.body.dataset.found = performance.now();
});
</script>"""


def browser(profile):
    """How a command begins that runs Chromium with a profile; without it the test is skipped, or fails where all must
    run."""
    found = command(profile)
    if found is None:
        reason = "needs Chromium (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextlib.contextmanager
def served(folder):
    """(address, list of paths that were asked for) of the files in a folder."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def looked_at(folder, pages, profile, dark=False):
    """({"page width": {"wrong", "ground"}}, paths that were asked for) of pages in a folder."""
    script = _MEASURE.replace("LOOK", LOOK).replace("PAGES", json.dumps(pages)).replace("WIDTHS", json.dumps(WIDTHS))
    return _told(folder, "measure.html", script, profile, dark)


def driven(folder, page, find, profile):
    """What the body of a JavaScript function of (doc, view) finds in a page of a folder."""
    return _told(folder, "drive.html", _DRIVE.replace("PAGE", json.dumps(page)).replace("FIND", find), profile)[0]


def opened(folder, page, profile):
    """Milliseconds that a page of a folder takes to open: real ones, where the other functions let time jump."""
    return _told(folder, "open.html", _OPEN.replace("PAGE", page), profile, jumps=False)[0]


def _told(folder, name, script, profile, dark=False, jumps=True):
    """(what a page with a script leaves in `data-found`, paths that were asked for)."""
    (folder / name).write_text(script, encoding="utf-8")
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    with served(folder) as (address, asked):
        done = subprocess.run(
            [*browser(profile), *scheme, *(["--virtual-time-budget=60000"] if jumps else []),
             "--window-size=2000,1000", "--dump-dom", f"{address}/{name}"],
            capture_output=True, text=True, timeout=200, check=True)
    return json.loads(html.unescape(re.search(r'data-found="([^"]*)"', done.stdout)[1])), asked
