"""The CSV manifest: a header `path,label[,start,end][,split][,num_frames,first_frame][,group][,weight]`, columns in any
order.

Columns go by other common names too, such as `filename,class,time_start,time_end`, and are separated by commas,
semicolons or tabs; times are seconds, or `mm:ss` and `h:mm:ss`. Relative paths start at the CSV's own folder. Several
labels are separated by `|`; the column may then be called `labels`, which says that clips may have several even if no
row has. `\\|` is a bar inside a name.
"""

import csv
import math
import re

from absl import logging

from pipelines.annotations import columns, labels
from pipelines.annotations.entries import COLUMNS, MANIFEST_FILE, canonical_split
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import LOOKED_AT, check_text, held_in, read_text, separated
from pipelines.annotations.times import seconds
from pipelines.storage import folders
from pipelines.storage.addresses import join, parent, plain, shown


def knows(path):
    """A CSV file with a column of paths and one of labels in its header, or a folder with a `manifest.csv`."""
    path = _file(path)
    if path is None or not plain(path).lower().endswith((".csv", ".tsv", ".txt")):
        return False
    try:
        return columns.knows(_header(separated(read_text(path, LOOKED_AT, names=True))[1]))
    except csv.Error:
        return False


def read(path, options):
    """A `Table` of the rows. Raises ValueError, with the line's number, for one that cannot be read."""
    folder, path = path, _file(path)
    if path is None:
        raise ValueError(f"Expected a CSV manifest, or a folder with a `{MANIFEST_FILE}`. '{folder}' has none. Name "
                         "another format.")
    separator, reader, before = separated(read_text(path, names=True))
    header, lines = _lines(reader, before, path)
    by = "split" if options.split_by is None else columns.plain_column(options.split_by)
    if not columns.knows(header):
        raise ValueError(f"Expected a header with `path` and `label` in '{path}'. It holds {held_in(path)}. Add the "
                         "header, or name another format.")
    places = columns.places(header, path, also=[] if options.split_by is None else [by])
    header = [columns.plain_column(name) for name in header]
    if options.split_by is not None:
        if by not in header:
            raise ValueError(f"Expected a column '{options.split_by}' in '{path}'. It has {', '.join(header)}. Name "
                             "one of them.")
        places["split"] = header.index(by)
    multi_label = True if header[places["label"]] == columns.SEVERAL else None
    missing = []
    rows = list(kept(lambda line: _row(*line, header, places, separator, path), lines,
                     options, missing, lambda line: "".join(line[1][places["path"]:places["path"] + 1])))
    if not rows and not missing:
        raise ValueError(f"Expected rows `{','.join(COLUMNS[:2])}` in '{path}'. It holds a header alone. Add videos.")
    if "split" in places:
        _report_splits(rows, path)
    return Table(rows, None, parent(path), exact=True, multi_label=multi_label, missing=missing)


def _header(reader):
    return next((cells for cells in reader if any(map(str.strip, cells))), [])


def _lines(reader, before, path):
    """(header, [(line number, cells)]) of all that is not empty."""
    try:
        header = _header(reader)
        return header, [(reader.line_num + before, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise ValueError(f"Expected a CSV file in '{path}'. Line {reader.line_num + before} is none: {error}. Correct "
                         "it.") from None


def _row(number, cells, header, places, separator, path):
    where = f"'{path}', line {number}"
    if len(cells) != len(header):
        raise ValueError(f"Expected {len(header)} fields ({', '.join(header)}) in {where}. Received {len(cells)}: "
                         f"{cells}. Put a value that holds a {'comma' if separator == ',' else repr(separator)} into "
                         "double quotes.")
    fields = {name: cells[place] for name, place in places.items()}
    if not fields["path"]:
        raise ValueError(f"Expected a path in {where}. Received an empty field. Fill it in, or drop the line.")
    check_text([value for name, value in fields.items() if name != "path"], path, number)
    start, end = (_number(fields, name, float, where, separator) for name in ("start", "end"))
    if start is not None and end is not None and start > end:
        raise ValueError(f"Expected start <= end (seconds) in {where}. Received start={start:g}, end={end:g}. Swap or "
                         "correct them.")
    names = tuple(label.strip() for label in labels.split(fields["label"]))
    return Row((fields["path"],), tuple(filter(None, names)), start, end,
               canonical_split(fields.get("split", "").strip() or None),
               _number(fields, "num_frames", int, where), _number(fields, "first_frame", int, where) or 0,
               group=fields.get("group", "").strip() or None, weight=_number(fields, "weight", float, where, separator),
               subject=fields.get("subject", "").strip() or None, annotator=fields.get("annotator", "").strip() or None,
               score=_number(fields, "score", float, where, separator))


def _number(fields, name, kind, where, separator=","):
    text = fields.get(name, "").strip()
    if not text:
        return None
    if separator == ";" and re.fullmatch(r"\d+,\d+", text):  # as spreadsheets write it where lists have semicolons
        text = text.replace(",", ".")
    try:
        value = seconds(text) if name in ("start", "end") else kind(text)
    except ValueError:
        value = -1
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"Expected `{name}` to be a number from 0, or empty, in {where}. Received: {text!r}. Correct "
                         "it.")
    return value


def _report_splits(rows, path):
    bare = [row for row in rows if row.split is None]
    if bare and len(bare) < len(rows):
        logging.warning("%d of %d rows of '%s' name no split and are in none, the first '%s'", len(bare), len(rows),
                        shown(path), shown(bare[0].names[0]))


def _file(path):
    if folders.is_folder(path):
        path = join(path, MANIFEST_FILE)
    return path if folders.is_file(path) else None
