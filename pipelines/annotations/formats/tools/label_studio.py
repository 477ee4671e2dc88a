"""Label Studio: the JSON export, a list of tasks; timelines, choices, and segments of an audio track.

A timeline counts frames, at the `frameRate` of the labelling configuration, which the export does not hold: `rate` says
it, or a field `fps` of the task, or the `framesCount` and `duration` of a box in the same video; else it is the tool's
own default, 24. Both ends of a range are in it, and the first frame is number 1, or 0 where `first_frame` says so; a
range of one frame is an instant. Tasks that have predictions alone are read for these, and JSON-MIN for its timelines.
"""

import functools
import re
import urllib.parse

from absl import logging

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.table import Row, Table, kept, peek_json, read_json
from pipelines.annotations.text import held_in
from pipelines.annotations.times import frame, number, pair
from pipelines.storage.addresses import parent, shown

RATE = 24.0
VIDEO = ("video", "video_url", "videoUrl", "url", "file")
RATES = ("fps", "frame_rate", "frameRate", "framerate")
SHAPE = "tasks with `data` and `annotations`, each a list of `result`s with `type` and `value`,"


def knows(path):
    """A JSON list of objects with `data`, and `annotations` or `predictions`, or with a timeline, as JSON-MIN has."""
    found = peek_json(path)
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return False
    return ("data" in found[0] and bool({"annotations", "predictions"} & set(found[0]))) or any(map(_timelines, found))


def read(path, options):
    """A `Table` of all labels in time, and of whole videos."""
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise ValueError(f"Expected a JSON list of tasks with `data` and `annotations` in '{path}'. It holds "
                         f"{held_in(path)}. Export as JSON, or name another format.")
    tasks = [_whole(task) for task in tasks]
    table = Table([], folder=parent(path))
    labelled = any(isinstance(task, dict) and task.get("annotations") for task in tasks)
    if not labelled and any(isinstance(task, dict) and task.get("predictions") for task in tasks):
        logging.warning("'%s' has no annotations of people; its predictions are read", shown(path))
    by = "annotations" if labelled else "predictions"
    make = careful(lambda task: _task(task, by, options, table, path), SHAPE, path)
    for rows in kept(make, tasks, options, table.missing, lambda task: str(task)[:80]):
        table.rows += rows
    return table


def _timelines(task):
    """The timelines of a task of JSON-MIN, in which each control is a field."""
    lists = [value for value in task.values() if isinstance(value, list)] if isinstance(task, dict) else []
    return [part for value in lists for part in value if isinstance(part, dict) and "timelinelabels" in part]


def _whole(task):
    """A task of JSON-MIN as the JSON export has it; others as they are."""
    if not isinstance(task, dict) or "data" in task:
        return task
    results = [{"type": "timelinelabels", "value": part} for part in _timelines(task)]
    return {"data": task, "annotations": [{"completed_by": task.get("annotator"), "result": results}]}


def _task(task, by, options, table, path):
    names = _names(task["data"])
    rows, missing, refused = [], [], []
    for annotation in task.get(by) or []:
        if annotation.get("was_cancelled"):
            missing.append(Missing(names[0], "an annotation that was cancelled"))
            continue
        rate = options.rate or _rate(task["data"], annotation["result"])
        more = {"annotator": _annotator(annotation), "group": text_of(task["data"].get("group"))}
        make = careful(functools.partial(_rows, names, rate, options.first_frame, more, annotation.get("score")),
                       SHAPE, path)
        for found in kept(make, annotation["result"], options, refused, lambda _: names[0]):
            if isinstance(found, str):
                missing.append(Missing(names[0], found))
            else:
                rows += found
    table.missing += missing + refused
    if not rows and not refused:
        table.empty.append(names)
    return rows


def _rows(names, rate, first, more, score, result):
    """The rows of one result, or why there are none."""
    found = _result(result, names, rate, first)
    if isinstance(found, str):
        return found
    score = number(result.get("score", score))
    return [Row(names, labels, *times, **more, score=score if score == score else None, rate=rate if counted else None)
            for labels, times, counted in found]


def _result(result, names, rate, first):
    """[(labels, (start, end), whether frames were counted)] of one result, or why there is nothing in it."""
    kind, value = result["type"], result["value"]
    if kind == "timelinelabels":
        if "ranges" not in value:
            return "a timeline label without ranges, the copy of a box"
        labels = _names_in(value["timelinelabels"])
        return [((label,), _range(part, rate, first), True) for part in value["ranges"] for label in labels]
    if kind == "choices":
        return [(tuple(_names_in(value["choices"])), (None, None), False)]
    if kind == "labels" and {"start", "end"} <= set(value):
        return [((label,), pair(value["start"], value["end"]), False) for label in _names_in(value["labels"])]
    return f"a result of type '{kind}', which is no label in time"


def _range(part, rate, first):
    start, end = pair(part["start"], part["end"], frame)
    begin = max(start - first, 0) / rate
    return (begin, begin) if start == end else (begin, (end - first + 1) / rate)


def _names_in(labels):
    checked(isinstance(labels, list) and labels and all(isinstance(label, str) and label.strip() for label in labels),
            "a list of labels that are not empty", labels)
    return [label.strip() for label in labels]


def _rate(data, results):
    told = [number(data.get(name)) for name in RATES if name in data]
    values = [result["value"] for result in results
              if isinstance(result, dict) and isinstance(result.get("value"), dict)]
    told += [number(value["framesCount"]) / number(value["duration"]) for value in values
             if number(value.get("framesCount")) > 0 and number(value.get("duration")) > 0]
    return next((rate for rate in told if 0 < rate < 1e4), RATE)


def _annotator(annotation):
    who = annotation.get("completed_by", annotation.get("model_version"))
    return text_of(who.get("email", who.get("id")) if isinstance(who, dict) else who)


def _names(data):
    """Where the video of a task may lie: uploads have eight hexadecimal digits before their name."""
    place = next((data[name] for name in VIDEO if isinstance(data.get(name), str)), None)
    if place is None:
        place = next((value for value in data.values() if isinstance(value, str) and re.search(r"\.\w{2,4}$", value)),
                     None)
    checked(place, f"the video of a task, in a field such as `{VIDEO[0]}`", data)
    local = re.search(r"/data/local-files/?\?d=([^&]+)", place)
    if local:
        return names_of(urllib.parse.unquote(local[1]))
    if re.match(r"/data/upload/", place):
        name = urllib.parse.unquote(place.rpartition("/")[2])
        return tuple(dict.fromkeys((re.sub(r"^[0-9a-f]{8}-", "", name), name)))
    names = names_of(place)
    return tuple(dict.fromkeys(name for given in names for name in (re.sub(r"^[0-9a-f]{8}-", "", given), given)))
