"""The manifest of shards that other tools wrote: they are read through once, and what was found is kept.

Nothing tells beforehand where a record begins or how many frames it has, and both are needed to choose clips.
"""

import hashlib
import json
import os

import numpy as np
from absl import logging

from pipelines.annotations.entries import LABELS_FILE, Manifest, Missing, canonical_split
from pipelines.annotations.labels import MOST_LABELS, load_labels
from pipelines.records import tfrecord
from pipelines.records.layout import SHARD_NAME, RecordEntry
from pipelines.records.record import RecordError, decode, is_indexed
from pipelines.storage import addresses, files
from pipelines.video.info import VideoError
from pipelines.video.opencv import decode_image


def read(folder):
    """The `Manifest` of a folder with shards `SPLIT-00000-of-00010[.tfrecord]` or `*.tfrecord`.

    Label names come from a `labels.txt` beside them, else from the records, else they are the ids. Records that cannot
    be used are in the manifest's `missing`; a shard that is cut off loses what lies behind the cut.

    Raises:
        ValueError: if there is no usable record, or a label id has no line in `labels.txt`.
    """
    names = [name for name in files.list_folder(folder) if SHARD_NAME.match(name)]
    entries, missing, label_names = [], [], {}
    for name in names:
        shard = addresses.join(folder, name)
        split = canonical_split(SHARD_NAME.match(name)["split"])
        found = contents(shard)
        for row in found["records"]:
            label_names.update(zip(row["labels"], row.pop("names")))
            row = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
            entries.append(RecordEntry(split=split, shard=shard, **row))
        missing += [Missing(f"{addresses.shown(shard)}@{offset}", reason, split) for offset, reason in found["bad"]]
    for row in missing[:10]:
        logging.warning("left out %s: %s", row.path, row.reason)
    if not entries:
        why = f" The first: {missing[0].reason}." if missing else ""
        raise ValueError(f"Expected records in '{addresses.shown(folder)}', in shards such as train-00000-of-00010. "
                         f"Received {len(names)} shards without a usable one.{why} Check the path.")
    return Manifest(entries, _labels(folder, entries, label_names), missing)


def _labels(folder, entries, names):
    path = addresses.join(folder, LABELS_FILE)
    if files.exists(path):
        return load_labels(files.openable(path))
    top = max((label for entry in entries for label in entry.labels), default=-1)
    if top >= MOST_LABELS:
        entry = next(entry for entry in entries if top in entry.labels)
        raise ValueError(f"Expected label ids below {MOST_LABELS}. Received {top} in the record at {entry}. Write the "
                         f"names that there are into '{LABELS_FILE}' beside the shards, or write the record again.")
    labels = [names.get(label, str(label)) for label in range(top + 1)]
    return labels if len(set(labels)) == len(labels) else [str(label) for label in range(top + 1)]


def contents(shard):
    """What is in a shard, from the cache folder or by reading it through: a dict of `records` and `bad`."""
    path = files.openable(shard)
    stamp = [path, files.size(path)]
    if not addresses.is_remote(path):
        stamp = [os.path.abspath(path), stamp[1], os.stat(path).st_mtime_ns]
    key = hashlib.sha256(json.dumps(stamp).encode()).hexdigest()[:24]
    kept = os.path.join(files.cache_folder("indexes"), f"{key}.json")
    if not os.path.exists(kept):
        logging.info("indexing '%s': reading it once", addresses.shown(shard))
        files.write_bytes(kept, json.dumps(_read_through(path, addresses.shown(shard))).encode())
    with open(kept, encoding="utf-8") as file:
        return json.load(file)


def _read_through(path, name):
    good, bad = [], []
    with files.open_file(path) as file:
        try:
            places = tfrecord.offsets(file, name)
        except tfrecord.DamagedRecordError as error:
            places = error.found
            end = sum(places[-1]) + tfrecord.HEADER_BYTES + tfrecord.FOOTER_BYTES if places else 0
            bad.append((end, f"{error}; what lies behind it is lost"))
        for offset, length in places:
            try:
                good.append(_row(tfrecord.read_at(file, offset, name), offset, name) | {"length": length})
            except (tfrecord.DamagedRecordError, RecordError, VideoError) as error:
                bad.append((offset, str(error)))
    return {"records": good, "bad": bad}


def _row(data, offset, path):
    record = decode(data, f"byte {offset} of '{path}'")
    height, width = decode_image(record.frames[0]).shape[:2]
    return {"path": record.filename or f"{os.path.basename(path)}@{offset}", "labels": record.labels,
            "names": record.label_names, "offset": offset, "frames": len(record.frames), "fps": _rate(record),
            "height": height, "width": width, "times_us": None if _even(record.times_us) else record.times_us,
            "indexed": is_indexed(data)}


def _rate(record):
    """Frames a second, from what the record says, its frames' times, or its extent; 0 where nothing tells."""
    if record.fps > 0:
        return record.fps
    if len(record.times_us) > 1 and record.times_us[-1] > record.times_us[0]:
        return (len(record.times_us) - 1) * 1e6 / (record.times_us[-1] - record.times_us[0])
    if record.end_us > record.start_us:
        return len(record.frames) * 1e6 / (record.end_us - record.start_us)
    return 0.0


def _even(times_us):
    steps = np.diff(times_us) if len(times_us) > 1 else np.zeros(1)
    return bool(np.abs(steps - np.median(steps)).max() <= max(2000, 0.02 * np.median(steps)))
