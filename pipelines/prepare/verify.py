"""Re-reads a prepared folder and compares everything with what its summary and manifest say."""

import collections
import csv
import hashlib
import io
import json
from concurrent import futures

from pipelines.arguments import default_workers
from pipelines.records import index, layout, spans, tfrecord
from pipelines.records.record import RecordError, decode
from pipelines.storage import addresses, files
from pipelines.video.info import VideoError
from pipelines.video.opencv import decode_image

BLOCK = 1 << 22


def verify(folder, workers=None, progress=None):
    """Problems of a prepared folder, as a list of texts; empty if there is none.

    Counts and checksums of shards, the place and checksum of every record, every JPEG, and every record's labels and
    name are compared with what was written down.

    Args:
        folder: a folder that `prepare` finished; local or an address.
        workers: int or None. Threads; None is one a core.
        progress: function (total clips) -> function (clips, bytes, failures), or None.

    Raises:
        ValueError: if it is no prepared folder, or its manifest does not fit its summary.
    """
    summary = index.read_summary(folder)
    manifest = index.read(folder, task=None)
    by_shard = collections.defaultdict(list)
    for entry in manifest:
        by_shard[entry.shard].append(entry)
    count = progress(len(manifest)) if progress is not None else lambda *counts: None
    with futures.ThreadPoolExecutor(workers or default_workers()) as pool:
        problems = list(pool.map(lambda shard: _shard(folder, shard, by_shard, manifest.labels, count),
                                 summary["shards"]))
    found = [problem for some in problems for problem in some] + _beside(folder, summary)
    known = {addresses.join(folder, shard["name"]) for shard in summary["shards"]}
    found += [f"the manifest names '{addresses.shown(shard)}', the summary does not"
              for shard in sorted(by_shard.keys() - known)]
    there = {addresses.join(folder, name) for name in files.list_folder(folder) if layout.SHARD_NAME.match(name)}
    found += [f"the folder has '{addresses.shown(shard)}', the summary does not" for shard in sorted(there - known)]
    clips = collections.Counter(entry.split or layout.NO_SPLIT for entry in manifest)
    for split in sorted(clips.keys() | summary["splits"].keys()):
        said = summary["splits"].get(split, {"clips": 0})["clips"]
        if said != clips[split]:
            found.append(f"the summary has {said} clips of split '{split}', the manifest {clips[split]}")
    frames = sum(entry.frames for entry in manifest)
    if frames != summary["frames"]:
        found.append(f"the summary has {summary['frames']} frames, the manifest {frames}")
    return found


def _beside(folder, summary):
    """Problems of the clip and of the list of videos left out."""
    problems = []
    for name, read, said in ((layout.CLIP_FILE, json.loads, summary["options"]["clip"]),
                             (layout.QUARANTINE_FILE, _rows, summary["failures"])):
        path = addresses.join(folder, name)
        try:
            found = read(files.read_bytes(path).decode("utf-8", "surrogateescape"))
        except (OSError, ValueError) as error:
            problems.append(f"'{addresses.shown(path)}' cannot be read: {error}")
            continue
        if found != said:
            problems.append(f"'{addresses.shown(path)}' has {found}, the summary {said}")
    if index.task_of(summary) == "spans":
        try:
            spans.read(folder)
        except ValueError as error:
            problems.append(str(error))
    return problems


def _rows(text):
    return sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1


def _shard(folder, said, by_shard, labels, count):
    path = addresses.join(folder, said["name"])
    entries = sorted(by_shard[path], key=lambda entry: entry.offset)
    name = addresses.shown(path)
    try:
        file = io.BytesIO(files.read_bytes(path)) if addresses.is_remote(path) else files.open_file(path)
    except OSError as error:
        return [f"'{name}' cannot be read: {error}"]
    problems = []
    with file:
        digest, size = hashlib.sha256(), 0
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
        if size != said["bytes"]:
            problems.append(f"'{name}' has {size} bytes, the summary {said['bytes']}")
        elif digest.hexdigest() != said["sha256"]:
            problems.append(f"'{name}' has another checksum than the summary")
        if len(entries) != said["clips"]:
            problems.append(f"'{name}' has {said['clips']} clips in the summary, {len(entries)} in the manifest")
        for entry in entries:
            wrong = _record(file, entry, name, labels)
            problems += wrong
            count(1, entry.length, bool(wrong))
    return problems


def _record(file, entry, name, labels):
    try:
        record = decode(tfrecord.read_at(file, entry.offset, name), str(entry))
    except (tfrecord.DamagedRecordError, RecordError) as error:
        return [str(error)]
    wrong = []
    expected = (entry.path, entry.labels, tuple(labels[label] for label in entry.labels), entry.frames, entry.height,
                entry.width)
    found = (record.filename, record.labels, record.label_names, len(record.frames), record.height, record.width)
    for what, one, other in zip(("name", "labels", "label names", "frames", "height", "width"), expected, found):
        if one != other:
            wrong.append(f"the record at {entry} has {what} {other!r}, the manifest {one!r}")
    for number, frame in enumerate(record.frames):
        try:
            shape = decode_image(frame).shape[:2]
        except VideoError:
            wrong.append(f"frame {number} of the record at {entry} is no JPEG that decodes")
            continue
        if shape != (entry.height, entry.width):
            wrong.append(f"frame {number} of the record at {entry} is {shape[0]}x{shape[1]}")
    return wrong
