"""The CSV manifest: a header `path,label[,start,end][,split][,num_frames,first_frame][,group]`, columns in any
order.

Relative paths start at the CSV's own folder. Several labels are separated by `|`; the column may then be called
`labels`, which says that clips may have several even if no row has. `\\|` is a bar inside a name.
"""

import csv
import math

from pipelines.annotations import labels
from pipelines.annotations.entries import COLUMNS, MANIFEST_FILE, canonical_split
from pipelines.annotations.table import Row, Table
from pipelines.storage import folders
from pipelines.storage.addresses import join, parent, plain


def knows(path):
    """A CSV file with `path` and `label` in its header, or a folder with a `manifest.csv`."""
    path = _file(path)
    if path is None or not plain(path).lower().endswith((".csv", ".tsv", ".txt")):
        return False
    with folders.open_text(path, newline="") as file:
        header = file.readline().strip()
    return {"path"} < _names(header.split(",")) and bool({"label", "labels"} & _names(header.split(",")))


def read(path, options):
    """A `Table` of the rows. Raises ValueError, with the line's number, for one that cannot be read."""
    path = _file(path)
    with folders.open_text(path, newline="") as file:
        reader = csv.reader(file)
        header = [name.strip().casefold() for name in next(reader)]
        multi_label = True if "labels" in header else None
        split = "split" if options.split_by is None else options.split_by.strip().casefold()
        if options.split_by is not None and split not in header:
            raise ValueError(f"Expected a column '{options.split_by}' in '{path}'. It has {', '.join(header)}. Name "
                             "one of them.")
        header = ["label" if name == "labels" else name for name in header]
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"'{path}', line {reader.line_num}"
            if len(cells) != len(header):
                raise ValueError(f"Expected {len(header)} fields ({', '.join(header)}) in {where}. Received "
                                 f"{len(cells)}: {cells}. Put a value that holds a comma into double quotes.")
            rows.append(_row(dict(zip(header, cells)), where, split))
    if not rows:
        raise ValueError(f"Expected rows `{','.join(COLUMNS[:2])}` in '{path}'. It holds a header alone. Add videos.")
    return Table(rows, None, parent(path), exact=True, multi_label=multi_label)


def _row(fields, where, split):
    path = fields["path"]
    if not path:
        raise ValueError(f"Expected a path in {where}. Received an empty field. Fill it in, or drop the line.")
    start, end = (_number(fields, name, float, where) for name in ("start", "end"))
    if start is not None and end is not None and not start < end:
        raise ValueError(f"Expected start < end (seconds) in {where}. Received start={start:g}, end={end:g}. Swap or "
                         "correct them.")
    names = tuple(label.strip() for label in labels.split(fields["label"]))
    split = canonical_split(fields.get(split, "").strip() or None)
    return Row((path,), tuple(filter(None, names)), start, end, split, _number(fields, "num_frames", int, where),
               _number(fields, "first_frame", int, where) or 0, group=fields.get("group", "").strip() or None)


def _number(fields, name, kind, where):
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"Expected `{name}` to be a number from 0, or empty, in {where}. Received: {text!r}. Correct "
                         "it.")
    return value


def _names(header):
    return {name.strip().casefold() for name in header}


def _file(path):
    if folders.is_folder(path):
        path = join(path, MANIFEST_FILE)
    return path if folders.is_file(path) else None
