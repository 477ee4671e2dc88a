"""What `res3d prepare` is going to do: the options, the clips, and which shard each goes to; the same every time.

The plan is written once and read by whoever writes a shard, so that any number of workers, on any number of machines,
agree without talking to each other.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os

import numpy as np

from pipelines.annotations import reading
from pipelines.annotations.entries import Entry
from pipelines.annotations.formats import folders
from pipelines.manifest import read_manifest
from pipelines.prepare import labelled
from pipelines.prepare.options import PrepareOptions
from pipelines.records.index import of_manifest
from pipelines.records.layout import (
    PLAN_FILE,
    SCHEMA_VERSION,
    account_name,
    are_records,
    in_work_folder,
    shard_name,
)
from pipelines.sample.seeds import permutation
from pipelines.storage import addresses, files
from pipelines.storage.addresses import absolute
from pipelines.storage.folders import folder_of

SHUFFLE_KEY = 0x5A4D


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file: its name, and the positions of its clips in the plan, in the order in which they are written."""

    name: str
    split: str | None
    clips: tuple[int, ...]


class Plan:
    """Who goes where.

    Args:
        options: `PrepareOptions`.
        entries: list of `Entry`. What to prepare; paths as they are opened.
        names: list of str. What records call the videos.
        labels: list of str.
        multi_label: bool.
        missing: list of (name, reason). Rows of the data set without a file.
        base: str. The data's folder.
        out: str. Where the shards go.
        spans: text of what happens when in long videos, as `pipelines.records.spans` has it; None for clips.
    """

    def __init__(self, options, entries, names, labels, multi_label, missing, base, out, spans=None):
        self.options, self.entries, self.names, self.labels, self.spans = options, entries, names, labels, spans
        self.multi_label, self.missing, self.base, self.out = multi_label, missing, base, out
        self.shards = list(self._shards())

    def _shards(self):
        splits = {}
        for position, entry in enumerate(self.entries):
            splits.setdefault(entry.split, []).append(position)
        for number, split in enumerate(sorted(splits, key=lambda name: name or "")):
            clips = np.array(splits[split])[permutation(len(splits[split]), SHUFFLE_KEY, number)]
            count = -(-clips.size // self.options.shard_clips)
            for shard in range(count):
                part = clips[clips.size * shard // count:clips.size * (shard + 1) // count]
                yield Shard(shard_name(split, shard, count), split, tuple(part.tolist()))

    @functools.cached_property
    def digest(self):
        """A hash of everything that the result depends on."""
        rows = [(name, *self._row(entry)[1:]) for name, entry in zip(self.names, self.entries)]
        said = [SCHEMA_VERSION, self.options.to_dict(), self.labels, self.multi_label, rows, self.missing]
        said += [] if self.spans is None else [self.spans]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @staticmethod
    def _row(entry):
        row = [entry.path, list(entry.labels), entry.start, entry.end, entry.split, entry.num_frames, entry.first_frame]
        if entry.weight is not None:
            return [*row, entry.group, entry.weight]
        return row if entry.group is None else [*row, entry.group]

    def save(self):
        """Writes the plan into the work folder of its output."""
        fields = {"digest": self.digest, "options": self.options.to_dict(), "labels": self.labels, "names": self.names,
                  "entries": [self._row(entry) for entry in self.entries], "multi_label": self.multi_label,
                  "missing": self.missing, "base": self.base, "spans": self.spans}
        files.write_bytes(in_work_folder(self.out, PLAN_FILE), json.dumps(fields).encode())

    def sidecar(self, shard):
        """Where the account of a finished shard is."""
        return in_work_folder(self.out, account_name(shard.name))


@contextlib.contextmanager
def writing(path):
    """Inside, what the system says against writing `path` becomes an OSError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, BrokenPipeError):  # it says so already, or nobody listens
            raise
        what = error.filename if isinstance(error.filename, str) and error.filename.startswith(path) else path
        raise OSError(f"Expected to write '{addresses.shown(what)}'. The system says: {error.strerror}. Put that "
                      "right and run the same command again: it goes on where it stopped.") from None


@functools.lru_cache(1)
def load(out):
    """The `Plan` in the work folder of `out`."""
    fields = json.loads(files.read_bytes(in_work_folder(out, PLAN_FILE)))
    entries = [Entry(row[0], tuple(row[1]), *row[2:]) for row in fields["entries"]]
    return Plan(PrepareOptions.from_dict(fields["options"]), entries, fields["names"], fields["labels"],
                fields["multi_label"], [tuple(row) for row in fields["missing"]], fields["base"], out,
                fields.get("spans"))


def make(data, out, options, split=None, labels=None, **layout):
    """The `Plan` for a data set.

    Args:
        data: what `read_manifest` takes, or for spans `pipelines.read_spans`; `layout` are its other arguments.
        out: folder or address of the result.
        options: `PrepareOptions`.
        split: str or None. Only this split.
        labels: label list or None.
    """
    base = os.getcwd()
    if isinstance(data, str | os.PathLike):
        base = folder_of(absolute(data)) if layout.get("videos") is None else absolute(layout["videos"])
        _check_apart(absolute(data), base, absolute(out), layout.get("format"))
    spans, manifest = _read(data, options, split, labels, layout)
    bad = [name for name in manifest.labels if not name or name != name.strip() or "\n" in name or "\r" in name]
    if bad:
        raise ValueError(f"Expected label names on one line each, without spaces around. Received: {bad!r}. Rename.")
    names = [_name(entry.path, base) for entry in manifest.entries]
    missing = sorted((_name(row.path, base), row.reason) for row in manifest.missing)
    told = None if spans is None else labelled.told(spans, lambda video: _name(video, base))
    return Plan(options, manifest.entries, names, manifest.labels, manifest.multi_label, missing, base, absolute(out),
                told)


def _read(data, options, split, labels, layout):
    """(`Spans`, or None of clips; `Manifest`) of a data set of videos."""
    if isinstance(data, str | os.PathLike) and are_records(absolute(data)):
        raise ValueError(f"Expected videos to prepare. Received records: '{addresses.shown(data)}'. Train from them as "
                         "they are.")
    if options.task == "spans":
        return labelled.read(data, {"split": split, "labels": labels, **layout})
    manifest = read_manifest(data, split=split, labels=labels, **layout)
    if of_manifest(manifest):
        raise ValueError("Expected videos to prepare. Received a manifest of records. Train from them as they are.")
    return None, manifest


def _check_apart(data, base, out, format):
    """Refuses an output folder that is the data's, or that will be taken for a class when the data are read again."""
    if _real(out) == _real(base):
        raise ValueError("Expected a folder for the records apart from the data. Received "
                         f"'{addresses.shown(out)}' for both. Name another.")
    if not _real(out).startswith(_real(data) + "/") or (format or reading.detect(data)) != "folders":
        return
    for _, folder in folders.split_folders(data) or [(None, data)]:
        if _real(out).startswith(_real(folder) + "/"):
            raise ValueError("Expected a folder for the records apart from the classes in "
                             f"'{addresses.shown(folder)}'. Received '{addresses.shown(out)}', which would count as a "
                             "class without videos. Name one that is not in there.")


def _real(path):
    return path.rstrip("/") if addresses.is_remote(path) else os.path.realpath(path)


def _name(path, base):
    root = addresses.shown(base).rstrip("/") + "/"
    path = addresses.shown(path) if addresses.is_remote(path) or not os.path.isabs(path) else os.path.normpath(path)
    return path.removeprefix(root)
