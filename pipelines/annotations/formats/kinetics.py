"""Kinetics 400, 600 and 700: CSV with a header `[label,]youtube_id,time_start,time_end,split[,is_cc]`.

A clip lies anywhere below the videos' folder as `<id>_<start as 6 digits>_<end as 6 digits>` with any suffix, or,
uncut, as `<id>`; start and end then cut it. Test lists have no label. Columns are found by name.
"""

import csv

from pipelines.annotations.entries import canonical_split
from pipelines.annotations.table import Row, Table, beside, first_lines, kept
from pipelines.annotations.text import read_text, separated
from pipelines.storage import folders

NEEDED = ("youtube_id", "time_start", "time_end")


def knows(path):
    """A CSV file with the columns of Kinetics, or a folder of such files."""
    return any("youtube_id" in line for file in _files(path) for line in first_lines(file, 1))


def read(path, options):
    """A `Table` of all rows."""
    rows, missing = [], []
    files = [file for file in _files(path) if any("youtube_id" in line for line in first_lines(file, 1))]
    for file in files or [path]:
        rows += _rows(file, options, missing)
    return Table(rows, None, folders.folder_of(path), missing=missing)


def _rows(path, options, missing):
    _, reader, before = separated(read_text(path))
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        lacking = [name for name in NEEDED if name not in header]
        if lacking:
            raise ValueError(f"Expected the columns {', '.join(NEEDED)} in '{path}'. Received {header or 'none'}, "
                             f"without {', '.join(lacking)}. Add the header line of Kinetics.")
        lines = [(reader.line_num + before, dict(zip(header, cells))) for cells in reader if any(cells)]
    except csv.Error as error:
        raise ValueError(f"Expected a CSV file in '{path}'. Line {reader.line_num + before} is none: {error}. Correct "
                         "it.") from None
    return kept(lambda item: _row(*item, path), lines, options, missing, lambda item: item[1].get("youtube_id", ""))


def _row(number, fields, path):
    name, times = fields.get("youtube_id"), (fields.get("time_start"), fields.get("time_end"))
    if not name:
        raise ValueError(f"Expected a `youtube_id` in '{path}', line {number}. Received an empty field. Fill it in.")
    try:
        start, end = map(float, times)
        cut = f"{name}_{int(start):06d}_{int(end):06d}"
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"Expected times in seconds in '{path}', line {number}. Received: "
                         f"{times[0]!r}, {times[1]!r}. Correct the line.") from None
    if not 0 <= start < end:
        raise ValueError(f"Expected time_start < time_end (seconds) in '{path}', line {number}. "
                         f"Received: {start:g}, {end:g}. Swap or correct them.")
    label = (fields.get("label") or "").strip()
    split = canonical_split((fields.get("split") or "").strip() or None)
    return Row((cut,), (label,) if label else (), start, end, split, whole=(name,))


def _files(path):
    return beside(path, r".+\.csv") if folders.is_folder(path) else [path]
