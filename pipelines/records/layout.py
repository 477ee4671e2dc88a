"""The files of a prepared folder, each named here alone, and what is known of a record without reading it."""

import dataclasses
import os
import re
import types

from pipelines.annotations.entries import LABELS_FILE, MANIFEST_FILE, Entry
from pipelines.storage import addresses, files
from res3d.joined import split

SUMMARY_FILE = "summary.json"
CLIP_FILE = "clip.json"
QUARANTINE_FILE = "quarantine.csv"
SPANS_FILE = "labelled.json"  # what happens when in long videos, and which these are
QUARANTINE_COLUMNS = ("path", "reason")
WORK_FOLDER = ".prepare"  # in the folder as long as its preparation is not finished
PLAN_FILE = "plan.json"  # in the work folder, as is the next
LOCK_FILE = "lock"
KIND = "res3d records"
SCHEMA_VERSION = 2  # of a record, and of the summary; 1 had no table of frames in a record
NO_SPLIT = "all"  # in names of shards and in the summary, for videos of no split
PLACE = ("shard", "offset", "length", "frames", "fps", "height", "width", "times_us")
SHARD_NAME = re.compile(r"^(?P<split>.+?)-\d{5}-of-\d{5}(\.tfrecords?)?$|^(?P<name>.+)\.tfrecords?$")
PART = re.compile(r"\.\d+\.part$")  # of a file that a process was writing, as `atomic.aside_name` has it
_BESIDE = "|".join(map(re.escape, (SUMMARY_FILE, CLIP_FILE, MANIFEST_FILE, LABELS_FILE, QUARANTINE_FILE,
                                SPANS_FILE)))
OURS = re.compile(rf"(.+-\d{{5}}-of-\d{{5}}\.tfrecord|{_BESIDE})(\.\d+\.part)?")


def shard_name(split, number, count):
    """The file of one of `count` shards of a split, which may be None.

    >>> shard_name("train", 0, 10)
    'train-00000-of-00010.tfrecord'
    """
    return f"{split or NO_SPLIT}-{number:05d}-of-{count:05d}.tfrecord"


def in_work_folder(folder, name):
    """A file of the work folder of `folder`."""
    return addresses.join(folder, WORK_FOLDER, name)


def account_name(shard):
    """The file of the work folder that says what a finished shard, given by its name, holds."""
    return f"{shard}.json"


@dataclasses.dataclass(frozen=True)
class RecordEntry(Entry):
    """An `Entry` whose frames lie in a shard; `path` is the name of the video that they are from.

    Args:
        shard: str. The shard's path or address.
        offset: int. Where in the shard the record begins, bytes.
        length: int. Bytes of the record, without its framing.
        frames: int. How many there are.
        fps: float. Of these frames.
        height, width: ints. Of the first frame, pixels.
        times_us: ints, or None where the frames are evenly apart.
        indexed: bool. Whether the record tells where each frame lies.
        tabled: bool. Whether it has the table by which frames are read alone.
    """

    shard: str = ""
    offset: int = 0
    length: int = 0
    frames: int = 0
    fps: float = 0.0
    height: int = 0
    width: int = 0
    times_us: tuple[int, ...] | None = None
    indexed: bool = True
    tabled: bool = False

    @property
    def steady(self):
        """Whether the frames are evenly apart."""
        return self.times_us is None

    @property
    def info(self):
        """What `pipelines.sample` and the protocols have to know of the frames."""
        return types.SimpleNamespace(path=self.path, num_frames=self.frames, fps=self.fps, times_us=self.times_us,
                                     steady=self.steady)

    def __str__(self):
        return f"byte {self.offset} of '{addresses.shown(self.shard)}'"


def are_records(data):
    """Whether `data` is a folder of records rather than of videos."""
    if isinstance(data, str | os.PathLike) and files.is_folder(data):
        if files.exists(addresses.join(data, SUMMARY_FILE)) or files.exists(addresses.join(data, WORK_FOLDER)):
            return True
        return any(SHARD_NAME.match(name) for name in files.list_folder(data))
    return False


def entry_of(row, folder, ids, tabled):
    """The `RecordEntry` of a row of `manifest.csv`, a dict of texts; `ids` gives those of the labels."""
    labels = tuple(ids[name] for name in split(row["labels"]))
    number = {name: float(row[name]) if row.get(name) else None for name in ("start", "end", "weight")}
    times = row.get("times_us")
    return RecordEntry(
        row["path"], labels, number["start"], number["end"], row["split"] or None,
        group=row.get("group") or None, weight=number["weight"],
        shard=addresses.join(folder, row["shard"]), offset=int(row["offset"]), length=int(row["length"]),
        frames=int(row["frames"]), fps=float(row["fps"]), height=int(row["height"]), width=int(row["width"]),
        times_us=tuple(map(int, times.split())) if times else None, tabled=tabled)


def table(rows):
    """`manifest.csv` of `rows`, dicts: the columns that they need, and a list of cells a row."""
    named = ["path", "labels", "start", "end", "split", *PLACE, "group", "weight"]
    some = {"start": bool, "end": bool, "times_us": bool, "group": bool, "weight": lambda value: value is not None}
    columns = [name for name in named if name not in some or any(some[name](row.get(name)) for row in rows)]
    return columns, [["" if row.get(name) is None else row[name] for name in columns] for row in rows]
