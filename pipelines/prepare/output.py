"""The folder that records are written into: begun, gone on with, and swept at the end."""

import contextlib
import json

from pipelines.prepare.plan import load
from pipelines.records.index import read_summary
from pipelines.records.layout import LOCK_FILE, OURS, PART, PLAN_FILE, SUMMARY_FILE, WORK_FOLDER, in_work_folder
from pipelines.storage import addresses, files


def begin(plan, overwrite=False):
    """Makes the output ready for a plan; True if it is finished already.

    Raises:
        ValueError: if something else was prepared there, or the folder holds other files.
    """
    out = plan.out
    old = None
    if files.exists(addresses.join(out, SUMMARY_FILE)):
        with contextlib.suppress(*[ValueError] * overwrite):  # of another schema, or somebody else's
            old = read_summary(out)
    elif files.exists(in_work_folder(out, PLAN_FILE)):
        old = json.loads(files.read_bytes(in_work_folder(out, PLAN_FILE)))
    if old is not None and old["digest"] != plan.digest and not overwrite:
        raise ValueError(f"Expected the options and data that '{addresses.shown(out)}' was begun with. Received "
                         f"{_changes(old, plan)}. Prepare into another folder, or pass --overwrite.")
    unfinished = old is not None and old["digest"] == plan.digest and "shards" not in old
    if old is not None and old["digest"] == plan.digest and not unfinished and not overwrite:
        return True
    files.make_folder(addresses.join(out, WORK_FOLDER))
    there = [name for name in _names(out) if name != f"{WORK_FOLDER}/"]
    if old is None and there and not overwrite:
        raise ValueError(f"Expected an empty folder. '{addresses.shown(out)}' holds {', '.join(there[:3])}"
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
            files.remove(addresses.join(out, name))
    for name in sorted(_names(addresses.join(out, WORK_FOLDER)), key=lambda name: name == PLAN_FILE):
        if name != LOCK_FILE:
            files.remove(in_work_folder(out, name))


def _names(folder):
    """What is in a folder; nothing where it is only a prefix that no object has yet."""
    try:
        return files.list_folder(folder)
    except FileNotFoundError:
        return []


def check_whole(out, summary):
    """Raises ValueError if a shard of a finished preparation is not there."""
    there = set(files.list_folder(out))
    gone = [shard["name"] for shard in summary["shards"] if shard["name"] not in there]
    if gone:
        raise ValueError(f"Expected the {len(summary['shards'])} shards that were prepared in "
                         f"'{addresses.shown(out)}'. {len(gone)} are not there, the first {gone[0]}. "
                         "Copy them back, or pass --overwrite to prepare all of them again.")


def sweep(out, halves=False):
    """Removes what is in the work folder, or only `halves` of files, but for the lock; and halves of files beside."""
    for name in files.list_folder(out):
        if OURS.fullmatch(name) and PART.search(name):
            files.remove(addresses.join(out, name))
    folder = addresses.join(out, WORK_FOLDER)
    if not files.is_folder(folder):
        return
    for name in files.list_folder(folder):
        if name != LOCK_FILE and (PART.search(name) or not halves):
            files.remove(addresses.join(folder, name))
