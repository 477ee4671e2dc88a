"""Where each record lies and what is in it: the manifest of a folder of records, prepared here or by other tools."""

import csv
import io
import json

from pipelines.annotations.entries import Manifest
from pipelines.records.layout import (
    KIND,
    LABELS_FILE,
    MANIFEST_FILE,
    QUARANTINE_FILE,
    SCHEMA_VERSION,
    SUMMARY_FILE,
    WORK_FOLDER,
    RecordEntry,
    entry_of,
)
from pipelines.storage import addresses, files


def of_manifest(manifest):
    """Whether the entries of a manifest are records; ValueError if only some are."""
    found = {isinstance(entry, RecordEntry) for entry in manifest}
    if len(found) > 1:
        raise ValueError("Expected videos or records. Received a manifest with both. Keep them apart.")
    return found == {True}


def read(folder, task="clips"):
    """The `Manifest` of a folder of records, prepared here or written by other tools.

    `task` is what they must have been prepared for, "clips" or "spans", or None for either.

    Raises:
        ValueError: for a folder whose preparation is not finished, of a later schema, or for another task.
    """
    if not files.exists(addresses.join(folder, SUMMARY_FILE)):
        if files.exists(addresses.join(folder, WORK_FOLDER)):
            raise _unfinished(folder)
        from pipelines.records import foreign

        return foreign.read(folder)
    summary = read_summary(folder)
    check_task(folder, summary, task)
    labels_path = addresses.join(folder, LABELS_FILE)
    text = files.read_bytes(labels_path).decode("utf-8", "surrogateescape")
    labels = text.removesuffix("\n").split("\n") if text else []
    text = files.read_bytes(addresses.join(folder, MANIFEST_FILE)).decode("utf-8", "surrogateescape")
    ids = {name: position for position, name in enumerate(labels)}
    tabled = summary["schema_version"] >= 2
    entries = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        try:
            entries.append(entry_of(row, folder, ids, tabled))
        except (KeyError, TypeError, ValueError) as error:
            what = f"the label {error} is not in '{LABELS_FILE}'" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"Expected '{addresses.shown(folder)}/{MANIFEST_FILE}' as it was prepared. Record "
                             f"{len(entries) + 1} of it is of another kind: {what}. Copy the folder again.") from None
    if len(entries) != summary["clips"]:
        raise ValueError(f"Expected the {summary['clips']} clips of '{SUMMARY_FILE}'. Received {len(entries)} in "
                         f"'{addresses.shown(folder)}/{MANIFEST_FILE}'. Copy the folder again.")
    return Manifest(entries, labels, multi_label=summary["multi_label"])


_OTHER_TASK = {
    "clips": "Expected records of clips. Received those of long videos in '{}', of which `res3d train --task=spans` "
             "takes windows. Prepare the videos with --task=clips.",
    "spans": "Expected records of long videos with their spans. Received those of clips in '{}'. Name the labels of "
             "the spans, or prepare these: res3d prepare --task=spans.",
}


def task_of(summary):
    """What the records of a summary were prepared for: "clips" or "spans"."""
    return summary["options"].get("task", "clips")


def check_task(folder, summary, task):
    """Raises ValueError if records were prepared for another task than `task`, which None never is."""
    if task not in (None, task_of(summary)):
        raise ValueError(_OTHER_TASK[task].format(addresses.shown(folder)))


def read_summary(folder):
    """`summary.json` of a prepared folder, as a dict."""
    path = addresses.join(folder, SUMMARY_FILE)
    try:
        summary = json.loads(files.read_bytes(path))
    except FileNotFoundError:
        if files.exists(addresses.join(folder, WORK_FOLDER)):
            raise _unfinished(folder) from None
        raise ValueError(f"Expected a folder that `res3d prepare` wrote. Received '{addresses.shown(folder)}', which "
                         f"has no '{SUMMARY_FILE}'. Pass the folder of the records.") from None
    except ValueError:
        summary = None
    try:
        kind, version = summary["kind"], summary["schema_version"]
    except (TypeError, KeyError):
        kind = version = None
    if kind != KIND:
        raise ValueError(f"Expected the summary of a prepared folder in '{addresses.shown(path)}'. Received another "
                         "file. Prepare the data again.")
    if version not in range(1, SCHEMA_VERSION + 1):
        raise ValueError(f"Expected records of schema version 1 to {SCHEMA_VERSION}. Received version "
                         f"{version} in '{addresses.shown(path)}'. Update the package, or prepare the data again.")
    return summary


def left_out(folder):
    """{video: reason} of what could not be prepared in a folder."""
    path = addresses.join(folder, QUARANTINE_FILE)
    text = files.read_bytes(path).decode("utf-8", "surrogateescape")
    return dict(list(csv.reader(io.StringIO(text, newline="")))[1:])


def _unfinished(folder):
    return ValueError(f"Expected a prepared folder. The preparation of '{addresses.shown(folder)}' is not finished. "
                      "Run the same `res3d prepare` again; it goes on where it stopped.")
