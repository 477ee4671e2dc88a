"""Label lists: names whose position is the id; read, written, sorted and looked up in one way everywhere."""

import collections
import json
import os
import re

from pipelines.storage import folders
from res3d.atomic import write_aside


class LabelIds:
    """Looks ids up by name: exactly, or else with underscores as spaces and without regard to case.

    >>> LabelIds(["Thumb Up", "No gesture"])["Thumb_Up"]
    0
    """

    def __init__(self, labels, source="the label list"):
        self.labels, self.source = list(labels), source
        self._exact = {name: i for i, name in enumerate(self.labels)}
        if len(self._exact) < len(self.labels):
            twice = sorted(name for name, n in collections.Counter(self.labels).items() if n > 1)
            raise ValueError(f"Expected every label once in {source}. Received twice: {twice}. Remove one of each.")
        loose = [plain_name(name) for name in self.labels]
        self._loose = {name: i for i, name in enumerate(loose)} if len(set(loose)) == len(loose) else {}

    def __getitem__(self, name):
        found = self._exact.get(name)
        found = self._loose.get(plain_name(name)) if found is None else found
        if found is None:
            shown = ", ".join(self.labels[:8]) + (", ..." if len(self.labels) > 8 else "")
            raise ValueError(f"Expected one of the {len(self.labels)} labels of {self.source} ({shown}). Received "
                             f"label {name!r}. Add it to the list, or remove its videos.")
        return found


def plain_name(name):
    """A label for comparison: `Thumb_Up` and `thumb up` are one."""
    return " ".join(name.replace("_", " ").casefold().split())


def join(names):
    """Several labels as one text, which `split` takes apart again: with `|` between them.

    >>> join(["jump", "a|b"])
    'jump|a\\\\|b'
    """
    return "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in names)


def split(text):
    """The labels of a text that `join` wrote, as a list; empty ones are left out.

    >>> split(join(["jump", "a|b"]))
    ['jump', 'a|b']
    """
    return [re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"(?:\\.|[^|\\])+", text)]


def sort_labels(names):
    """Label names in the order of their ids: by code point, or by value where all are whole numbers.

    >>> sort_labels(["run", "Jump"]), sort_labels(["10", "9"])
    (['Jump', 'run'], ['9', '10'])
    """
    names = set(names)
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else sorted(names)


def load_labels(path):
    """Reads a label list: one name a line, lines `1 name` counted from 0 or 1, or JSON (a list, or `{name: id}`)."""
    path = os.fspath(path)
    with folders.open_text(path, errors="strict") as file:
        text = file.read()
    if path.endswith(".json"):
        found = json.loads(text)
        labels = sorted(found, key=lambda name: int(found[name])) if isinstance(found, dict) else list(found)
    else:
        labels = [line.strip() for line in text.rstrip().splitlines()]
        numbered = [re.fullmatch(r"(\d+)[\s,;]+(.+)", line) for line in labels]
        if labels and all(numbered):
            numbers = [int(match[1]) for match in numbered]
            if numbers in (list(range(len(labels))), list(range(1, len(labels) + 1))):
                labels = [match[2] for match in numbered]
    if not labels or "" in labels:
        raise ValueError(f"Expected a label on every line of '{path}'. Received "
                         f"{'an empty line' if labels else 'an empty file'}. Write one name a line.")
    LabelIds(labels, f"'{path}'")
    return labels


def save_labels(path, labels):
    """Writes one name a line, aside and renamed."""
    bad = [name for name in labels if name != name.strip() or not name or "\n" in name or "\r" in name]
    if bad:
        raise ValueError(f"Expected label names on one line each, without spaces around. Received: {bad!r}. Rename.")
    write_aside(path, "".join(f"{name}\n" for name in labels))
