"""Charades: a CSV of `id,subject,...,actions,length`, actions being `c092 11.90 21.20;c147 0.00 12.60`.

The person is subject and group. Names of the classes come from `Charades_v1_classes.txt` beside, where it lies.
"""

import re

from pipelines.annotations.formats.tools.shaped import careful, checked, first_rows, table_rows
from pipelines.annotations.table import Row, Table, beside, kept, read_lines, split_in_name
from pipelines.annotations.text import check_text, held_in
from pipelines.annotations.times import pair
from pipelines.storage.addresses import parent

NEEDED = ("id", "subject", "actions")
SHAPE = "rows with `id`, `subject` and `actions`"


def knows(path):
    """A CSV with the columns of Charades."""
    return set(NEEDED) <= set(next(iter(first_rows(path, ".csv")), []))


def read(path, options):
    """A `Table` of all actions."""
    header, *lines = table_rows(path, "Fetch it again") or [[]]
    if not set(NEEDED) <= set(header):
        raise ValueError(f"Expected {SHAPE} in '{path}'. It holds {held_in(path)}. Name another format.")
    table, names, split = Table([], folder=parent(path)), _classes(path), split_in_name(path)

    def make(item):
        line, cells = item
        check_text(cells, path, line)
        checked(len(cells) == len(header), f"{len(header)} fields in line {line}", cells)
        row = dict(zip(header, cells))
        checked(row["id"].strip(), f"an `id` in line {line}", cells)
        actions = [action for action in row["actions"].split(";") if action.strip()]
        if not actions:
            table.empty.append((row["id"],))
        one = careful(lambda action: _row(action, line, row, names, split), SHAPE, path)
        return list(kept(one, actions, options, table.missing, lambda _: row["id"]))

    items = [(line, cells) for line, cells in enumerate(lines, 2) if any(map(str.strip, cells))]
    for rows in kept(careful(make, SHAPE, path), items, options, table.missing, lambda item: f"line {item[0]}"):
        table.rows += rows
    return table


def _row(action, line, row, names, split):
    told, who = action.split(), row["subject"].strip() or None
    checked(len(told) == 3, f"`class start end` in line {line}", action)
    label, start, end = told
    return Row((row["id"],), (names.get(label, label),), *pair(start, end), split, group=who, subject=who)


def _classes(path):
    """{code: name} of the list of classes beside, if there is one."""
    listed = beside(path, r"Charades_v1_classes\.txt")
    found = [re.fullmatch(r"(c\d+)\s+(.+)", line) for _, line in (read_lines(listed[0]) if listed else ())]
    return {match[1]: match[2].strip() for match in found if match}
