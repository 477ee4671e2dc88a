"""DeepEthogram: a CSV for each video, a row a frame, a column a behaviour, `background` the first; 1 where it is seen.

Frames of -1 are not labelled. `NAME_labels.csv` is of the video `NAME`. `rate` turns frames into seconds, else the
video's own times do.
"""

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, first_rows, table_rows
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import check_text, held_in
from pipelines.annotations.times import number, runs
from pipelines.storage.addresses import file_name, parent

BACKGROUND = "background"
SHAPE = "a row of 0, 1 or -1 for each behaviour"


def knows(path):
    """A CSV whose first column, or first after a number of the row, is `background`."""
    header = next(iter(first_rows(path, ".csv")), [])
    return BACKGROUND in [cell.strip().lower() for cell in header[:2]] and len(header) > 1


def read(path, options):
    """A `Table` of the runs of frames of each behaviour."""
    header, *lines = table_rows(path, "Export it again") or [[]]
    header = [cell.strip() for cell in header]
    if BACKGROUND not in [name.lower() for name in header[:2]]:
        raise ValueError(f"Expected a column `{BACKGROUND}`, and one for each behaviour, in '{path}'. It holds "
                         f"{held_in(path)}. Name another format.")
    check_text(header, path, 1)
    first = [name.lower() for name in header].index(BACKGROUND)
    name = file_name(path).removesuffix(".csv").removesuffix("_labels")
    table = Table([], folder=parent(path))
    make = careful(lambda cells: _values(cells, header, first), SHAPE, path)
    unread = [[-1.0] * (len(header) - first)]  # a frame whose row is refused still counts
    frames = [values for cells in lines if cells
              for values in list(kept(make, [cells], options, table.missing, lambda _: name)) or unread]
    refused = bool(table.missing)
    for place, label in enumerate(header[first + 1:], 1):
        for value, start, end in runs([values[place] for values in frames]):
            if value == 1:
                table.rows.append(Row((name,), (label,), start, end, frames=True))
            elif value < 0:
                table.missing.append(Missing(name, f"{end - start} frames from {start} on are not labelled"
                                             f" for '{label}'"))
    table.rows.sort(key=lambda row: (row.start, row.labels))
    if not table.rows and not refused:
        table.empty.append((name,))
    return table


def _values(cells, header, first):
    values = [number(cell) for cell in cells[first:]]
    checked(len(cells) == len(header) and set(values) <= {-1.0, 0.0, 1.0}, "0, 1 or -1 in each column", cells)
    return values
