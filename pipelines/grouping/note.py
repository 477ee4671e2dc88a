"""A note of which videos a run trained on and which it held out, by name and group, as a CSV file."""

import collections
import csv
import dataclasses
import io
import os
from collections.abc import Iterable

from pipelines.annotations.entries import Entry, Manifest
from pipelines.grouping.groups import groups_of
from res3d.atomic import write_aside

TRAINED, HELD = "trained", "held"
COLUMNS = ("side", "group", "video")


@dataclasses.dataclass(frozen=True)
class Note:
    """What a work folder knows of its videos: {name: group} of those trained on, and of those held out."""

    trained: dict[str, str]
    held: dict[str, str]

    def met(self, manifest: Manifest, group: str | None = None) -> tuple[list[str], list[str]]:
        """(names, names): videos of `manifest` that were trained on, and others whose group was."""
        groups, known = groups_of(manifest, group).names, set(self.trained.values())
        names = video_names(manifest)
        return ([name for name in names if name in self.trained],
                [name for name, own in zip(names, groups) if own in known and name not in self.trained])


def video_name(entry: Entry) -> str:
    """What a row calls a video: its path, and the part of it where it is one."""
    if entry.start is None and entry.end is None:
        return entry.path
    return f"{entry.path}@{'' if entry.start is None else f'{entry.start:g}'}-" \
           f"{'' if entry.end is None else f'{entry.end:g}'}"


def video_names(entries: Iterable[Entry]) -> list[str]:
    """`video_name` of each; the second row of one name ends in "#2"."""
    seen: collections.Counter = collections.Counter()
    names = []
    for name in map(video_name, entries):
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return names


def save_note(path: str | os.PathLike, note: Note) -> None:
    """Writes the names and groups of both sides to a CSV file, whole or not at all."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for side, names in ((TRAINED, note.trained), (HELD, note.held)):
        writer.writerows((side, group, name) for name, group in names.items())
    write_aside(path, file.getvalue().encode(errors="surrogateescape"))


def load_note(path: str | os.PathLike) -> Note | None:
    """`Note` of such a file, or None where there is none, as in runs of former versions."""
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    return Note(*({row["video"]: row["group"] for row in rows if row["side"] == side} for side in (TRAINED, HELD)))
