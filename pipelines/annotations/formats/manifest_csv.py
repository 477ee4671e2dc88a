"""The CSV manifest: a header `path,label[,start,end][,split][,num_frames,first_frame][,group][,weight]`, columns in any
order.

Columns go by other common names too, such as `filename,class,time_start,time_end`, and are separated by commas,
semicolons or tabs; times are seconds, or `mm:ss` and `h:mm:ss`. Relative paths start at the CSV's own folder. Several
labels are separated by `|`; the column may then be called `labels`, which says that clips may have several even if no
row has. `\\|` is a bar inside a name.
"""

import csv
import functools
import math
import re

from absl import logging

from pipelines.annotations import columns
from pipelines.annotations.entries import COLUMNS, MANIFEST_FILE, canonical_split
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import LOOKED_AT, check_text, held_in, is_text, read_text, separated
from pipelines.annotations.times import seconds
from pipelines.storage import folders
from pipelines.storage.addresses import join, parent, plain, shown
from res3d import joined


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
    text = read_text(path, names=True)
    separator, reader, before = separated(text)
    header, lines = _header_of(reader, before, path), _lines(reader, before, path)
    by = "split" if options.split_by is None else columns.plain_column(options.split_by)
    if not columns.knows(header):
        raise ValueError(f"Expected a header with `path` and `label` in '{path}'. It holds {held_in(path)}. Add the "
                         "header, or name another format.")
    places = columns.places(header, path, also=[] if options.split_by is None else [by])
    header = [columns.plain_column(name) for name in header]
    if options.split_by is not None:
        if by not in header:
            raise ValueError(f"Expected a column '{options.split_by}' in '{path}'. It has {columns.some(header)}. Name "
                             "one of them.")
        places["split"] = header.index(by)
    multi_label = True if header[places["label"]] == columns.SEVERAL else None
    missing = []
    read_row = _RowReader(header, places, separator, path, all_text=is_text(text))
    del text
    rows = list(kept(lambda line: read_row(*line), lines, options, missing,
                     lambda line: "".join(line[1][places["path"]:places["path"] + 1])))
    if not rows and not missing:
        raise ValueError(f"Expected rows `{','.join(COLUMNS[:2])}` in '{path}'. It holds a header alone. Add videos.")
    if "split" in places:
        _report_splits(rows, path)
    return Table(rows, None, parent(path), exact=True, multi_label=multi_label, missing=missing)


def _header(reader):
    return next((cells for cells in reader if any(map(str.strip, cells))), [])


def _header_of(reader, before, path):
    try:
        return _header(reader)
    except csv.Error as error:
        raise _no_csv(reader, before, path, error) from None


def _lines(reader, before, path):
    """(line number, cells) of all that is not empty, as they are read."""
    try:
        yield from ((reader.line_num + before, cells) for cells in reader if any(map(str.strip, cells)))
    except csv.Error as error:
        raise _no_csv(reader, before, path, error) from None


def _no_csv(reader, before, path, error):
    return ValueError(f"Expected a CSV file in '{path}'. Line {reader.line_num + before} is none: {error}. Correct it.")


class _RowReader:
    """Makes the `Row` of a line; what many lines have in common, such as a label, is made once."""

    def __init__(self, header, places, separator, path, all_text):
        self.header, self.places, self.separator, self.path, self.all_text = header, places, separator, path, all_text
        self.labels_of, self.split_of = functools.cache(_labels), functools.cache(_split)

    def __call__(self, number, cells):
        if len(cells) != len(self.header):
            raise ValueError(f"Expected {len(self.header)} fields ({columns.some(self.header)}) in {self._at(number)}. "
                             f"Received {len(cells)}: {cells[:columns.MOST_SHOWN]}. Put a value that holds a "
                             f"{'comma' if self.separator == ',' else repr(self.separator)} into double quotes.")
        fields = {name: cells[place] for name, place in self.places.items()}
        if not fields["path"]:
            raise ValueError(f"Expected a path in {self._at(number)}. Received an empty field. Fill it in, or drop the "
                             "line.")
        if not self.all_text:
            check_text([value for name, value in fields.items() if name != "path"], self.path, number)
        start, end = self._number(fields, "start", float, number), self._number(fields, "end", float, number)
        if start is not None and end is not None and start > end:
            raise ValueError(f"Expected start <= end (seconds) in {self._at(number)}. Received start={start:g}, "
                             f"end={end:g}. Swap or correct them.")
        return Row((fields["path"],), self.labels_of(fields["label"]), start, end,
                   self.split_of(fields.get("split", "")), self._number(fields, "num_frames", int, number),
                   self._number(fields, "first_frame", int, number) or 0,
                   weight=self._number(fields, "weight", float, number),
                   score=self._number(fields, "score", float, number),
                   **{name: fields.get(name, "").strip() or None for name in ("group", "subject", "annotator")})

    def _at(self, number):
        return f"'{self.path}', line {number}"

    def _number(self, fields, name, kind, number):
        text = fields.get(name)
        return _value(text.strip(), name, kind, self._at(number), self.separator) if text and text.strip() else None


def _labels(text):
    return tuple(name for name in map(str.strip, joined.split(text)) if name)


def _split(text):
    return canonical_split(text.strip() or None)


def _value(text, name, kind, where, separator):
    if kind is int:
        separator = ","
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
