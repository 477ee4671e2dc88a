"""One JSON for a whole data set: `{"labels": [...], "database": {id: {"subset", "annotations"}}}`.

As 3D-ResNets writes it, `annotations` is `{"label": name}` and the clip lies in `LABEL/ID`. As ActivityNet writes it,
`annotations` is a list of `{"segment": [start, end], "label": name}` in seconds, one clip each, and the `database`
level may be left out; files are found under ID and `v_ID`. Results,
`{"results": {id: [{"segment", "label", "score"}]}}`, are read as well.
"""

from pipelines.annotations.entries import canonical_split
from pipelines.annotations.table import Row, Table, kept, read_json
from pipelines.annotations.text import held_in
from pipelines.annotations.times import LONGEST, number
from pipelines.storage import folders
from pipelines.storage.addresses import parent, plain


def knows(path):
    """A JSON object whose values have `annotations`, or of results."""
    if not plain(path).lower().endswith(".json") or not folders.is_file(path):
        return False
    found = read_json(path)
    videos = _videos(found) if isinstance(found, dict) else {}
    return bool(videos) and isinstance(videos, dict) and all(
        isinstance(item, dict) and "annotations" in item for item in videos.values())


def read(path, options):
    """A `Table` of all annotated clips."""
    found = read_json(path)
    videos, labels = (_videos(found), found.get("labels")) if isinstance(found, dict) else (None, None)
    if not isinstance(videos, dict) or not _are_names(labels):
        raise ValueError(f"Expected a JSON object of videos with their `annotations`, and `labels`, if any, as a list "
                         f"of names, in '{path}'. It holds {held_in(path)}. Name another format.")
    missing = []
    lists = kept(lambda item: _rows(*item, path, options, missing), videos.items(), options, missing,
                 lambda item: item[0])
    return Table([row for rows in lists for row in rows], labels, parent(path), missing=missing)


def _are_names(labels):
    return labels is None or (isinstance(labels, list) and all(isinstance(label, str) for label in labels))


def _rows(name, item, path, options, missing):
    """The rows of one video, one for each part."""
    annotations = (item.get("annotations") or {}) if isinstance(item, dict) else None
    split = item.get("subset") if isinstance(item, dict) else None
    if not isinstance(annotations, dict | list) or not isinstance(split, str | None):
        raise ValueError(f"Expected an object with `annotations`, one or a list, and maybe a `subset`, for '{name}' in "
                         f"'{path}'. Received {item!r}. Correct it.")
    split = canonical_split(split)
    if isinstance(annotations, dict):
        label = annotations.get("label")
        return [Row((f"{label}/{name}", name), (str(label),), split=split) if label else Row((name,), split=split)]
    rows = []
    parts = kept(lambda part: _part(part, name, path), annotations, options, missing, lambda part: name)
    names = (name,) if name.startswith("v_") else (name, f"v_{name}")
    for label, start, end, score in parts:
        rows.append(Row(names, (label,), start, end, split, score=score))
    return rows


def _part(part, name, path):
    """(label, start, end, score) of one annotation."""
    try:
        label, (start, end) = part["label"], part.get("segment", (None, None))
        good = isinstance(label, str) and (start is end is None or 0 <= start <= end < LONGEST)
    except (KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"Expected annotations with a `label` and, if any, a `segment` of start < end, in seconds, in "
                         f"'{path}'. Received {part!r} for '{name}'. Correct it.")
    score = number(part.get("score"))
    return label, start, end, None if score != score else score


def _videos(found):
    """What a JSON object has for videos."""
    results = found.get("results")
    if isinstance(results, dict) and "database" not in found:
        return {name: {"annotations": parts} for name, parts in results.items()}
    return found.get("database", found)
