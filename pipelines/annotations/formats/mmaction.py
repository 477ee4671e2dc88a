"""JSON lists of the mmaction toolbox, and its lists of videos that are cut into parts.

A row names a `filename`, a `frame_dir` with `total_frames`, or a `video_dir` of `part_0.mp4`, `part_1.mp4`, ..., of
which `positive_clip_inds` show the label. Labels are one index, several, or several for each of a number of tags
(`{"action": [180], "scene": [206]}`), which become labels `action/180`, `scene/206`. The text form of videos in parts
reads `folder label parts positive...`.
"""

import re

from pipelines.annotations.table import Row, Table, first_lines, read_json, read_lines, split_in_name
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
    items = read_json(path) if in_json else [_parts(line, path) for line in read_lines(path)]
    split = split_in_name(path)
    rows = [row for item in items for row in _rows(item, split, path)]
    tags = {label for row in rows for label in row.labels if isinstance(label, str)}
    labels = sorted(tags, key=lambda tag: (tag.rpartition("/")[0], int(tag.rpartition("/")[2]))) if tags else None
    return Table(rows, labels, parent(path), exact=True,
                 multi_label=True if any(isinstance(item["label"], list | dict) for item in items) else None)


def _rows(item, split, path):
    item = item if isinstance(item, dict) else {"": item}
    label = item.get("label")
    if isinstance(label, dict):
        labels = tuple(f"{tag}/{index}" for tag, indices in label.items() for index in indices)
    else:
        labels = tuple(label) if isinstance(label, list) else (label,)
    place = next((place for place in PLACES if place in item), None)
    if label is None or place is None or (place == "video_dir" and "positive_clip_inds" not in item):
        raise ValueError(f"Expected `label` and one of {', '.join(PLACES)} in each object of '{path}', and "
                         f"`positive_clip_inds` beside a video_dir. Received: {item}. Add what is missing.")
    if place == "video_dir":
        return [Row((f"{item[place]}/part_{index}.mp4",), labels, split=split) for index in item["positive_clip_inds"]]
    return [Row((item[place],), labels, split=split, num_frames=item.get("total_frames"))]


def _parts(line, path):
    match = PARTS.fullmatch(line)
    if not match or int(match[3]) <= max(map(int, match[4].split())):
        raise ValueError(f"Expected `folder label parts positive...`, positive ones below `parts`, in '{path}'. "
                         f"Received: {line!r}. Correct the line.")
    return {"video_dir": match[1], "label": int(match[2]), "positive_clip_inds": [int(i) for i in match[4].split()]}
