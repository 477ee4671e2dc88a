"""FiftyOne's data set of temporal detections: a `labels.json` of `{"classes", "labels": {id: [detections]}}`.

A detection has `timestamps`, in seconds, or a `support` of first and last frame, counted from 1, both in it. Labels are
names, or numbers of `classes`. The videos lie in `data/` beside, by their id.
"""

from pipelines.annotations.formats.tools.shaped import careful, checked, text_of
from pipelines.annotations.table import Row, Table, kept, peek_json, read_json
from pipelines.annotations.text import held_in
from pipelines.annotations.times import frame, number, pair
from pipelines.storage.addresses import parent

SHAPE = "detections with `label`, and `timestamps` or `support`,"


def knows(path):
    """A JSON object whose `labels` are an object, of lists of detections or of nothing."""
    found = peek_json(path)
    labels = found.get("labels") if isinstance(found, dict) else None
    return isinstance(labels, dict) and bool(labels) and all(
        value is None or (isinstance(value, list) and all(isinstance(item, dict) and "label" in item for item in value))
        for value in labels.values())


def read(path, options):
    """A `Table` of all detections."""
    found, table = read_json(path), Table([], folder=parent(path))
    if not isinstance(found, dict) or not isinstance(found.get("labels"), dict):
        raise ValueError(f"Expected an object with `labels`, an object of {SHAPE} in '{path}'. It holds "
                         f"{held_in(path)}. Name another format.")
    classes = found.get("classes") or []

    def make(item):
        name, detections = item
        if not detections:
            table.empty.append((name, f"data/{name}"))
        row = careful(lambda detection: _row(name, detection, classes), SHAPE, path)
        return list(kept(row, detections or (), options, table.missing, lambda _: name))

    for rows in kept(careful(make, SHAPE, path), found["labels"].items(), options, table.missing, lambda item: item[0]):
        table.rows += rows
    return table


def _row(name, detection, classes):
    label, score = detection["label"], number(detection.get("confidence"))
    if isinstance(label, int) and not isinstance(label, bool):
        checked(0 <= label < len(classes), f"a number below {len(classes)}, that of `classes`", label)
        label = classes[label]
    label = text_of(label)
    checked(label, "a label", detection)
    more = {"score": score} if score == score else {}
    names = name, f"data/{name}"
    if "timestamps" in detection:
        return Row(names, (label,), *pair(*detection["timestamps"]), **more)
    first, last = pair(*detection["support"], frame)
    checked(first > 0, "frames from 1", detection["support"])
    return Row(names, (label,), first - 1, last, frames=True, **more)
