"""What lies beside the shards when they are finished: lists, and last the summary, which vouches for the rest."""

import csv
import json
import types

from pipelines.prepare.output import sweep
from pipelines.prepare.shard import finished
from pipelines.records import layout
from pipelines.storage import addresses, files
from res3d import joined


def gather(plan):
    """Writes, from the accounts of all shards, what lies beside them; returns the summary.

    Raises:
        OSError: if a shard is not finished.
        ValueError: if no video could be used.
    """
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
    summary = _summary(plan, accounts, rows, failures)
    columns, cells = layout.table([_index_row(plan, row) for row in rows])
    for name, text in (*([] if plan.spans is None else [(layout.SPANS_FILE, plan.spans)]),
                       (layout.LABELS_FILE, "".join(f"{label}\n" for label in plan.labels)),
                       (layout.CLIP_FILE, plan.options.clip.to_json()),
                       (layout.QUARANTINE_FILE, _csv(layout.QUARANTINE_COLUMNS, failures)),
                       (layout.MANIFEST_FILE, _csv(columns, cells)),
                       (layout.SUMMARY_FILE, json.dumps(summary, indent=1) + "\n")):
        files.write_bytes(addresses.join(plan.out, name), text.encode("utf-8", "surrogateescape"))
    sweep(plan.out)
    return summary


def _index_row(plan, row):
    """A row of an account as the manifest has it."""
    entry = plan.entries[row["position"]]
    return row | {"path": plan.names[row["position"]], "split": entry.split, "group": entry.group,
                  "weight": entry.weight, "labels": joined.join(plan.labels[i] for i in entry.labels),
                  "times_us": " ".join(map(str, row["times_us"])) if row["times_us"] else None}


def _summary(plan, accounts, rows, failures):
    splits = {}
    for shard, account in zip(plan.shards, accounts):
        counts = splits.setdefault(shard.split or layout.NO_SPLIT, dict.fromkeys(
            ("shards", "clips", "frames", "bytes"), 0))
        for name, value in (("shards", 1), ("clips", len(account["rows"])), ("bytes", account["bytes"]),
                            ("frames", sum(row["frames"] for row in account["rows"]))):
            counts[name] += value
    of_spans = {} if plan.spans is None else {
        "videos": len({row["position"] for row in rows}), "spans": len(json.loads(plan.spans)["spans"])}
    return of_spans | {
        "kind": layout.KIND, "schema_version": layout.SCHEMA_VERSION, "digest": plan.digest,
        "options": plan.options.to_dict(), "clips": len(rows), "frames": sum(row["frames"] for row in rows),
        "bytes": sum(account["bytes"] for account in accounts), "failures": len(failures),
        "multi_label": plan.multi_label, "splits": splits,
        "shards": [{"name": account["name"], "clips": len(account["rows"]), "bytes": account["bytes"],
                    "sha256": account["sha256"]} for account in accounts]}


def _csv(header, rows):
    lines = []
    # The writer quotes what has a character of its line ends in it, and file names may have either.
    writer = csv.writer(types.SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n")))
    writer.writerow(header)
    writer.writerows(rows)
    return "".join(lines)
