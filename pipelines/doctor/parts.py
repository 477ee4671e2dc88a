"""Parts of videos, as rows of a manifest cut them: whether frames are in each, and what two rows say of one."""

import types

import numpy as np

from pipelines.sample.extents import extent
from pipelines.storage.addresses import shown
from pipelines.video.info import VideoError

FIELDS = ("start", "end", "first_frame", "num_frames")


def part_of(entry):
    """What an entry takes of its video, as a tuple to compare."""
    return tuple(getattr(entry, name) for name in FIELDS)


def extents(video, entries):
    """{part: (first, last) frame, or why there is none} of what `examine` found of a good video."""
    times_us = np.asarray(video["times_us"], np.int64)
    info = types.SimpleNamespace(num_frames=video["num_frames"], times_us=times_us,
                                 duration_seconds=video["duration_seconds"])
    found = {}
    for entry in entries:
        try:
            found[part_of(entry)] = extent(entry, info)
        except VideoError as error:
            found[part_of(entry)] = error.reason
    return found


def reason(entry, video):
    """Why nothing of an entry's part is in its video, which is good; None if something is."""
    found = video.get("parts", {}).get(part_of(entry))
    return found if isinstance(found, str) else None


def length(entry, video):
    """Frames of an entry's part."""
    first, last = video.get("parts", {}).get(part_of(entry), (0, video["num_frames"]))
    return last - first


def bad_parts(manifest, good):
    """The rows whose video is good and has nothing of their part, JSON-ready."""
    rows = []
    for entry in manifest:
        why = reason(entry, good[entry.path]) if entry.path in good else None
        if why is not None:
            rows.append({"path": shown(entry.path), **dict(zip(FIELDS, part_of(entry))), "reason": why})
    return rows


def without_bad(entries, report):
    """The entries that a report calls neither unusable nor a part of nothing."""
    bad = {video["path"] for video in report["bad"]}
    parts = {(row["path"], *(row[name] for name in FIELDS)) for row in report["bad_parts"]}
    return [entry for entry in entries if shown(entry.path) not in bad
            and (shown(entry.path), *part_of(entry)) not in parts]


def contradicting(entries):
    """Paths of which two rows give the same part different labels."""
    said = {}
    for entry in entries:
        said.setdefault((entry.path, part_of(entry)), set()).add(frozenset(entry.labels))
    return sorted({path for (path, _), labels in said.items() if len(labels) > 1})
