"""JSON lists of the mmaction toolbox, and its lists of videos that are cut into parts.

A row names a `filename`, a `frame_dir` with `total_frames`, or a `video_dir` of `part_0.mp4`, `part_1.mp4`, ..., of
which `positive_clip_inds` show the label. Labels are one index, several, or several for each of a number of tags
(`{"action": [180], "scene": [206]}`), which become labels `action/180`, `scene/206`. The text form of videos in parts
reads `folder label parts positive...`.
"""

import re

from pipelines.annotations.table import Row, Table, first_lines, kept, read_json, read_lines, split_in_name
from pipelines.annotations.text import held_in
from pipelines.storage import folders
from pipelines.storage.addresses import join, parent, plain

PLACES = ("filename", "frame_dir", "video_dir")
PARTS = re.compile(r"(.+?)\s+(\d+)\s+(\d+)((?:\s+\d+)+)")


def knows(path):
    """A JSON list of objects with one of the three names, or a text list of folders that hold a part_0."""
    if plain(path).lower().endswith(".json") and folders.is_file(path):
        found = read_json(path)
        return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and any(
            place in found[0] for place in PLACES)
    matches = [PARTS.fullmatch(line) for line in first_lines(path)]
    return bool(matches) and all(
        match and folders.is_file(join(parent(path), match[1], "part_0.mp4")) for match in matches)


def read(path, options):
    """A `Table` of all rows; of a video in parts, one row for each part that shows the label."""
    in_json = plain(path).lower().endswith(".json")
    missing = []
    items = read_json(path) if in_json else list(kept(
        lambda numbered: _parts(numbered[1], path), read_lines(path), options, missing, lambda numbered: numbered[1]))
    if not isinstance(items, list):
        raise ValueError(f"Expected a JSON list of objects with `label` and one of {', '.join(PLACES)} in '{path}'. It "
                         f"holds {held_in(path)}. Name another format.")
    split = split_in_name(path)
    rows = [row for found in kept(lambda item: _rows(item, split, path), items, options, missing) for row in found]
    tags = {label for row in rows for label in row.labels if isinstance(label, str)}
    labels = sorted(tags, key=lambda tag: (tag.rpartition("/")[0], int(tag.rpartition("/")[2]))) if tags else None
    several = any(isinstance(item, dict) and isinstance(item.get("label"), list | dict) for item in items)
    return Table(rows, labels, parent(path), exact=True, multi_label=True if several else None, missing=missing)


def _rows(item, split, path):
    item = item if isinstance(item, dict) else {"": item}
    label = item.get("label")
    if isinstance(label, dict):
        labels = tuple(f"{tag}/{index}" if isinstance(indices, list) and isinstance(index, int) else None
                       for tag, indices in label.items() for index in (indices if isinstance(indices, list) else [0]))
    else:
        labels = tuple(label) if isinstance(label, list) else (label,)
    place = next((place for place in PLACES if place in item), None)
    if not _fits(labels, place, item):
        raise ValueError(f"Expected `label` and one of {', '.join(PLACES)} in each object of '{path}', and "
                         f"`positive_clip_inds` beside a video_dir. Received: {item}. Add what is missing.")
    if place == "video_dir":
        return [Row((f"{item[place]}/part_{index}.mp4",), labels, split=split) for index in item["positive_clip_inds"]]
    frames = item.get("total_frames") if place == "frame_dir" else None
    return [Row((item[place],), labels, split=split, num_frames=frames)]


def _fits(labels, place, item):
    """Whether an object says what it must, in the types that it must have."""
    return (all(isinstance(label, int | str) and not isinstance(label, bool) for label in labels)
            and place is not None and isinstance(item[place], str) and item[place] != ""
            and isinstance(item.get("total_frames"), int | None)
            and (place != "video_dir" or isinstance(item.get("positive_clip_inds"), list)))


def _parts(line, path):
    match = PARTS.fullmatch(line)
    if not match or int(match[3]) <= max(map(int, match[4].split())):
        raise ValueError(f"Expected `folder label parts positive...`, positive ones below `parts`, in '{path}'. "
                         f"Received: {line!r}. Correct the line.")
    return {"video_dir": match[1], "label": int(match[2]), "positive_clip_inds": [int(i) for i in match[4].split()]}
