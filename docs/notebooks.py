"""Tutorials as notebooks, made of their pages so that they cannot fall behind; `docs/tables.py` writes them.

Words become Markdown cells, blocks of Python and of the shell code cells, as does the set-up that stands in comments.
What stands in a comment `<!-- notebook ... -->` is a cell as well: Python that shows in a notebook what it can show,
`page(FILE)` a page that a command wrote, `strip(CLIP)` frames. A notebook lies in a folder beside that of its page, so
that links lead where the page's do.
"""

import json
import pathlib
import re

PAGES = ("own-videos", "prepare", "train")
TUTORIALS = pathlib.Path(__file__).resolve().parent / "tutorials"
BLOCK = re.compile(r"^(?:```|<!-- )(python|bash|notebook)\n(.*?)^(?:```|-->)$", re.MULTILINE | re.DOTALL)
START = '''import glob, html, importlib.util, os, pathlib, subprocess, sys, tempfile

if importlib.util.find_spec("res3d") is None:  # as on Colab: put the wheel, dist/res3d-*.whl, beside the notebook first
    wheels = glob.glob("res3d-*.whl")
    if not wheels:
        raise ImportError("This notebook needs res3d. Make its wheel, `make wheels`, and put it into this folder (on "
                          "Colab: the panel of files), or run `%pip install PATH`, PATH being a clone of it.")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", wheels[-1]], check=True)
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # where `res3d` lies
os.chdir(tempfile.mkdtemp())  # an empty folder, as the page has it


def strip(frames):  # frames side by side, as a picture
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(np.concatenate(list(np.asarray(frames)), axis=1))
    return picture.resize((picture.width * 120 // picture.height, 120))


def page(file, height=620):  # what a command wrote, inside the notebook
    from IPython.display import HTML

    text = html.escape(pathlib.Path(file).read_text(encoding="utf-8"))
    return HTML(f'<div><iframe srcdoc="{text}" width="100%" height="{height}" style="border:0"></iframe></div>')
'''


def notebook(name):
    """The text of a notebook, of nbformat 4.5.

    >>> json.loads(notebook("train"))["nbformat"]
    4
    """
    text = (TUTORIALS / f"{name}.md").read_text(encoding="utf-8")
    text = re.sub(r"\A<!-- slow.*?-->\n", "", text)
    cells, end = [_cell("code", START, 0)], 0
    for block in BLOCK.finditer(text):
        cells += _words(text[end:block.start()], len(cells))
        cells.append(_cell("code", code(*block.groups()), len(cells)))
        end = block.end()
    cells += _words(text[end:], len(cells))
    made = {"cells": cells, "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python",
                                                        "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def code(kind, text):
    """The source of a cell; what a shell leaves running writes to a file, as a cell ends when nobody writes to it.

    >>> code("bash", "res3d serve x &\\n")
    '%%bash -e\\nres3d serve x > background.log 2>&1 &\\n'
    """
    if kind != "bash":
        return text
    return "%%bash -e\n" + re.sub(r" &$", " > background.log 2>&1 &", text, flags=re.MULTILINE)


def _words(text, number):
    return [_cell("markdown", text, number)] if text.strip() else []


def _cell(kind, source, number):
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.strip("\n").splitlines(keepends=True)}
