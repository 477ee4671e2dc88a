"""The page of the architecture: the floors of the house drawn and listed out of the table that the tests hold.

`docs/tables.py` writes it into `docs/explanation/architecture.md`.
"""

import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, GAP, MARGIN = 238, 34, 8, 6
COLUMNS = {"res3d": 0, "pipelines": 1, "serving": 2}


def floors():
    """The module with the table, which lies with the tests."""
    spec = importlib.util.spec_from_file_location("floors", ROOT / "tests" / "house" / "floors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawing():
    """One box a floor, a column a package, the ground at the bottom; an SVG in a line."""
    table = floors().FLOORS
    stacks = {package: [name for name in table if name.split(".")[0] == package] for package in COLUMNS}
    tallest = max(map(len, stacks.values()))
    height = MARGIN * 2 + tallest * (HEIGHT + GAP)
    boxes, words = [], []
    for package, names in stacks.items():
        for level, name in enumerate(names):
            x = MARGIN + COLUMNS[package] * (WIDTH + 3 * GAP)
            y = height - MARGIN - (level + 1) * (HEIGHT + GAP) + GAP
            boxes.append(f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>')
            words.append(f'<text x="{x + 8}" y="{y + 14}">{name}</text>'
                         f'<text class="small" x="{x + 8}" y="{y + 28}">{table[name][0]}</text>')
    width = 2 * MARGIN + 3 * WIDTH + 6 * GAP
    return (f'<svg class="drawing" viewBox="0 0 {width} {height}" role="img" aria-label="The floors of the three '
            f'packages, the ground at the bottom"><g class="line">{"".join(boxes)}</g>{"".join(words)}</svg>')


def rows():
    """The table of what may import what, from the ground up, as Markdown."""
    module = floors()
    lines = ["| floor | may import |", "|---|---|"]
    for name, (_, allowed) in module.FLOORS.items():
        if name in module.ROOFS:
            what = "everything"
        else:
            light = [f"`{other}`" for other in allowed if other in module.LIGHT]
            found = [f"`{other}`" for other in allowed if other not in module.LIGHT]
            what = ", ".join([*found, *(["the ground"] if len(light) == len(module.LIGHT) else light)])
        lines.append(f"| `{name}` | {what or 'nothing'} |")
    return "\n".join(lines)


def page():
    """The whole page: what `docs/explanation/architecture.md.in` says, with the drawing and the table in it."""
    text = (ROOT / "docs" / "explanation" / "architecture.md.in").read_text(encoding="utf-8")
    return text.replace("{drawing}", drawing()).replace("{floors}", rows())
