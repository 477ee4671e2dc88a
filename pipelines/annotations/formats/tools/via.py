"""VGG Image Annotator 3: its project, as JSON, and its CSV export, whose header is a comment.

A `z` of two times is a span, of one an instant, of none a label of the whole file. Boxes are not read. An attribute is
free text, or the key of an option; one that is called `subject` or `annotator` tells these, every other is a label.
"""

import csv
import json
import re

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.table import Row, Table, kept, peek_json, read_json
from pipelines.annotations.text import LOOKED_AT, held_in, lines_of, read_text
from pipelines.annotations.times import pair, seconds
from pipelines.storage import folders
from pipelines.storage.addresses import parent, plain

CHECKBOX = 2
WHO = ("subject", "annotator")
COLUMNS = ("file_list", "temporal_coordinates", "metadata")
SHAPE = "`metadata` with `vid`, `z`, `xy` and `av`, and its view, file and attributes,"


def knows(path):
    """A JSON object with `metadata`, `attribute`, `view` and `file`, or a CSV with the columns of VIA."""
    if plain(path).lower().endswith((".csv", ".txt")) and folders.is_file(path):
        return all(name in read_text(path, LOOKED_AT, names=True) for name in COLUMNS)
    found = peek_json(path)
    return isinstance(found, dict) and {"metadata", "attribute", "view", "file"} <= set(found)


def read(path, options):
    """A `Table` of all labels in time, and of whole files."""
    table = Table([], folder=parent(path))
    items, make = _of_csv(path) if not plain(path).lower().endswith(".json") else _of_json(path)
    for rows in kept(careful(lambda item: _rows(*make(item), table), SHAPE, path), items, options, table.missing,
                     lambda item: str(item)[:80]):
        table.rows += rows
    return table


def _of_json(path):
    """(keys of metadata, a function of one that gives its names, attributes and numbers)."""
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise ValueError(f"Expected a project with {SHAPE} in '{path}'. It holds {held_in(path)}. Save the project as "
                         "JSON, or name another format.")

    def make(key):
        item = found["metadata"][key]
        file = found["file"][str(found["view"][str(item["vid"])]["fid_list"][0])]
        return names_of(file["fname"]), found["attribute"], item["z"], item.get("xy") or [], item["av"]

    return list(found["metadata"]), make


def _of_csv(path):
    """(lines, a function of one that gives the same)."""
    lines = lines_of(read_text(path))
    header, attributes, rows = None, {}, []
    for line in lines:
        comment = re.match(r"\s*#\s*(?:CSV_HEADER\s*=\s*)?(.*)", line)
        told = re.match(r"#\s*ATTRIBUTES?\s*=\s*(\{.*\})", line)
        if told:
            attributes = _attributes(told[1])
        elif all(name in line for name in COLUMNS) and header is None:
            header = [name.strip() for name in (comment[1] if comment else line).split(",")]
        elif line.strip() and not line.lstrip().startswith("#"):
            rows.append(line)
    if header is None:
        raise ValueError(f"Expected a comment with the columns {', '.join(COLUMNS)} in '{path}'. It holds "
                         f"{held_in(path)}. Export as CSV, or name another format.")
    place = {name: header.index(name) for name in header}

    def make(line):
        cells = next(csv.reader([line]))
        files, z, av = (json.loads(cells[place[name]]) for name in COLUMNS)
        xy = json.loads(cells[place["spatial_coordinates"]]) if "spatial_coordinates" in place else []
        return names_of(files[0]), attributes, z, xy, av

    return rows, make


def _attributes(text):
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {key: value if isinstance(value, dict) else {"aname": value} for key, value in found.items()}


def _rows(names, attributes, z, xy, av, table):
    if xy:
        table.missing.append(Missing(names[0], "a box or another shape in the picture, which is no label in time"))
        return []
    checked(isinstance(z, list) and len(z) < 3, "one time or two", z)
    start, end = (None, None) if not z else pair(*z) if len(z) == 2 else (seconds(z[0]),) * 2
    labels, who = [], {}
    for key, value in av.items():
        attribute = attributes.get(key, {})
        found = [name for name in _values(attribute, value) if name]
        if attribute.get("aname") in WHO:
            who |= {attribute["aname"]: found[0]} if found else {}
        else:
            labels += found
    if not labels:
        table.missing.append(Missing(names[0], "a part without a label"))
        return []
    if start is None:
        return [Row(names, tuple(labels), **who)]
    return [Row(names, (label,), start, end, **who) for label in labels]


def _values(attribute, value):
    """The names that an attribute's value stands for: its options', or the text itself."""
    options = attribute.get("options") or {}
    value = text_of(value) or ""
    keys = value.split(",") if attribute.get("type") == CHECKBOX else [value]
    return [text_of(options.get(key, key if attribute.get("type", 1) == 1 or not options else None)) for key in keys]
