"""UCF101 split lists: `trainlist01.txt` with an index from 1 after each path, `testlist01.txt` without, `classInd.txt`.

The class of a row is its folder; the index is checked against it. File names are taken as they stand in the list: in
the folder `HandstandPushups` they begin with `v_HandStandPushups`.
"""

import re

from pipelines.annotations.labels import load_labels, sort_labels
from pipelines.annotations.table import Row, Table, beside, first_lines, kept, read_lines
from pipelines.annotations.text import check_text
from pipelines.storage import folders
from pipelines.storage.addresses import file_name

ROW = re.compile(r"([^/]+)/(v_.+?_g\d+_c\d+(?:\.\w+)?)(?:\s+(\d+))?")
LIST = r"(train|test|val)list{fold}.*\.txt"


def knows(path):
    """A list whose rows read `CLASS/v_CLASS_g01_c01.avi`, or a folder with numbered lists."""
    if folders.is_folder(path):
        return bool(beside(path, LIST.format(fold=r"\d\d")))
    return bool(first_lines(path)) and all(ROW.fullmatch(line.replace("\\", "/")) for line in first_lines(path))


def read(path, options):
    """A `Table` of one list, or of the train and test lists of `fold` in a folder."""
    lists = [path]
    if folders.is_folder(path):
        lists = beside(path, LIST.format(fold=f"{options.fold:02d}"))
        if not lists:
            raise ValueError(f"Expected lists of fold {options.fold}, such as 'trainlist{options.fold:02d}.txt', in "
                             f"'{path}'. None is there. Pass fold= one that is.")
    index = beside(path, r"classInd\.txt")
    classes = load_labels(index[0]) if index else None
    lines = [(line, number, file) for file in lists for number, line in read_lines(file)]
    missing = []
    rows = list(kept(lambda item: _row(*item, classes), lines, options, missing, lambda item: item[0]))
    folder = folders.folder_of(path)
    return Table(rows, classes or sort_labels(row.labels[0] for row in rows), folder, missing=missing)


def _row(line, number, path, classes):
    match = ROW.fullmatch(line.replace("\\", "/"))
    if not match:
        raise ValueError(f"Expected `CLASS/v_CLASS_g01_c01.avi [index]` in '{path}', line {number}. Received: "
                         f"{line!r}. Correct the line, or name another format.")
    label, name, index = match.groups()
    check_text([label], path, number)
    if index and classes and not (0 < int(index) <= len(classes) and classes[int(index) - 1] == label):
        raise ValueError(f"Expected the index of '{label}', counted from 1 in classInd.txt, in '{path}', line "
                         f"{number}. Received: {index}. Use the classInd.txt that the list was made with.")
    named = re.match("train|test|val", file_name(path).lower())
    split = named[0] if named else "train" if index else "test"
    return Row((f"{label}/{name}",), (label,), split=split)
