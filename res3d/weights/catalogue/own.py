"""Rows that a user adds: the CSV file that `RES3D_CATALOG` names."""

import csv
import functools
import math
import os
import pathlib

from res3d.geometry import preset
from res3d.networks.variants.table import variant
from res3d.weights.catalogue.labels import names_of
from res3d.weights.catalogue.row import Published, changed_clip, number
from res3d.weights.store.digests import kind_of
from res3d.weights.store.mirror import SCHEMES

YES, NO = ("yes", "true", "1"), ("", "no", "false", "0")


def own_rows():
    """The rows of `RES3D_CATALOG`, or none.

    Raises:
        ValueError: for a file that is no such table; the line, the column and what is wrong with it are named.
        OSError: if there is no such file.
    """
    named = os.environ.get("RES3D_CATALOG")
    if not named:
        return ()
    path = pathlib.Path(named).expanduser().absolute()
    if not path.is_file():
        raise FileNotFoundError(f"RES3D_CATALOG must name a CSV file of published weights. Received: {path}, which is "
                                f"{'a folder' if path.is_dir() else 'not there'}.")
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _read(path, _changed):
    rows, names = [], {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check_columns(reader.fieldnames or (), path)
            for fields in reader:
                where = f"line {reader.line_num} of RES3D_CATALOG, {path}"
                row = _row(fields, path.parent, where)
                if row.name in names:
                    raise ValueError(f"Names must differ. Received: {row.name} on {where}, and on line "
                                     f"{names[row.name]}. Give one of them another tag.")
                names[row.name] = reader.line_num
                rows.append(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"RES3D_CATALOG must name a CSV file in UTF-8. Received: {path} ({error}).") from error
    return tuple(rows)


def _check_columns(columns, path):
    wrong = [name for name in columns if name not in COLUMNS]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    lacking = [name for name in NEEDED if name not in columns]
    if wrong or twice or lacking:
        others = ", ".join(name for name in COLUMNS if name not in NEEDED)
        raise ValueError(f"RES3D_CATALOG must name a CSV file with the columns {', '.join(NEEDED)}, and any of "
                         f"{others}. Received: {path}, which " + (
                             f"lacks {', '.join(lacking)}." if lacking else
                             f"has {', '.join(wrong)}." if wrong else f"has {', '.join(twice)} twice."))


def _row(fields, folder, where):
    if None in fields:
        raise ValueError(f"A row must have as many cells as there are columns. Received: {len(fields[None])} more on "
                         f"{where}. Put a cell with a comma into double quotes.")
    fields = {name: (fields.get(name) or "").strip() for name in COLUMNS}
    for name, check in COLUMNS.items():
        if fields[name] or name in NEEDED:
            try:
                check(fields[name])
            except ValueError as error:
                raise ValueError(f"Column {name} on {where}: {error}") from error
    try:
        return _made(fields, folder)
    except ValueError as error:
        raise ValueError(f"On {where}: {error}") from error


def _made(fields, folder):
    """The row of a line whose cells are each what they must be."""
    address = fields["address"]
    if "://" not in address:
        address = (folder / pathlib.Path(address).expanduser()).as_uri()
    clip = preset(fields["clip"]) if fields["clip"] else variant(fields["network"]).native_clip
    return Published(fields["network"], fields["source"] or "own", fields["tag"], address, int(fields["classes"]),
                     clip.replace(**changed_clip(fields)), fields["digest"], _labels(fields, folder), fields["labels"],
                     fields["multi_label"].lower() in YES, fields["metric"], number(fields["top1"]),
                     number(fields["top5"]), fields["protocol"], fields["licence"], number(fields["megabytes"]))


def _labels(fields, folder):
    """The names of a list, or the lines of a file."""
    labels = names_of(fields["labels"])
    if fields["labels"] and labels is None:
        path = folder / pathlib.Path(fields["labels"]).expanduser()
        if not path.is_file():
            raise ValueError("`labels` must be the name of a published list or a file with one name a line. Received: "
                             f"{fields['labels']!r}, and there is no file '{path}'.")
        labels = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if labels is not None and len(labels) != int(fields["classes"]):
        raise ValueError(f"`labels` must name {fields['classes']} classes, as `classes` says. Received: {len(labels)} "
                         f"in {fields['labels']!r}.")
    return labels


def _text(text):
    """Anything will do."""


def _part_of_a_name(text):
    if not text or "/" in text:
        raise ValueError(f"Expected a word without a slash. Received: {text!r}.")


def _address(text):
    if not text or ("://" in text and text.split("://")[0] not in SCHEMES):
        raise ValueError("Expected an http://, https:// or file:// address, or a path beside the table. Received: "
                         f"{text!r}.")


def _whole(text):
    if not text.isdecimal() or not int(text):
        raise ValueError(f"Expected a whole number above 0. Received: {text!r}.")


def _figure(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < math.inf:
        raise ValueError(f"Expected a number that is not negative. Received: {text!r}.")


def _sides(text):
    if not 1 <= len(text.split("x")) <= 2 or not all(side.isdecimal() for side in text.split("x")):
        raise ValueError(f"Expected a short side, such as 256, or HEIGHTxWIDTH. Received: {text!r}.")


def _yes_or_no(text):
    if text.lower() not in YES + NO:
        raise ValueError(f"Expected yes or no. Received: {text!r}.")


NEEDED = ("network", "tag", "address", "classes")
COLUMNS = {  # what a cell must be; where it is not, a ValueError says so
    "network": variant, "tag": _part_of_a_name, "address": _address, "classes": _whole, "source": _part_of_a_name,
    "digest": kind_of, "labels": _text, "multi_label": _yes_or_no, "metric": _text, "top1": _figure, "top5": _figure,
    "protocol": _text, "clip": preset, "frames": _whole, "stride": _whole, "fps": _figure, "size": _whole,
    "resize": _sides, "scaling": _text, "channel_order": _text, "sampling": _text, "licence": _text,
    "megabytes": _figure}
