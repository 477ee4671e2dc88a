"""HMDB51 split files: one for each class and split, `CLASS_test_splitN.txt`, with rows `name tag`.

Tag 1 is train, 2 is test, and 0, in neither, is left out. Names hold brackets and other characters that shells read as
patterns; here they are only ever compared.
"""

import re

from pipelines.annotations.labels import load_labels, sort_labels
from pipelines.annotations.table import Row, Table, beside, kept, read_lines
from pipelines.storage import folders
from pipelines.storage.addresses import file_name

FILE = r"(.+)_test_split{fold}\.txt"
SPLITS = {"0": None, "1": "train", "2": "test"}


def knows(path):
    """A file named as HMDB51 names them, or a folder of them."""
    if folders.is_folder(path):
        return bool(beside(path, FILE.format(fold=r"\d+")))
    return bool(re.fullmatch(FILE.format(fold=r"\d+"), file_name(path)))


def read(path, options):
    """A `Table` of one class, or of all classes of `fold` in a folder; labels are in alphabetical order.

    `class_list.txt`, where it lies beside, adds classes without a split file; its order is another and not used.
    """
    files = beside(path, FILE.format(fold=options.fold)) if folders.is_folder(path) else [path]
    if not files:
        raise ValueError(f"Expected files of fold {options.fold}, such as 'wave_test_split{options.fold}.txt', in "
                         f"'{path}'. None is there. Pass fold= one that is.")
    missing = []
    rows = [row for file in files for row in _rows(file, options, missing)]
    names = {re.fullmatch(FILE.format(fold=r"\d+"), file_name(file))[1] for file in files}
    for listed in beside(path, r"class_list\.txt"):
        names.update(load_labels(listed))
    return Table(rows, sort_labels(names), folders.folder_of(path), missing=missing)


def _rows(path, options, missing):
    label = re.fullmatch(FILE.format(fold=r"\d+"), file_name(path))
    if not label:
        raise ValueError(f"Expected a file named CLASS_test_splitN.txt. Received: '{path}'. Keep the data set's names.")

    def row(numbered):
        number, line = numbered
        name, _, tag = line.rpartition(" ")
        if tag not in SPLITS or not name:
            raise ValueError(f"Expected `name tag` with a tag 0, 1 or 2 in '{path}', line {number}. Received: "
                             f"{line!r}. Correct the line.")
        return Row((f"{label[1]}/{name.strip()}",), (label[1],), split=SPLITS[tag])

    rows = kept(row, read_lines(path), options, missing, lambda numbered: numbered[1])
    return [row for row in rows if row.split]
