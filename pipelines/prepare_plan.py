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
import re

import numpy as np

from pipelines import annotations, places, records, storage
from pipelines.addresses import absolute
from pipelines.annotations import folders
from pipelines.manifest import LABELS_FILE, MANIFEST_FILE, Entry, read_manifest
from pipelines.order import permutation
from pipelines.prepare_lock import LOCK_FILE
from pipelines.record_index import CLIP_FILE, SUMMARY_FILE, WORK_FOLDER, of_manifest, read_summary
from res3d.geometry import ClipSpec

PLAN_FILE = "plan.json"
QUARANTINE_FILE = "quarantine.csv"
SHUFFLE_KEY = 0x5A4D
NO_SPLIT = "all"
PART = re.compile(r"\.\d+\.part$")  # of a file that a process, of this number, was writing
_BESIDE = "|".join(map(re.escape, (SUMMARY_FILE, CLIP_FILE, MANIFEST_FILE, LABELS_FILE, QUARANTINE_FILE)))
OURS = re.compile(rf"(.+-\d{{5}}-of-\d{{5}}\.tfrecord|{_BESIDE})(\.\d+\.part)?")


@dataclasses.dataclass(frozen=True)
class Options:
    """What may be chosen about records.

    Args:
        clip: `ClipSpec`. What they are meant for; kept as `clip.json`.
        short_side: int or None. Pixels of the shorter side of a frame; None is what `clip` scales to. Smaller pictures
            keep their size.
        fps: float or None. Frames per second to store; None keeps each video's own.
        quality: int. Of the JPEGs, 1 to 100.
        frames_per_record: int or None. Longer videos are cut into several records of about the same length, each a clip
            of its own to training and evaluation; None keeps a video whole.
        shard_clips: int. Clips of a shard, at most.
    """

    clip: ClipSpec = dataclasses.field(default_factory=ClipSpec)
    short_side: int | None = None
    fps: float | None = None
    quality: int = 90
    frames_per_record: int | None = None
    shard_clips: int = 128

    def __post_init__(self):
        if self.short_side is None:
            resize = self.clip.resize
            object.__setattr__(self, "short_side", resize if isinstance(resize, int) else min(resize))
        for name, low, high in (("short_side", 8, 8192), ("quality", 1, 100), ("shard_clips", 1, 10**6),
                                ("frames_per_record", 1, 10**6)):
            value = getattr(self, name)
            if value is None and name == "frames_per_record":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise ValueError(f"`{name}` must be a whole number from {low} to {high}. Received: {name}={value!r}.")
        if self.fps is not None:
            if not 0.01 <= self.fps <= 1000:
                raise ValueError(f"`fps` must be a number of frames a second, or None. Received: fps={self.fps!r}.")
            object.__setattr__(self, "fps", float(self.fps))

    def to_dict(self) -> dict:
        """The fields as JSON-ready values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)} | {
            "clip": self.clip.to_dict()}

    @classmethod
    def from_dict(cls, fields: dict) -> "Options":
        """The inverse of `to_dict`."""
        return cls(**fields | {"clip": ClipSpec.from_dict(fields["clip"])})


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file: its name, and the positions of its clips in the plan, in the order in which they are written."""

    name: str
    split: str | None
    clips: tuple[int, ...]


class Plan:
    """Who goes where.

    Args:
        options: `Options`.
        entries: list of `Entry`. What to prepare; paths as they are opened.
        names: list of str. What records call the videos.
        labels: list of str.
        multi_label: bool.
        missing: list of (name, reason). Rows of the data set without a file.
        base: str. The data's folder.
        out: str. Where the shards go.
    """

    def __init__(self, options, entries, names, labels, multi_label, missing, base, out):
        self.options, self.entries, self.names, self.labels = options, entries, names, labels
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
                yield Shard(f"{split or NO_SPLIT}-{shard:05d}-of-{count:05d}.tfrecord", split, tuple(part.tolist()))

    @functools.cached_property
    def digest(self):
        """A hash of everything that the result depends on."""
        rows = [(name, *self._row(entry)[1:]) for name, entry in zip(self.names, self.entries)]
        said = [records.SCHEMA_VERSION, self.options.to_dict(), self.labels, self.multi_label, rows, self.missing]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @staticmethod
    def _row(entry):
        return [entry.path, list(entry.labels), entry.start, entry.end, entry.split, entry.num_frames,
                entry.first_frame]

    def save(self):
        """Writes the plan into the work folder of its output."""
        fields = {"digest": self.digest, "options": self.options.to_dict(), "labels": self.labels, "names": self.names,
                  "entries": [self._row(entry) for entry in self.entries], "multi_label": self.multi_label,
                  "missing": self.missing, "base": self.base}
        storage.write_bytes(storage.join(self.out, WORK_FOLDER, PLAN_FILE), json.dumps(fields).encode())

    def sidecar(self, shard):
        """Where the account of a finished shard is."""
        return storage.join(self.out, WORK_FOLDER, f"{shard.name}.json")


