"""One JSON for a whole data set: `{"labels": [...], "database": {id: {"subset", "annotations"}}}`.

As 3D-ResNets writes it, `annotations` is `{"label": name}` and the clip lies in `LABEL/ID`. As ActivityNet writes it,
`annotations` is a list of `{"segment": [start, end], "label": name}` in seconds, one clip each, and the `database`
level may be left out.
"""

from pipelines import places
from pipelines.addresses import parent, plain
from pipelines.annotations.table import Row, Table, read_json
from pipelines.manifest import canonical_split


def knows(path):
    """A JSON object whose values have `annotations`."""
    if not plain(path).lower().endswith(".json") or not places.is_file(path):
        return False
    found = read_json(path)
    videos = _videos(found) if isinstance(found, dict) else {}
    return bool(videos) and all(isinstance(item, dict) and "annotations" in item for item in videos.values())


def read(path, options):
    """A `Table` of all annotated clips."""
    found = read_json(path)
    rows = []
    for name, item in _videos(found).items():
        split = canonical_split(item.get("subset"))
        annotations = item.get("annotations") or {}
        if isinstance(annotations, dict):
            label = annotations.get("label")
            rows.append(Row((f"{label}/{name}", name), (label,), split=split) if label else Row((name,), split=split))
        else:
            rows += [Row((name,), (part["label"],), *_segment(part, name, path), split) for part in annotations]
    return Table(rows, found.get("labels"), parent(path))


def _segment(part, name, path):
    start, end = part.get("segment", (None, None))
    if start is not None and not 0 <= start < end:
        raise ValueError(f"Expected segments of start < end, in seconds, in '{path}'. Received {part['segment']} for "
                         f"'{name}'. Correct it.")
    return start, end


def _videos(found):
    return found.get("database", found)
