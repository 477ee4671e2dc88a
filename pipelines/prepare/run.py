"""Videos to shards of records, once, at any scale: `prepare` plans, has the shards written, and gathers what came out.

    prepare("data/videos", "data/records", PrepareOptions(clip), workers=16)

It may be killed at any moment and run again: it goes on with the shards that are not finished, and the result is byte
for byte the same.
"""

import csv
import json
import os
import types
from collections.abc import Callable, Sequence

from absl import logging

from pipelines.annotations.entries import LABELS_FILE, MANIFEST_FILE, Manifest
from pipelines.dataset.facts import check_positive
from pipelines.dataset.quarantine import COLUMNS as QUARANTINE_COLUMNS
from pipelines.prepare import output, pool
from pipelines.prepare.lock import alone
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.output import check_whole, sweep
from pipelines.prepare.plan import NO_SPLIT, make, writing
from pipelines.prepare.shard import finished, swept
from pipelines.records import record
from pipelines.records.index import columns, read_summary
from pipelines.records.layout import CLIP_FILE, KIND, QUARANTINE_FILE, SUMMARY_FILE
from pipelines.storage import addresses, files

TIMEOUT_SECONDS = 600.0


def prepare(data: str | os.PathLike | Manifest, out: str | os.PathLike, options: PrepareOptions | None = None, *,
            split: str | None = None, labels: Sequence[str] | str | os.PathLike | None = None,
            workers: int | None = None, overwrite: bool = False, progress: Callable | None = None,
            timeout: float = TIMEOUT_SECONDS, runner: Callable | None = None, **layout) -> dict:
    """Prepares a data set; returns the summary, a dict.

    Args:
        data: whatever `read_manifest` takes, addresses included; `layout` are its other arguments.
        out: folder, or address of a bucket.
        options: `PrepareOptions`, or None for the defaults.
        split: str or None. Only this split.
        labels: label list, or None.
        workers: int or None. Processes, and as many shards written at once at most; None is one a core.
        overwrite: bool. Replace what another plan has left in `out`.
        progress: function (total clips) -> function (clips, bytes, failures), or None.
        timeout: float. Seconds for one video, in the local pool.
        runner: None for the local pool, or a function (plan, shard numbers) that has them written.

    Raises:
        ValueError: for wrong arguments, changed options, or if no video could be used.
        OSError: for a full disk, a folder that cannot be written, data that have gone.
    """
    if workers is not None:
        check_positive("workers", workers)
    if not timeout > 0:
        raise ValueError(f"`timeout` must be a number of seconds above 0. Received: timeout={timeout!r}.")
    plan = make(data, out, options or PrepareOptions(), split, labels, **layout)
    with writing(plan.out):
        files.make_folder(plan.out)
    with alone(plan.out), writing(plan.out), swept(plan.out):
        if output.begin(plan, overwrite):
            summary = read_summary(plan.out)
            check_whole(plan.out, summary)
            logging.info("'%s' is finished already", addresses.shown(plan.out))
            sweep(plan.out)
            return summary
        sweep(plan.out, ".part")
        accounts = {number: finished(plan, number) for number in range(len(plan.shards))}
        left = [number for number, account in accounts.items() if account is None]
        count = progress(len(plan.entries)) if progress is not None else lambda *counts: None
        _tell(count, accounts.values())
        if runner is not None:
            runner(plan, left)
            _tell(count, [finished(plan, number) for number in left])
        elif left:
            pool.write_shards(plan.out, left, workers or os.cpu_count() or 1, count, timeout)
        return _finish(plan)


def _tell(count, accounts):
    for account in filter(None, accounts):
        clips = len({row["position"] for row in account["rows"]})
        count(clips + len(account["failures"]), account["bytes"], len(account["failures"]))


def _finish(plan):
    """Gathers the accounts of all shards; the summary comes last and vouches for the rest."""
    accounts = [finished(plan, number) for number in range(len(plan.shards))]
    unfinished = [shard.name for shard, account in zip(plan.shards, accounts) if account is None]
    if unfinished:
        raise OSError(f"Expected {len(plan.shards)} finished shards in '{addresses.shown(plan.out)}'. "
                      f"{len(unfinished)} are not, the first {unfinished[0]}. Run the same command again.")
    failures = sorted([tuple(row) for account in accounts for row in account["failures"]] + plan.missing)
    rows = sorted(({**row, "shard": account["name"]} for account in accounts for row in account["rows"]),
                  key=lambda row: (row["position"], row["part"]))
    if not rows:
        raise ValueError(f"Expected at least one video that decodes. None of {len(plan.entries)} does, the first "
                         f"'{failures[0][0]}': {failures[0][1]}. `res3d doctor` lists them all.")
    for row in rows:
        entry = plan.entries[row["position"]]
        row |= {"path": plan.names[row["position"]], "split": entry.split, "labels": "|".join(
            plan.labels[i].replace("\\", "\\\\").replace("|", "\\|") for i in entry.labels)}
        row["times_us"] = " ".join(map(str, row["times_us"])) if row["times_us"] else None
    splits = {}
    for shard, account in zip(plan.shards, accounts):
        counts = splits.setdefault(shard.split or NO_SPLIT, dict.fromkeys(
            ("shards", "clips", "frames", "bytes"), 0))
        for name, value in (("shards", 1), ("clips", len(account["rows"])), ("bytes", account["bytes"]),
                            ("frames", sum(row["frames"] for row in account["rows"]))):
            counts[name] += value
    summary = {
        "kind": KIND, "schema_version": record.SCHEMA_VERSION, "digest": plan.digest,
        "options": plan.options.to_dict(), "clips": len(rows), "frames": sum(row["frames"] for row in rows),
        "bytes": sum(account["bytes"] for account in accounts), "failures": len(failures),
        "multi_label": plan.multi_label, "splits": splits,
        "shards": [{"name": account["name"], "clips": len(account["rows"]), "bytes": account["bytes"],
                    "sha256": account["sha256"]} for account in accounts]}
    for name, text in ((LABELS_FILE, "".join(f"{label}\n" for label in plan.labels)),
                       (CLIP_FILE, plan.options.clip.to_json()),
                       (QUARANTINE_FILE, _csv(QUARANTINE_COLUMNS, failures)),
                       (MANIFEST_FILE, _csv(columns(rows), [[_cell(row.get(name)) for name in columns(rows)]
                                                            for row in rows])),
                       (SUMMARY_FILE, json.dumps(summary, indent=1) + "\n")):
        files.write_bytes(addresses.join(plan.out, name), text.encode("utf-8", "surrogateescape"))
    sweep(plan.out)
    return summary


def _cell(value):
    return "" if value is None else value


def _csv(header, rows):
    lines = []
    # The writer quotes what has a character of its line ends in it, and file names may have either.
    writer = csv.writer(types.SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n")))
    writer.writerow(header)
    writer.writerows(rows)
    return "".join(lines)


