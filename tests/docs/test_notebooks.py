"""Notebooks hold what their pages hold, and are of the form that Jupyter reads. That they are up to date is a test of
the tables."""

import ast
import importlib
import json
import os
import pathlib
import sys

import pytest

from docs import notebooks
from tests.docs.test_docs import blocks_of

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "notebooks"


@pytest.mark.parametrize("name", notebooks.PAGES)
def test_the_cells_of_code_are_the_blocks_of_the_page(name):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    start, *code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    ast.parse(start)
    blocks = blocks_of(notebooks.TUTORIALS / f"{name}.md")
    assert len(blocks) >= 4
    for source, (kind, text) in zip(code, blocks, strict=True):
        if kind == "python":
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
@pytest.mark.parametrize("name", ["prepare"])
def test_a_notebook_runs_from_its_first_cell_to_its_last(name, tmp_path, monkeypatch):
    """As Jupyter runs it; what the blocks of the other pages do, tests of the pages say."""
    found = importlib.import_module if os.environ.get("RES3D_BACKENDS_PYTHON") else pytest.importorskip
    nbformat, nbclient = found("nbformat"), found("nbclient")
    made = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(made)
    script = tmp_path / "res3d"  # the backends' environment sees the packages, and has no scripts of theirs
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m res3d.commands.main "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    for name, first in (("PATH", tmp_path), ("PYTHONPATH", FOLDER.parents[1])):
        monkeypatch.setenv(name, os.pathsep.join([str(first), *filter(None, [os.environ.get(name)])]))
    nbclient.NotebookClient(made, timeout=300).execute()
    ran = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in ran] == list(range(1, len(ran) + 1))
    assert not [output for cell in ran for output in cell.outputs if output.output_type == "error"]
