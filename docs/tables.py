"""Writes what follows from something else: pages of what the code knows (models, commands, recipes, examples), and
the code's table of which page solves which error, out of the troubleshooting page.

    python docs/tables.py

A test compares the committed files with what this makes, so they cannot fall behind.
"""

import argparse
import ast
import functools
import json
import pathlib
import re
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
TROUBLE = "troubleshooting.md"
NOTE = "<!-- Written by docs/tables.py; edit that. -->\n"


def models():
    """The page of the family."""
    import res3d
    from res3d.networks.listing import describe

    lines = [
        NOTE, "# Model table", "",
        f"{len(res3d.list_models())} networks, as `res3d models` prints them. *Parameters* are the trainable ones with "
        "the number of classes beside them; a test builds every row and counts. *GMACs* are multiplications of "
        "convolutions and dense layers for one native clip, in 10⁹. *Top-1* is what the source published for its own "
        "weights, measured as the last column says; figures of different protocols do not compare. None is our own "
        "measurement.", "",
        "Any row takes any clip that its strides allow, any number of classes and of channels: "
        "[`res3d.build`](res3d.md#res3d.build).", ""]
    groups = {}
    for name in res3d.list_models():
        row = describe(name)
        groups.setdefault(row["source"].split(",")[0], []).append(row)
    for source, rows in groups.items():
        lines += [f"## {source}", "",
                  "| name | rank | parameters | classes | GMACs | clip | top-1 | protocol |",
                  "|---|---:|---:|---:|---:|---|---:|---|"]
        for row in rows:
            clip = row["clip"]
            step = clip["stride"] if clip.get("sampling") != "segments" else "segments"
            size = f"{clip['frames']} × {step}, {clip['height']} × {clip['width']}"
            rate = f" at {clip['fps']:g} fps" if clip["fps"] else ""
            top1 = "" if row["top1"] is None else f"{row['top1']:.2f}"
            count = "" if row["parameters"] is None else f"{row['parameters']:,}"
            classes = "features" if row["classes"] is None else f"{row['classes']:,}"
            gmacs = "" if row["gmacs"] is None else f"{row['gmacs']:.3f}"
            lines.append(f"| `{row['name']}` | {row['rank']} | {count} | {classes} | {gmacs} | {size}{rate} | "
                         f"{top1} | {row['protocol']} |")
        lines.append("")
    lines += ["## Clip presets", "",
              "`res3d.preset(name)` gives the `ClipSpec` that a source trained and tested with.", "",
              "| name | frames × stride | fps | size | scaled to | value range | mean | std | order |",
              "|---|---|---:|---|---|---|---|---|---|"]
    from res3d.geometry import PRESETS

    for name, clip in PRESETS.items():
        resize = clip.resize if isinstance(clip.resize, int) else " × ".join(map(str, clip.resize))
        rate = "own" if clip.fps is None else f"{clip.fps:g}"
        lines.append(f"| `{name}` | {clip.frames} × {'segments' if clip.in_segments else clip.stride} | {rate} | "
                     f"{clip.height} × {clip.width} | {resize} | "
                     f"{_numbers(clip.value_range)} | {_numbers(clip.mean)} | {_numbers(clip.std)} | "
                     f"{clip.channel_order} |")
    return "\n".join([*lines, ""])


def commands():
    """The page of the console script."""
    from res3d.commands import main

    lines = [NOTE, "# Commands", "",
             "One console script, `res3d`. Every command also takes `--help`, and `--verbosity=1` for debug lines and "
             "tracebacks. What you can mend ends in one line on standard error and exit code 1; a wrong flag gives 2.",
             ""]
    for name in main.COMMANDS:
        module, parser = main.make_parser(name)
        lines += [f"## {name}", "", _paragraphs(parser.description), "", "```text", module.EXAMPLE, "```", ""]
        positional = [action for action in parser.arguments if not action.option_strings]
        rows = positional + [action for action in parser.arguments
                             if action.option_strings and action.help != argparse.SUPPRESS
                             and not {"--help", "--helpfull"} & set(action.option_strings)]
        if rows:
            lines += ["| argument | meaning |", "|---|---|"]
            meant = (_cell(action.help % {**vars(action), "prog": parser.prog}) for action in rows)
            lines += [f"| {_argument(action)} | {meaning} |" for action, meaning in zip(rows, meant)]
            lines.append("")
    return "\n".join(lines)


