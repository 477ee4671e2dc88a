"""E2E-Spot: JSON lists of `{"video", "num_frames", "fps", "events": [{"frame", "label"}]}`, one a split.

Events are instants. `fps` is the rate of the frames that `frame` counts, from 0, which may have been extracted at
another rate than the video's. A `class.txt` beside lists the classes.
"""

import functools

from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.labels import load_labels
from pipelines.annotations.table import Row, Table, beside, kept, peek_json, read_json, split_in_name
from pipelines.annotations.text import held_in
from pipelines.annotations.times import frame, number
from pipelines.storage import folders

LISTS = r"(train|val|test|challenge)\.json"
SHAPE = "objects with `video`, `fps` and `events`, of which each has `frame` and `label`,"


def knows(path):
    """A JSON list of objects with `video` and `events`, or a folder of such lists beside a `class.txt`."""
    if folders.is_folder(path):
        return bool(beside(path, r"class\.txt")) and any(map(knows, beside(path, LISTS)))
    found = peek_json(path)
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and {"video", "events"} <= set(
        found[0])


def read(path, options):
    """A `Table` of the events of one list, or of all lists in a folder."""
    listed = beside(path, r"class\.txt")
    table = Table([], load_labels(listed[0]) if listed else None, folders.folder_of(path))
    for file in beside(path, LISTS) if folders.is_folder(path) else [path]:
        items = read_json(file)
        if not isinstance(items, list):
            raise ValueError(f"Expected a JSON list of {SHAPE} in '{file}'. It holds {held_in(file)}. Name another "
                             "format.")
        make = careful(functools.partial(_rows, table, split_in_name(file), file, options), SHAPE, file)
        for rows in kept(make, items, options, table.missing, lambda item: str(item)[:80]):
            table.rows += rows
    return table


def _rows(table, split, file, options, item):
    names, fps = names_of(item["video"]), number(item["fps"])
    checked(0 < fps < 1e4, "`fps` above 0", item["fps"])
    if not item["events"]:
        table.empty.append(names)

    def make(event):
        label, time = text_of(event["label"]), frame(event["frame"]) / fps
        checked(label, "a label", event)
        return Row(names, (label,), time, time, split, rate=fps)

    return list(kept(careful(make, SHAPE, file), item["events"], options, table.missing, lambda _: names[0]))
