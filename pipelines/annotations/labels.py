"""Label lists: names whose position is the id; read, written, sorted and looked up in one way everywhere."""

import collections
import json
import os
import re
import unicodedata

from pipelines.annotations.text import held_in, is_text, lines_of, read_text
from pipelines.storage import addresses, folders
from res3d.atomic import write_aside

MOST_LABELS = 10**6  # where ids alone say how many there are


class LabelIds:
    """Looks ids up by name: exactly, or else with underscores as spaces and without regard to case.

    Accents are compared as they look, however they are written.

    >>> LabelIds(["Thumb Up", "No gesture"])["Thumb_Up"]
    0
    """

    def __init__(self, labels, source="the label list"):
        self.labels, self.source = list(labels), source
        self._exact = {composed(name): i for i, name in enumerate(self.labels)}
        if len(self._exact) < len(self.labels):
            twice = sorted(name for name, n in collections.Counter(map(composed, self.labels)).items() if n > 1)
            raise ValueError(f"Expected every label once in {source}. Received twice: {twice}. Remove one of each.")
        loose = [plain_name(name) for name in self.labels]
        self._loose = {name: i for i, name in enumerate(loose)} if len(set(loose)) == len(loose) else {}

    def __getitem__(self, name):
        found = self._exact.get(composed(name))
        found = self._loose.get(plain_name(name)) if found is None else found
        if found is None:
            shown = ", ".join(self.labels[:8]) + (", ..." if len(self.labels) > 8 else "")
            is_id = name.isdecimal() and not any(label.isdecimal() for label in self.labels)
            advice = "Write names in the place of ids" if is_id else "Add it to the list, or remove its videos"
            raise ValueError(f"Expected one of the {len(self.labels)} labels of {self.source} ({shown}). Received "
                             f"label {name!r}. {advice}.")
        return found


def plain_name(name):
    """A label for comparison: `Thumb_Up` and `thumb up` are one, and so are the two spellings of an accent."""
    return " ".join(composed(name.replace("_", " ").casefold()).split())


def composed(name):
    """A name with each accent and its letter as one character where there is one, as most systems but macOS write it.

    >>> composed("Cafe\u0301") == "Caf\u00e9"
    True
    """
    return unicodedata.normalize("NFC", name)


def sort_labels(names):
    """Label names in the order of their ids: by code point, or by value where all are whole numbers.

    >>> sort_labels(["run", "Jump"]), sort_labels(["10", "9"])
    (['Jump', 'run'], ['9', '10'])
    """
    names = set(names)
    whole = all(name.isdecimal() and len(name) < 1000 for name in names)
    return sorted(names, key=int) if whole else sorted(names)


def counted_from_one(labels, empty):
    """What to do where ids were counted from 1, so that the first class has no video; "" where that is not so.

    >>> counted_from_one(["0", "1", "2"], ["0"])[:37], counted_from_one(["jump", "run"], ["jump"])
    ('Ids are counted from 0, and these see', '')
    """
    if list(empty) != ["0"] or list(labels) != list(map(str, range(len(labels)))) or len(labels) < 2:
        return ""
    return ("Ids are counted from 0, and these seem to begin at 1: subtract 1 from each, or write a CSV manifest with "
            "a header `path,label`, where numbers are names.")


def load_labels(path):
    """Reads a label list: one name a line, lines `1 name` counted from 0 or 1, or JSON (a list, or `{name: id}`).

    What the project itself has written beside a `clip.json` is one name a line, whatever the names begin with.
    """
    path = os.fspath(path)
    text = read_text(path)
    labels = _from_json(path, text) if path.lower().endswith(".json") else _from_text(text, _is_plain(path))
    if not labels or "" in labels:
        raise ValueError(f"Expected a label on every line of '{path}'. Received "
                         f"{'an empty line' if labels else 'an empty file'}. Write one name a line.")
    LabelIds(labels, f"'{path}'")
    return labels


def save_labels(path, labels):
    """Writes one name a line, aside and renamed, so that `load_labels` gives the same names.

    Where all of them begin with a number, and would be read as numbered lines, each line is numbered; of a path that
    ends in `.json`, a JSON list is written.
    """
    path, labels = os.fspath(path), list(labels)
    bad = [name for name in labels if name != name.strip() or not name or set(name) & set("\n\r\0")]
    if bad:
        raise ValueError(f"Expected label names on one line each, without spaces around. Received: {bad!r}. Rename.")
    if bad := [name for name in labels if not is_text(name)]:
        raise ValueError(f"Expected label names that are text. Received: {bad!r}, which hold bytes that are none. "
                         "Rename their folders, or save their list as UTF-8.")
    LabelIds(labels, "the labels to save")
    if path.lower().endswith(".json"):
        write_aside(path, json.dumps(labels, ensure_ascii=False, indent=1) + "\n")
        return
    text, plain = _lines(labels), _is_plain(path)
    if _from_text(text, plain) != labels:
        text = _lines(f"{number} {name}" for number, name in enumerate(labels))
    if text.startswith("\ufeff"):  # a mark of its own, which is taken off in its place
        text = "\ufeff" + text
    write_aside(path, text)


def _lines(labels):
    return "".join(f"{name}\n" for name in labels)


def _is_plain(path):
    """Whether a label list is one of the project's own, of a run, an export or records."""
    return addresses.file_name(path) == "labels.txt" and folders.is_file(
        addresses.join(addresses.parent(path), "clip.json"))


def _from_text(text, plain):
    labels = [line.strip() for line in lines_of(text.rstrip())] if text.strip() else []
    numbered = [re.fullmatch(r"(\d+)[\s,;]+(.+)", line) for line in labels]
    if labels and all(numbered) and not plain:
        numbers = [int(match[1]) for match in numbered]
        if numbers in (list(range(len(labels))), list(range(1, len(labels) + 1))):
            return [match[2] for match in numbered]
    return labels


def _from_json(path, text):
    """The names in a JSON list, or in an object by their ids, which are counted from 0 or 1."""
    try:
        found = json.loads(text)
        if isinstance(found, dict):
            ids = {name: int(number) for name, number in found.items()}
            labels = sorted(ids, key=ids.__getitem__)
            good = sorted(ids.values()) in (list(range(len(ids))), list(range(1, len(ids) + 1)))
        else:
            labels = found
            good = isinstance(found, list) and all(isinstance(name, str) for name in found)
    except (ValueError, TypeError, RecursionError):
        good = False
    if not good:
        raise ValueError(f"Expected a JSON list of names, or an object of names with their ids from 0 or 1 on, in "
                         f"'{path}'. Received {held_in(path)}. Correct it.")
    return labels
