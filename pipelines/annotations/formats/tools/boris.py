"""BORIS: aggregated events, a row a span, and tabular events, whose starts and stops are paired here; TSV or CSV.

Starts and stops belong together by subject, behaviour and modifiers, not by their order; those that have no partner are
named. Overlaps, of one subject too, are allowed. A file may hold observations of videos of several rates.
"""

from absl import logging

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, first_rows, names_of, table_rows, text_of
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import check_text, held_in
from pipelines.annotations.times import number, pair, seconds
from pipelines.storage.addresses import parent, shown

NAMES = {  # what a column holds: its names in the versions of the program, best first
    "media": ("media file name", "media file path", "media file", "source"),
    "rate": ("fps (frame/s)", "fps"), "subject": ("subject",), "behavior": ("behavior",),
    "kind": ("status", "behavior type"), "start": ("start (s)", "start"), "stop": ("stop (s)", "stop"),
    "time": ("time",), "observation": ("observation id",),
}
NOBODY = ("", "no focal subject", "na")
SHAPE = "a row of a behaviour with its times"


def knows(path):
    """A table with `Behavior`, and `Start (s)` and `Stop (s)` or `Time` and START, STOP or POINT."""
    return _header(first_rows(path, ".csv", ".tsv", ".txt"))[0] is not None


def read(path, options):
    """A `Table` of spans and of points."""
    lines = table_rows(path, "Export it again")
    at, places = _header(lines)
    if at is None:
        raise ValueError("Expected a header with Behavior, Start (s) and Stop (s), or Time and Status, in "
                         f"'{path}'. It holds {held_in(path)}. Export aggregated or tabular events, or name another "
                         "format.")
    table = Table([], folder=parent(path))
    modifiers = [place for place, name in enumerate(lines[at]) if name.strip().lower().startswith("modifier")]
    media = _media_before(lines[:at])
    items = [(line, dict(zip(places, (cells[place] if place < len(cells) else "" for place in places.values())))
              | {"modifiers": tuple(cells[place] for place in modifiers if place < len(cells))})
             for line, cells in enumerate(lines[at + 1:], at + 2) if any(map(str.strip, cells))]
    if any(any(map(str.strip, item["modifiers"])) for _, item in items):
        logging.warning("'%s' has modifiers, which tell its rows apart and are no part of their labels", shown(path))
    make = careful(lambda item: _event(item, media, path), SHAPE, path)
    events = list(kept(make, items, options, table.missing, lambda item: f"line {item[0]}"))
    table.rows = _paired(events, table.missing) if "time" in places else _spans(events, table.missing)
    return table


def _header(lines):
    """(index of the line of column names, {what: place}), or (None, None)."""
    for at, cells in enumerate(lines):
        plain_cells = [cell.strip().lower() for cell in cells]
        places = {what: plain_cells.index(name) for what, names in reversed(NAMES.items())
                  for name in reversed(names) if name in plain_cells}
        if "behavior" in places and ({"start", "stop"} <= set(places) or {"time", "kind"} <= set(places)):
            if "start" in places:
                places.pop("time", None)
            return at, places
    return None, None


def _media_before(lines):
    """The file that the lines above a table name, or None."""
    for cells in lines:
        if cells and cells[0].strip().lower().startswith(("player #1", "media file")) and len(cells) > 1 and cells[1]:
            return cells[1]
    return None


def _event(item, media, path):
    line, fields = item
    check_text(fields["modifiers"] + tuple(value for value in fields.values() if isinstance(value, str)), path, line)
    place = (fields.get("media") or "").strip() or media
    place = place.partition(":")[2] if place and place.lower().startswith("player #") else place
    checked(place, f"the media file of line {line}", fields)
    checked(";" not in place, f"one media file, by which times can be told, in line {line}", place)
    kind = fields.get("kind", "").strip().upper()
    label, subject, rate = text_of(fields["behavior"]), fields.get("subject", "").strip(), number(fields.get("rate"))
    checked(label, f"a behaviour in line {line}", fields)
    more = {"subject": None if subject.lower() in NOBODY else subject, "rate": rate if 0 < rate < 1e4 else None}
    if "time" in fields:
        checked(kind in ("START", "STOP", "POINT"), f"START, STOP or POINT in line {line}", kind)
        times = seconds(fields["time"]), None
    elif kind == "POINT":
        times = (seconds(fields["start"]),) * 2
    else:
        stopped = fields["stop"].strip().upper() not in ("", "NA", "NAN")
        times = pair(fields["start"], fields["stop"]) if stopped else (seconds(fields["start"]), None)
    return names_of(place), label, kind, times, more, (fields.get("observation"), fields["modifiers"])


def _spans(events, missing):
    rows = []
    for names, label, _, (start, end), more, _ in events:
        if end is None:
            missing.append(Missing(names[0], f"'{label}' starts at {start:g} s and never stops"))
        else:
            rows.append(Row(names, (label,), start, end, **more))
    return rows


def _paired(events, missing):
    """Rows of the starts and stops that belong together, in order of their start."""
    rows, begun = [], {}
    for names, label, kind, (time, _), more, told in sorted(events, key=lambda event: event[3][0]):
        key = names, label, more["subject"], told
        if kind == "POINT":
            rows.append(Row(names, (label,), time, time, **more))
        elif kind == "START":
            if key in begun:
                missing.append(_alone(key, begun[key], "starts", "again before it stops"))
            begun[key] = time
        elif key in begun:
            rows.append(Row(names, (label,), begun.pop(key), time, **more))
        else:
            missing.append(_alone(key, time, "stops", "without a start"))
    missing += [_alone(key, time, "starts", "and never stops") for key, time in begun.items()]
    return sorted(rows, key=lambda row: row.start)


def _alone(key, time, what, how):
    return Missing(key[0][0], f"'{key[1]}' {what} at {time:g} s {how}")
