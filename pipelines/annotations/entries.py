"""A data set as a list: videos with their labels, splits and times."""

import collections
import csv
import dataclasses
import os
from collections.abc import Iterable

from pipelines.annotations.labels import LabelIds, load_labels, save_labels
from pipelines.storage.addresses import is_remote, shown
from res3d.atomic import writing
from res3d.joined import join

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validate": "val",
               "validation": "val", "test": "test", "testing": "test"}
LABELS_FILE = "labels.txt"
MANIFEST_FILE = "manifest.csv"
COLUMNS = ("path", "label", "start", "end", "split", "num_frames", "first_frame", "group", "weight")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One labelled video, or a part of one, or a folder of extracted frames.

    Args:
        path: str. A video file, or a folder of frames: a path, or an address.
        labels: tuple of ints. Positions in `Manifest.labels`; empty where the label is not known (test lists).
        start: float or None. Seconds from which the label holds; None is the beginning.
        end: float or None. Seconds until which it holds, not included; None is the end.
        split: str or None. "train", "val", "test" or a name of the data set's own.
        num_frames: int or None. Frames of a folder of frames; None for a video file.
        first_frame: int. Frames of such a folder to pass over, in the order of their names.
        group: str or None. The person, recording or place that it shows, which other videos may show as well.
        weight: float or None. How much its loss counts in training; None is 1.
    """

    path: str
    labels: tuple[int, ...] = ()
    start: float | None = None
    end: float | None = None
    split: str | None = None
    num_frames: int | None = None
    first_frame: int = 0
    group: str | None = None
    weight: float | None = None

    @property
    def label(self) -> int | None:
        """The one label id, or None where there is none; ValueError where there are several."""
        if len(self.labels) > 1:
            raise ValueError(f"Expected one label for '{shown(self.path)}'. Received {len(self.labels)}: "
                             f"{self.labels}. Use `labels`.")
        return self.labels[0] if self.labels else None


@dataclasses.dataclass(frozen=True)
class Missing:
    """A row of an annotation file that has no video: the name it gave and why none was taken."""

    path: str
    reason: str
    split: str | None = None


class Manifest:
    """Entries and the label list their ids point into.

    Args:
        entries: `Entry` objects, in a fixed order.
        labels: label names; the position is the id.
        missing: `Missing` rows, which have no file on disk.
        multi_label: bool or None. Whether a clip may have several labels; None looks at the entries.

    Raises:
        ValueError: for label ids that no label has, or several labels where `multi_label` is False.

    >>> clips = Manifest([Entry("a.mp4", (1,), split="train"), Entry("b.mp4", (0,), split="val")], ["jump", "run"])
    >>> clips.select("val").entries[0].path, clips.counts("train")
    ('b.mp4', {'jump': 0, 'run': 1})
    """

    def __init__(self, entries: Iterable[Entry], labels: Iterable[str], missing: Iterable[Missing] = (),
                 multi_label: bool | None = None) -> None:
        self.entries = list(entries)
        self.labels = list(labels)
        self.missing = list(missing)
        several = any(len(entry.labels) > 1 for entry in self.entries)
        self.multi_label = several if multi_label is None else bool(multi_label)
        if several and not self.multi_label:
            entry = next(entry for entry in self.entries if len(entry.labels) > 1)
            raise ValueError(f"Expected one label a video. Received {len(entry.labels)} for '{shown(entry.path)}': "
                             f"{[self.labels[i] for i in entry.labels]}. Pass multi_label=True.")
        for entry in self.entries:
            if any(not 0 <= label < len(self.labels) for label in entry.labels):
                raise ValueError(f"Label ids must lie in 0..{len(self.labels) - 1}. Received {entry.labels} for "
                                 f"'{shown(entry.path)}'. Pass the label list that the ids were made with.")

    def __len__(self):
        return len(self.entries)

    def __iter__(self):
        return iter(self.entries)

    def __eq__(self, other):
        return isinstance(other, Manifest) and (self.entries, self.labels, self.multi_label) == (
            other.entries, other.labels, other.multi_label)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self):
        return f"Manifest({self.summary()})"

    @property
    def num_classes(self) -> int:
        """How many labels there are, whether or not a video shows each."""
        return len(self.labels)

    @property
    def splits(self) -> dict[str | None, int]:
        """{split: number of entries}, in order of appearance; entries without a split count under None."""
        return dict(collections.Counter(entry.split for entry in self.entries))

    def select(self, split: str) -> "Manifest":
        """The manifest of one split, with the same labels; ValueError if it has no entries."""
        wanted = canonical_split(split)
        entries = [entry for entry in self.entries if entry.split == wanted]
        if not entries:
            splits = ", ".join(f"{name or 'no split'}: {count}" for name, count in self.splits.items())
            has, do = splits, "Name one of those, or add"
            if not set(self.splits) - {None}:
                has, do = "no splits", "Leave `split` out, or add"
            raise ValueError(f"Expected videos in split '{split}'. The data set has {has}. {do} a `split` column or a "
                             "folder of that name.")
        missing = [row for row in self.missing if row.split in (wanted, None)]
        return Manifest(entries, self.labels, missing, self.multi_label)

    def counts(self, split: str | None = None) -> dict[str, int]:
        """{label: number of entries}, in label order, of one split or of all."""
        found = collections.Counter(label for entry in self.entries for label in entry.labels
                                    if split is None or entry.split == canonical_split(split))
        return {label: found[i] for i, label in enumerate(self.labels)}

    def summary(self) -> str:
        """One line: videos, labels, splits, and how many rows found no file."""
        rows = len(self.entries) + len(self.missing)
        text = f"{len(self.entries)} of {rows} rows matched a file" if self.missing else f"{rows} videos"
        text += f", {len(self.labels)} labels"
        if set(self.splits) - {None}:
            text += ", " + ", ".join(f"{name or 'no split'}: {count}" for name, count in self.splits.items())
        return text + (f"; {len(self.missing)} missing" if self.missing else "")

    def save(self, path: str | os.PathLike) -> None:
        """Writes the table as CSV and, beside it, `labels.txt`; paths are relative to the CSV's folder if they can be.

        Raises ValueError if a `labels.txt` with other labels is already there: its ids belong to something else.
        """
        folder = os.path.dirname(os.path.abspath(path))
        labels_path = os.path.join(folder, LABELS_FILE)
        if os.path.exists(labels_path) and load_labels(labels_path) != self.labels:
            raise ValueError(f"Expected no '{labels_path}', or one with the same {len(self.labels)} labels. The one "
                             "there differs. Save into another folder, or read the data with labels= that file.")
        columns = ["path", "labels" if self.multi_label else "label"]
        may_be_zero = ("start", "num_frames", "weight")
        columns += [name for name in COLUMNS[2:] if any(getattr(entry, name) for entry in self.entries)
                    or (name in may_be_zero and any(getattr(e, name) is not None for e in self.entries))]
        with writing(path, "w", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for entry in self.entries:
                cells = [relative(entry.path, folder), join(self.labels[i] for i in entry.labels)]
                values = (getattr(entry, name) for name in columns[2:])
                writer.writerow(cells + ["" if value is None else value for value in values])
            if self.labels:
                save_labels(labels_path, self.labels)

    def save_labels(self, path: str | os.PathLike) -> None:
        """Writes the label list, one name a line, the id being the line's number from 0."""
        save_labels(path, self.labels)


def relabel(manifest, labels):
    """The same entries with their ids in another label list; ValueError names a label that the list lacks."""
    ids = LabelIds(labels)
    entries = [dataclasses.replace(entry, labels=tuple(ids[manifest.labels[i]] for i in entry.labels))
               for entry in manifest.entries]
    return Manifest(entries, labels, manifest.missing, manifest.multi_label)


def canonical_split(name):
    """`training` -> `train`, `validation` -> `val`; other names as they are.

    >>> canonical_split("Validation"), canonical_split("fold7")
    ('val', 'fold7')
    """
    return None if name is None else SPLIT_NAMES.get(name.casefold(), name)


def relative(path, folder):
    """`path` as a file in `folder` names it: relative to the folder, if it can be."""
    if is_remote(path):
        return path
    path = os.path.abspath(path)
    return path if os.path.commonpath([path, folder]) == os.sep else os.path.relpath(path, folder)
