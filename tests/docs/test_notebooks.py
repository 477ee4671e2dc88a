"""Notebooks hold what their pages hold, and are of the form that Jupyter reads. That they are up to date is a test of
the tables."""

import ast
import base64
import importlib
import io
import json
import os
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

from docs import notebooks
from tests.docs.test_docs import blocks_of, with_other_ports

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "notebooks"


@pytest.mark.parametrize("name", notebooks.PAGES)
def test_the_cells_of_code_are_the_blocks_of_the_page(name):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    start, *code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    ast.parse(start)
    page = notebooks.TUTORIALS / f"{name}.md"
    blocks = notebooks.BLOCK.findall(page.read_text(encoding="utf-8"))
    assert [block for block in blocks if block[0] != "notebook"] == blocks_of(page)
    assert len(blocks_of(page)) >= 4
    for source, (kind, text) in zip(code, blocks, strict=True):
        if kind != "bash":
            assert source == text.strip("\n")
            ast.parse(source)
        else:
            assert source.startswith("%%bash -e\n")
            assert source.replace(" > background.log 2>&1 &", " &").partition("\n")[2] == text.strip("\n")


@pytest.mark.parametrize("name", notebooks.PAGES)
def test_the_form_is_that_of_nbformat_4_5(name):
    """https://github.com/jupyter/nbformat/blob/main/nbformat/v4/nbformat.v4.5.schema.json, what it requires."""
    made = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in made["cells"]]
    assert len(ids) == len(set(ids))
    for cell in made["cells"]:
        wanted = {"cell_type", "id", "metadata", "source"}
        assert set(cell) == wanted | ({"execution_count", "outputs"} if cell["cell_type"] == "code" else set())
        assert "".join(cell["source"]).strip()
        assert "<!--" not in "".join(cell["source"])


@pytest.mark.backends
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", notebooks.PAGES)
def test_a_notebook_runs_from_its_first_cell_to_its_last(name, tmp_path, monkeypatch):
    """As Jupyter runs it, with pictures in what comes of it. It is its page's run, too: see `test_docs.runnable`."""
    found = importlib.import_module if os.environ.get("RES3D_BACKENDS_PYTHON") else pytest.importorskip
    nbformat, nbclient = found("nbformat"), found("nbclient")
    made = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(made)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    for cell in code:
        cell.source = with_other_ports(cell.source)
    script = tmp_path / "res3d"  # the backends' environment sees the packages, and has no scripts of theirs
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m res3d.commands.main "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    for word, first in (("PATH", tmp_path), ("PYTHONPATH", FOLDER.parents[1])):
        monkeypatch.setenv(word, os.pathsep.join([str(first), *filter(None, [os.environ.get(word)])]))
    nbclient.NotebookClient(made, timeout=400).execute()
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = [output.data for output in outputs if "data" in output]
    strips = [data["image/png"] for data in shown if "image/png" in data]
    pages = [data["text/html"] for data in shown if "<iframe srcdoc=" in data.get("text/html", "")]
    page = (notebooks.TUTORIALS / f"{name}.md").read_text(encoding="utf-8")
    assert len(strips) + len(pages) == page.count("<!-- notebook\n") >= 2
    for strip in strips:
        with Image.open(io.BytesIO(base64.b64decode(strip))) as picture:
            assert picture.width >= 4 * picture.height, "frames side by side"
            assert np.asarray(picture).std() > 1, "and not of one colour"
    assert pages
    assert all("data:image/jpeg;base64" in text for text in pages)
