"""The documentation holds: blocks run as printed, commands parse, messages are in the code, tables are up to date.

A page's blocks run in an empty folder, in their order. Set-up that a reader does not need stands in comments,
`<!-- python ... -->` or `<!-- bash ... -->`, and runs in its place. Python blocks of a page share their names, as in
one session. A page with `<!-- slow: why -->` is left to the slow tests; one that is a notebook as well runs as that, in
test_notebooks.py. Blocks of the kind `console` need what a test has not (docker, a camera, a second host); their flags
are checked.
"""

import ast
import contextlib
import importlib
import inspect
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

from docs import notebooks, tables
from res3d.commands import main as console
from tests.house import floors

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^(?:```|<!-- )(python|bash)\n(.*?)^(?:```|-->)$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(bash|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Files, and folders, which end in a slash: names of features of records have slashes, too.
PATH = re.compile(r"`((?:res3d|pipelines|serving|tests|benchmarks|docs|examples)/[\w/.-]*(?:/|\.\w+))`")
# The ports that the pages name may be taken where the tests run; pages run side by side in processes gw0, gw1, ...
WORKER = 2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = {"8500": str(38510 + WORKER), "8501": str(38511 + WORKER)}


def name_of(page):
    return page.relative_to(DOCS).as_posix()


def blocks_of(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def runnable():
    for page in PAGES:
        if blocks_of(page) and (page.parent != notebooks.TUTORIALS or page.stem not in notebooks.PAGES):
            slow = "<!-- slow" in page.read_text(encoding="utf-8")
            yield pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if slow else [])


def with_other_ports(text):
    for port, other in PORTS.items():
        text = re.sub(rf":{port}\b", f":{other}", text)
    serve = f"res3d serve \\1 --port={PORTS['8500']} --rest_api_port={PORTS['8501']}"
    return re.sub(r"res3d serve ([a-z]\S*)", serve, text)


class Session:
    """Runs blocks one after another; what a shell block leaves running goes on until the page ends."""

    def __init__(self, folder):
        self.folder, self.names, self.groups = folder, {"__name__": "page"}, []

    def bash(self, text):
        with open(self.folder / ".said", "w+", encoding="utf-8") as said:
            process = subprocess.Popen(["bash", "-e", "-c", text], cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said, start_new_session=True)
            self.groups.append(process.pid)
            code = process.wait(timeout=400)
            said.seek(0)
            assert code == 0, f"{text}\n{said.read()[-5000:]}"

    def python(self, text):
        exec(compile(text, "<page>", "exec"), self.names)

    def close(self):
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", list(runnable()))
def test_blocks_run_as_printed(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    session = Session(tmp_path)
    with contextlib.closing(session):
        for kind, text in blocks_of(page):
            getattr(session, kind)(with_other_ports(text))


def test_no_block_is_of_a_kind_that_nobody_runs():
    """Code in another kind of block, or an indented one, would be passed over in silence."""
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        fences = re.findall(r"^.*```.*$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(fences[::2]) <= {f"```{kind}" for kind in ("python", "bash", "console", "text", "yaml")}, page
        assert set(fences[1::2]) <= {"```"}, page


def command_lines():
    for page in PAGES:
        for _, text in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in re.sub(r"\\\n", " ", text).splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if "res3d" in words:
                    yield pytest.param(words[words.index("res3d") + 1:], id=f"{name_of(page)}: {line[:60]}")


@pytest.mark.parametrize("words", list(command_lines()))
def test_commands_take_the_flags_that_pages_give_them(words):
    words = words[:next((i for i, word in enumerate(words) if word in ("&", "|", ">", ";")), len(words))]
    if words != ["--version"]:
        console.make_parser(words[0])[1].parse_args(words[1:])


def templates():
    """Every text that the code can say, `…` where a value goes."""
    for room in ("res3d", "pipelines", "serving"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(floors.tree(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield " ".join(node.value.split())
                elif isinstance(node, ast.JoinedStr):
                    parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                    yield " ".join("".join(parts).split())


def test_every_message_of_the_troubleshooting_page_is_in_the_code():
    said = list(templates())
    headings = re.findall(r"^### `(.*)`$", (DOCS / "troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) >= 30
    for heading in headings:
        pieces = [re.escape(piece.strip()) for piece in heading.split("…") if piece.strip()]
        pattern = re.compile(".*".join(pieces))
        assert any(pattern.search(text) for text in said), f"nothing in the code says: {heading}"


@pytest.mark.parametrize("file", list(tables.FILES))
def test_tables_are_up_to_date(file):
    written = (ROOT / file).read_text(encoding="utf-8")
    assert written == tables.FILES[file](), f"{file} has fallen behind. Run: python docs/tables.py"


def anchors_of(page):
    """What a link to `page` may name: its headings, and the names that it documents."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {*map(tables.anchor, headings), *re.findall(r"^::: (\S+)$", text, re.MULTILINE)}


def links():
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            yield name_of(page), page, link
    for message, link in json.loads(tables.errors()).items():
        yield f"the error {message!r}", DOCS / "index.md", link


def test_every_path_of_the_project_that_pages_tell_is_there():
    told = {(name_of(page), path) for page in PAGES for path in PATH.findall(page.read_text(encoding="utf-8"))}
    told |= {("CONTRIBUTING.md", path) for path in PATH.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}
    assert len(told) > 40
    assert not {(page, path) for page, path in told if not (ROOT / path).exists()}


def test_every_link_leads_to_a_page_and_a_heading():
    broken = []
    for whence, page, link in links():
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.is_file() or (anchor and anchor not in anchors_of(target)):
            broken.append(f"{whence} links to {link}")
    assert not broken, "\n".join(broken)


FACES = ["res3d", "res3d.blocks", "res3d.heads", "res3d.layers", "res3d.networks", "res3d.training", "res3d.weights",
         "pipelines", "pipelines.annotations", "pipelines.augment", "pipelines.dataset", "pipelines.doctor",
         "pipelines.prepare", "pipelines.records", "pipelines.sample", "pipelines.video", "serving", "serving.client",
         "serving.exporter"]


@pytest.mark.parametrize("room", FACES)
def test_the_reference_leaves_no_public_name_out(room):
    pages = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    module = importlib.import_module(room)
    for name in module.__all__:
        if inspect.ismodule(getattr(module, name)):
            continue
        shown = re.search(rf"^::: {re.escape(room)}\S*\.{name}$|`{name}`", pages, re.MULTILINE)
        assert shown, f"{room}.{name} is in no page"


def test_the_reference_names_what_there_is():
    for page in PAGES:
        for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            module, _, attribute = name.rpartition(".")
            assert getattr(importlib.import_module(module), attribute).__doc__, f"{name} has no docstring"


def test_every_page_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(name_of(page) in menu for page in PAGES)


@pytest.mark.slow
def test_the_site_builds_strictly(tmp_path):
    mkdocs = ROOT / ".venv-docs" / "bin" / "mkdocs"
    if not mkdocs.is_file():
        if os.environ.get("CI"):
            pytest.fail("needs the environment of `make docs`")
        pytest.skip("needs the environment of `make docs`")
    result = subprocess.run([mkdocs, "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"], cwd=ROOT,
                            capture_output=True, text=True, check=False, timeout=400)
    assert result.returncode == 0, result.stdout + result.stderr
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["']?https?://(?!github)[^"' >]*\.(?:js|css|woff2?)""", index)
