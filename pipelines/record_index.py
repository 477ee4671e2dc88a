"""Where each record lies and what is in it: the manifest of a folder of records, prepared here or by other tools."""

import csv
import dataclasses
import io
import json
import os
import re
import types

from pipelines import records, storage
from pipelines.manifest import LABELS_FILE, MANIFEST_FILE, Entry, Manifest

SUMMARY_FILE = "summary.json"
CLIP_FILE = "clip.json"
KIND = "res3d records"
PLACE = ("shard", "offset", "length", "frames", "fps", "height", "width", "times_us")
SHARD_NAME = re.compile(r"^(?P<split>.+?)-\d{5}-of-\d{5}(\.tfrecords?)?$|^(?P<name>.+)\.tfrecords?$")
WORK_FOLDER = ".prepare"  # in the folder as long as its preparation is not finished


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
        return f"byte {self.offset} of '{storage.shown(self.shard)}'"


def are_records(data):
    """Whether `data` is a folder of records rather than of videos."""
    if isinstance(data, str | os.PathLike) and storage.is_folder(data):
        if storage.exists(storage.join(data, SUMMARY_FILE)) or storage.exists(storage.join(data, WORK_FOLDER)):
            return True
        return any(SHARD_NAME.match(name) for name in storage.list_folder(data))
    return False


def of_manifest(manifest):
    """Whether the entries of a manifest are records; ValueError if only some are."""
    found = {isinstance(entry, RecordEntry) for entry in manifest}
    if len(found) > 1:
        raise ValueError("Expected videos or records. Received a manifest with both. Keep them apart.")
    return found == {True}


def read(folder):
    """The `Manifest` of a folder of records, prepared here or written by other tools.

    Raises:
        ValueError: for a folder whose preparation is not finished, or of a later schema.
    """
    if not storage.exists(storage.join(folder, SUMMARY_FILE)):
        if storage.exists(storage.join(folder, WORK_FOLDER)):
            raise _unfinished(folder)
        from pipelines import record_foreign

        return record_foreign.read(folder)
    summary = read_summary(folder)
    labels_path = storage.join(folder, LABELS_FILE)
    text = storage.read_bytes(labels_path).decode("utf-8", "surrogateescape")
    labels = text.removesuffix("\n").split("\n") if text else []
    text = storage.read_bytes(storage.join(folder, MANIFEST_FILE)).decode("utf-8", "surrogateescape")
    ids = {name: position for position, name in enumerate(labels)}
    tabled = summary["schema_version"] >= 2
    entries = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        try:
            entries.append(_entry(row, folder, ids, tabled))
        except (KeyError, TypeError, ValueError) as error:
            what = f"the label {error} is not in '{LABELS_FILE}'" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"Expected '{storage.shown(folder)}/{MANIFEST_FILE}' as it was prepared. Record "
                             f"{len(entries) + 1} of it is of another kind: {what}. Copy the folder again.") from None
    if len(entries) != summary["clips"]:
        raise ValueError(f"Expected the {summary['clips']} clips of '{SUMMARY_FILE}'. Received {len(entries)} in "
                         f"'{storage.shown(folder)}/{MANIFEST_FILE}'. Copy the folder again.")
    return Manifest(entries, labels, multi_label=summary["multi_label"])


def read_summary(folder):
    """`summary.json` of a prepared folder, as a dict."""
    path = storage.join(folder, SUMMARY_FILE)
    try:
        summary = json.loads(storage.read_bytes(path))
    except FileNotFoundError:
        if storage.exists(storage.join(folder, WORK_FOLDER)):
            raise _unfinished(folder) from None
        raise ValueError(f"Expected a folder that `res3d prepare` wrote. Received '{storage.shown(folder)}', which has "
                         f"no '{SUMMARY_FILE}'. Pass the folder of the records.") from None
    except ValueError:
        summary = None
    try:
        kind, version = summary["kind"], summary["schema_version"]
    except (TypeError, KeyError):
        kind = version = None
    if kind != KIND:
        raise ValueError(f"Expected the summary of a prepared folder in '{storage.shown(path)}'. Received another "
                         "file. Prepare the data again.")
    if version not in range(1, records.SCHEMA_VERSION + 1):
        raise ValueError(f"Expected records of schema version 1 to {records.SCHEMA_VERSION}. Received version "
                         f"{version} in '{storage.shown(path)}'. Update the package, or prepare the data again.")
    return summary


def _unfinished(folder):
    return ValueError(f"Expected a prepared folder. The preparation of '{storage.shown(folder)}' is not finished. Run "
                      "the same `res3d prepare` again; it goes on where it stopped.")


def columns(rows):
    """The columns of `manifest.csv` that `rows`, dicts, need."""
    named = ["path", "labels", "start", "end", "split", *PLACE]
    some = ("start", "end", "times_us")
    return [name for name in named if name not in some or any(row.get(name) for row in rows)]


def _entry(row, folder, ids, tabled):
    labels = tuple(ids[re.sub(r"\\(.)", r"\1", name)] for name in re.findall(r"(?:\\.|[^|\\])+", row["labels"]))
    number = {name: float(row[name]) if row.get(name) else None for name in ("start", "end")}
    times = row.get("times_us")
    return RecordEntry(
        row["path"], labels, number["start"], number["end"], row["split"] or None,
        shard=storage.join(folder, row["shard"]), offset=int(row["offset"]), length=int(row["length"]),
        frames=int(row["frames"]), fps=float(row["fps"]), height=int(row["height"]), width=int(row["width"]),
        times_us=tuple(map(int, times.split())) if times else None, tabled=tabled)