@contextlib.contextmanager
def writing(path):
    """Inside, what the system says against writing `path` becomes an OSError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, BrokenPipeError):  # it says so already, or nobody listens
            raise
        what = error.filename if isinstance(error.filename, str) and error.filename.startswith(path) else path
        raise OSError(f"Expected to write '{storage.shown(what)}'. The system says: {error.strerror}. Put that "
                      "right and run the same command again: it goes on where it stopped.") from None


@functools.lru_cache(1)
def load(out):
    """The `Plan` in the work folder of `out`."""
    fields = json.loads(storage.read_bytes(storage.join(out, WORK_FOLDER, PLAN_FILE)))
    entries = [Entry(row[0], tuple(row[1]), *row[2:]) for row in fields["entries"]]
    return Plan(Options.from_dict(fields["options"]), entries, fields["names"], fields["labels"],
                fields["multi_label"], [tuple(row) for row in fields["missing"]], fields["base"], out)


def make(data, out, options, split=None, labels=None, **layout):
    """The `Plan` for a data set.

    Args:
        data: what `read_manifest` takes; `layout` are its other arguments.
        out: folder or address of the result.
        options: `Options`.
        split: str or None. Only this split.
        labels: label list or None.
    """
    base = os.getcwd()
    if isinstance(data, str | os.PathLike):
        base = places.folder_of(absolute(data)) if layout.get("videos") is None else absolute(layout["videos"])
        _check_apart(absolute(data), base, absolute(out), layout.get("format"))
    manifest = read_manifest(data, split=split, labels=labels, **layout)
    if of_manifest(manifest):
        raise ValueError(f"Expected videos to prepare. Received records: '{storage.shown(data)}'. Train from them as "
                         "they are.")
    bad = [name for name in manifest.labels if not name or name != name.strip() or "\n" in name or "\r" in name]
    if bad:
        raise ValueError(f"Expected label names on one line each, without spaces around. Received: {bad!r}. Rename.")
    names = [_name(entry.path, base) for entry in manifest.entries]
    missing = sorted((_name(row.path, base), row.reason) for row in manifest.missing)
    return Plan(options, manifest.entries, names, manifest.labels, manifest.multi_label, missing, base, absolute(out))


def _check_apart(data, base, out, format):
    """Refuses an output folder that is the data's, or that will be taken for a class when the data are read again."""
    if _real(out) == _real(base):
        raise ValueError(f"Expected a folder for the records apart from the data. Received '{storage.shown(out)}' for "
                         "both. Name another.")
    if not _real(out).startswith(_real(data) + "/") or (format or annotations.detect(data)) != "folders":
        return
    for _, folder in folders.split_folders(data) or [(None, data)]:
        if _real(out).startswith(_real(folder) + "/"):
            raise ValueError(f"Expected a folder for the records apart from the classes in '{storage.shown(folder)}'. "
                             f"Received '{storage.shown(out)}', which would count as a class without videos. Name one "
                             "that is not in there.")


def _real(path):
    return path.rstrip("/") if storage.is_remote(path) else os.path.realpath(path)


def _name(path, base):
    root = storage.shown(base).rstrip("/") + "/"
    path = storage.shown(path) if storage.is_remote(path) or not os.path.isabs(path) else os.path.normpath(path)
    return path.removeprefix(root)


def begin(plan, overwrite=False):
    """Makes the output ready for a plan; True if it is finished already.

    Raises:
        ValueError: if something else was prepared there, or the folder holds other files.
    """
    out = plan.out
    old = None
    if storage.exists(storage.join(out, SUMMARY_FILE)):
        with contextlib.suppress(*[ValueError] * overwrite):  # of another schema, or somebody else's
            old = read_summary(out)
    elif storage.exists(storage.join(out, WORK_FOLDER, PLAN_FILE)):
        old = json.loads(storage.read_bytes(storage.join(out, WORK_FOLDER, PLAN_FILE)))
    if old is not None and old["digest"] != plan.digest and not overwrite:
        raise ValueError(f"Expected the options and data that '{storage.shown(out)}' was begun with. Received "
                         f"{_changes(old, plan)}. Prepare into another folder, or pass --overwrite.")
    unfinished = old is not None and old["digest"] == plan.digest and "shards" not in old
    if old is not None and old["digest"] == plan.digest and not unfinished and not overwrite:
        return True
    storage.make_folder(storage.join(out, WORK_FOLDER))
    there = [name for name in _names(out) if name != f"{WORK_FOLDER}/"]
    if old is None and there and not overwrite:
        raise ValueError(f"Expected an empty folder. '{storage.shown(out)}' holds {', '.join(there[:3])}"
                         f"{', ...' if len(there) > 3 else ''}. Prepare into another, or pass --overwrite.")
    if overwrite and not unfinished:  # what is unfinished is of this plan: an --overwrite that was interrupted goes on
        _clear(out)
    plan.save()
    load.cache_clear()
    return False


def _changes(old, plan):
    before, after = old["options"], json.loads(json.dumps(plan.options.to_dict()))
    found = [f"{name}={after[name]!r} instead of {before.get(name)!r}" for name in after
             if after[name] != before.get(name)]
    if old.get("labels", plan.labels) != plan.labels:
        found.append("other labels")
    return ", ".join(found) or "another list of videos"


def _clear(out):
    """Takes away what an earlier preparation left: first what vouches for it, last the plan."""
    for name in sorted(_names(out), key=lambda name: name != SUMMARY_FILE):
        if OURS.fullmatch(name):
            storage.remove(storage.join(out, name))
    for name in sorted(_names(storage.join(out, WORK_FOLDER)), key=lambda name: name == PLAN_FILE):
        if name != LOCK_FILE:
            storage.remove(storage.join(out, WORK_FOLDER, name))


def _names(folder):
    """What is in a folder; nothing where it is only a prefix that no object has yet."""
    try:
        return storage.list_folder(folder)
    except FileNotFoundError:
        return []
