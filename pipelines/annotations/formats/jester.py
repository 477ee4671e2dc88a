"""Jester: lists `id;label` or `id,label` without a header (test lists: `id`), or `id index` counted from 1.

Videos are folders of frames named by the id. Two orders of the 27 labels are in use: the data set's own, in
`jester-v1-labels.csv`, which the named lists take, and the alphabetical one of `classInd.txt`, to which indices refer.
Pass `labels` to read either kind of list into the other's ids.
"""

import re

from pipelines.annotations.labels import load_labels, sort_labels
from pipelines.annotations.table import Row, Table, beside, first_lines, kept, read_lines, split_in_name
from pipelines.annotations.text import check_text
from pipelines.storage import folders
from pipelines.storage.addresses import file_name

NAMED = re.compile(r"(\d+)\s*[;,]\s*(.*\D.*)")
INDEXED = re.compile(r"(\d+)\s+(\d+)")
LISTS = r".*(train|validation|test).*\.csv"


def knows(path):
    """Rows of an id and a label, or of an id and an index beside a classInd.txt, or a folder of such lists."""
    if folders.is_folder(path):
        return bool(beside(path, r".*labels\.csv")) and any(map(knows, beside(path, LISTS)))
    lines = first_lines(path)
    if lines and all(INDEXED.fullmatch(line) for line in lines):
        return bool(beside(path, r"classInd\.txt"))
    ids_alone = "jester" in file_name(path).lower() and all(line.isdecimal() for line in lines)
    return bool(lines) and (ids_alone or all(NAMED.fullmatch(line) for line in lines))


def read(path, options):
    """A `Table` of one list, or of the first list of each split in a folder."""
    lists = [path]
    if folders.is_folder(path):
        lists = list({split_in_name(file): file for file in reversed(beside(path, LISTS)) if knows(file)}.values())
    missing = []
    rows = [row for file in lists for row in _rows(file, options, missing)]
    indexed = any(isinstance(label, int) for row in rows for label in row.labels)
    listed = beside(path, r"classInd\.txt" if indexed else r".*labels\.csv")
    if listed:
        labels = load_labels(listed[0])
    else:
        labels = None if indexed else sort_labels(label for row in rows for label in row.labels)
    return Table(rows, labels, folders.folder_of(path), missing=missing)


def _rows(path, options, missing):
    split = split_in_name(path)

    def row(numbered):
        number, line = numbered
        named, indexed = NAMED.fullmatch(line), INDEXED.fullmatch(line)
        if named:
            labels = (named[2].strip(),)
        elif indexed and int(indexed[2]) > 0:
            labels = (int(indexed[2]) - 1,)
        elif line.isdecimal():
            labels = ()
        else:
            raise ValueError(f"Expected `id;label`, `id,label`, `id index` (from 1) or `id` in '{path}', line "
                             f"{number}. Received: {line!r}. Correct the line, or name another format.")
        check_text(labels[:1] if named else (), path, number)
        return Row((re.match(r"\d+", line)[0],), labels, split=split)

    return kept(row, read_lines(path), options, missing, lambda numbered: numbered[1])