def recipes():
    """The page of what `res3d train --recipe` takes."""
    from res3d.training import recipe as of

    lines = [NOTE, "# Recipes", "",
             "A recipe is a YAML file of groups of fields. `--recipe` takes one of these names or a file of yours, and "
             "`--set group.field=value` changes a field. What a recipe leaves out has the value of the last table.", ""]
    for name in of.list_recipes():
        text = (of.RECIPES / f"{name}.yaml").read_text(encoding="utf-8")
        lines += [f"## {name}", "", "```yaml", text.rstrip(), "```", ""]
    lines += ["## Every field and its default", "", "```yaml", of.Recipe().to_yaml().rstrip(), "```", ""]
    return "\n".join(lines)


def examples():
    """The page of the examples: what their last full run printed, then each in its own words."""
    folder = ROOT / "examples"
    printed = (folder / "results.txt").read_text(encoding="utf-8").strip()
    lines = [NOTE, "# Examples", "",
             "Each is one file that reads from top to bottom, makes its own data, and states its result beside that of "
             "a baseline run in the same file. `make examples` runs all of them and prints", "",
             "```text", printed, "```", "",
             "The metric first, then the baseline's; the seconds are those of the machine that printed this. Pictures "
             "and logs go into `pictures/`.", ""]
    listed = re.search(r"EXAMPLES = \((.*?)\)", (folder / "run_all.py").read_text(encoding="utf-8"), re.DOTALL)[1]
    for name in re.findall(r'"(\w+)"', listed):
        title, text = ast.get_docstring(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))).split("\n", 1)
        lines += [f"## {title.rstrip('.?')}", "", f"`examples/{name}.py`", "", _fenced(text), ""]
    return "\n".join(lines)


def errors():
    """{message, … where it differs: page}: the page is what the message's entry links to first, or the entry itself."""
    table = {}
    for entry in (ROOT / "docs" / TROUBLE).read_text(encoding="utf-8").split("\n### ")[1:]:
        message = re.match("`(.*)`\n", entry)[1]
        link = re.search(r"\]\(([^)]+)\)", entry.partition("\n## ")[0])
        table[message] = link[1] if link else f"{TROUBLE}#{anchor(message)}"
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def anchor(heading):
    """The name under which the site links to a heading."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _fenced(text):
    """Indented commands of a docstring as a block that the tests do not run."""
    lines = (f"$ {line.strip()}" if line.startswith("    ") else line for line in text.strip("\n").splitlines())
    return re.sub(r"((?:^\$ .*\n)+)", r"```console\n\1```\n", "\n".join([*lines, ""]), flags=re.MULTILINE).strip()


def _argument(action):
    if not action.option_strings:
        values = f" ({', '.join(action.choices)})" if action.choices else ""
        shown = f"{action.metavar or action.dest}{' ...' if action.nargs in ('+', '*') else ''}"
        return f"`{shown}`{values}"
    name = action.option_strings[-1]
    if action.nargs == 0:
        return f"`{name}`"
    value = "|".join(map(str, action.choices)) if action.choices else action.metavar or action.dest.upper()
    return _cell(f"`{name}={value}`")


def _paragraphs(text):
    return "\n".join(line.strip() for line in text.strip().splitlines()).replace("<", "&lt;")


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _numbers(values):
    values = values[:1] if len(set(values)) == 1 else values
    return ", ".join(f"{value:g}" for value in values)


def architecture():
    """The page of the architecture, with the floors drawn and listed."""
    import drawing  # beside this file

    return drawing.page()


def weights():
    """The page of published weights."""
    import weights_page  # beside this file

    return weights_page.page(NOTE)


def notebooks():
    """{file: function that makes it} of the tutorials as notebooks."""
    import notebooks as made  # beside this file

    return {f"docs/notebooks/{name}.ipynb": functools.partial(made.notebook, name) for name in made.PAGES}


FILES = {"docs/explanation/architecture.md": architecture, "docs/examples.md": examples,
         "docs/reference/models.md": models, "docs/reference/weights.md": weights,
         "docs/reference/commands.md": commands, "docs/reference/recipes.md": recipes,
         "res3d/commands/texts/pages.json": errors, **notebooks()}

if __name__ == "__main__":
    for file, made in FILES.items():
        (ROOT / file).write_text(made(), encoding="utf-8")
