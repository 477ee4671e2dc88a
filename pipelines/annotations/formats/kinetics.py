"""Kinetics 400, 600 and 700: CSV with a header `[label,]youtube_id,time_start,time_end,split[,is_cc]`.

A clip lies anywhere below the videos' folder as `<id>_<start as 6 digits>_<end as 6 digits>` with any suffix, or,
uncut, as `<id>`; start and end then cut it. Test lists have no label. Columns are found by name.
"""

import csv

from pipelines.annotations.entries import canonical_split
from pipelines.annotations.table import Row, Table, beside, first_lines
from pipelines.storage import folders

NEEDED = ("youtube_id", "time_start", "time_end")


def knows(path):
    """A CSV file with the columns of Kinetics, or a folder of such files."""
    return any("youtube_id" in line for file in _files(path) for line in first_lines(file, 1))


def read(path, options):
    """A `Table` of all rows."""
    rows, files = [], [file for file in _files(path) if any("youtube_id" in line for line in first_lines(file, 1))]
    for file in files or [path]:
        rows += _rows(file)
    return Table(rows, None, folders.folder_of(path))


def _rows(path):
    with folders.open_text(path, errors="strict", newline="") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if lacking:
            raise ValueError(f"Expected the columns {', '.join(NEEDED)} in '{path}'. Received {reader.fieldnames}, "
                             f"without {', '.join(lacking)}. Add the header line of Kinetics.")
        for fields in reader:
            name = fields["youtube_id"]
            try:
                start, end = float(fields["time_start"]), float(fields["time_end"])
                cut = f"{name}_{int(start):06d}_{int(end):06d}"
            except (TypeError, ValueError, OverflowError):
                raise ValueError(f"Expected times in seconds in '{path}', line {reader.line_num}. Received: "
                                 f"{fields['time_start']!r}, {fields['time_end']!r}. Correct the line.") from None
            if not 0 <= start < end:
                raise ValueError(f"Expected time_start < time_end (seconds) in '{path}', line {reader.line_num}. "
                                 f"Received: {start:g}, {end:g}. Swap or correct them.")
            label = (fields.get("label") or "").strip()
            split = canonical_split((fields.get("split") or "").strip() or None)
            yield Row((cut,), (label,) if label else (), start, end, split, whole=(name,))


def _files(path):
    return beside(path, r".+\.csv") if folders.is_folder(path) else [path]
