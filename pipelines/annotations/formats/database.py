"""One JSON for a whole data set: `{"labels": [...], "database": {id: {"subset", "annotations"}}}`.

As 3D-ResNets writes it, `annotations` is `{"label": name}` and the clip lies in `LABEL/ID`. As ActivityNet writes it,
`annotations` is a list of `{"segment": [start, end], "label": name}` in seconds, one clip each, and the `database`
level may be left out.
"""

from pipelines.annotations.entries import canonical_split
from pipelines.annotations.table import Row, Table, read_json
from pipelines.storage import folders
from pipelines.storage.addresses import parent, plain


def knows(path):
    """A JSON object whose values have `annotations`."""
    if not plain(path).lower().endswith(".json") or not folders.is_file(path):
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
            rows += [Row((name,), *_part(part, name, path), split) for part in annotations]
    return Table(rows, found.get("labels"), parent(path))


def _part(part, name, path):
    """(labels, start, end) of one annotation."""
    try:
        label, (start, end) = part["label"], part.get("segment", (None, None))
        good = isinstance(label, str) and (start is end is None or 0 <= start < end)
    except (KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"Expected annotations with a `label` and, if any, a `segment` of start < end, in seconds, in "
                         f"'{path}'. Received {part!r} for '{name}'. Correct it.")
    return (label,), start, end


def _videos(found):
    return found.get("database", found)
