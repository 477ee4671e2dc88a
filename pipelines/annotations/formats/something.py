"""Something-Something v2: JSON lists of `id`, `label`, `template`, and `labels.json` with `{class: "index as text"}`.

The class is the template with the square brackets taken out; `label` names the objects and is not the class. Test lists
have ids alone; their classes come from a `test-answers` file (`id;class`) beside, where there is one.
"""

from pipelines.annotations.labels import load_labels, sort_labels
from pipelines.annotations.table import Row, Table, beside, kept, read_json, read_lines, split_in_name
from pipelines.annotations.text import check_text, held_in
from pipelines.storage import folders
from pipelines.storage.addresses import file_name, plain

LISTS = r".*(train|validation|test).*\.json"


def knows(path):
    """A JSON list of objects with `id`, a file of test answers, or a folder with `labels.json` and such lists."""
    if folders.is_folder(path):
        return bool(beside(path, r".*labels\.json") and beside(path, LISTS))
    if plain(path).lower().endswith(".csv"):
        return "answers" in file_name(path).lower()
    if not plain(path).lower().endswith(".json"):
        return False
    found = read_json(path)
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and "id" in found[0]


def read(path, options):
    """A `Table` of one list, or of all lists in a folder."""
    missing = []
    files = beside(path, LISTS) if folders.is_folder(path) else [path]
    rows = [row for file in files for row in _rows(file, options, missing)]
    listed = beside(path, r".*labels\.json")
    labels = load_labels(listed[0]) if listed else sort_labels(name for row in rows for name in row.labels)
    return Table(rows, labels, folders.folder_of(path), missing=missing)


def class_of(template):
    """`Moving [something] up` -> `Moving something up`.

    >>> class_of("[Something] falling like a feather or paper")
    'Something falling like a feather or paper'
    """
    return template.replace("[", "").replace("]", "")


def _rows(path, options, missing):
    split = split_in_name(path)
    if plain(path).lower().endswith(".csv"):
        return [Row((name,), (label,), split="test") for name, label in _answers(path, options, missing).items()]
    answers = {}
    if split == "test":
        for file in beside(path, r".*test-answers.*\.csv"):
            answers |= _answers(file, options, missing)
    items = read_json(path)
    if not isinstance(items, list):
        raise ValueError(f"Expected a JSON list of objects with `id` in '{path}'. It holds {held_in(path)}. Name "
                         "another format.")

    def row(numbered):
        number, item = numbered
        if not isinstance(item, dict) or "id" not in item:
            raise ValueError(f"Expected objects with `id` in '{path}'. Received {item!r} as number {number}. Correct "
                             "it.")
        name = str(item["id"])
        label = class_of(str(item["template"])) if "template" in item else answers.get(name)
        return Row((name,), (label,) if label else (), split=split)

    return kept(row, enumerate(items, 1), options, missing, lambda numbered: str(numbered[1])[:200])


def _answers(path, options, missing):
    """{id: class} of a file of test answers."""
    def answer(numbered):
        number, line = numbered
        name, separator, label = line.partition(";")
        if not separator:
            raise ValueError(f"Expected `id;class` in '{path}', line {number}. Received: {line!r}. Correct the line.")
        check_text([label], path, number)
        return name.strip(), label.strip()

    return dict(kept(answer, read_lines(path), options, missing, lambda numbered: numbered[1]))
