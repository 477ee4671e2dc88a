"""Create ML's annotations of action classifiers: a JSON list of `{"video", "label", "start", "end"}`.

Times are seconds, or `mm:ss` with a fraction; without times the label is the whole video's. The same as a CSV is a
manifest, and read as one.
"""

from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.table import Row, Table, kept, peek_json, read_json, split_in_name
from pipelines.annotations.text import held_in
from pipelines.annotations.times import pair
from pipelines.storage.addresses import parent

SHAPE = "objects with `video`, `label`, and maybe `start` and `end`,"


def knows(path):
    """A JSON list of objects with `video`, and `label`, or `start` and `end`."""
    found = peek_json(path)
    return (isinstance(found, list) and bool(found) and isinstance(found[0], dict) and "video" in found[0]
            and ("label" in found[0] or {"start", "end"} <= set(found[0])))


def read(path, options):
    """A `Table` of all objects."""
    items, table = read_json(path), Table([], folder=parent(path))
    if not isinstance(items, list):
        raise ValueError(f"Expected a JSON list of {SHAPE} in '{path}'. It holds {held_in(path)}. Name another format.")
    make = careful(lambda item: _row(item, split_in_name(path)), SHAPE, path)
    table.rows = list(kept(make, items, options, table.missing, lambda item: str(item)[:80]))
    return table


def _row(item, split):
    label, start, end = text_of(item.get("label")), item.get("start"), item.get("end")
    checked((start is None) == (end is None), "both `start` and `end`, or neither", item)
    checked(label or start is None, "a `label` for the part", item)
    times = (None, None) if start is None else pair(start, end)
    return Row(names_of(item["video"]), (label,) if label else (), *times, split=split)
