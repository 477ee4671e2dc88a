"""The table of published checkpoints as JSON-ready values and as text, with what is on this machine."""

from res3d.terminal.tables import aligned
from res3d.weights.store.places import place


def describe(row):
    """A row as JSON-ready values: what is published, and where its file is or would be."""
    file = place(row.address).file
    cached = file.is_file()
    return {"name": row.name, "network": row.network, "source": row.source, "tag": row.tag, "metric": row.metric,
            "top1": row.top1, "top5": row.top5, "protocol": row.protocol, "classes": row.classes,
            "label_list": row.label_list, "labels_known": row.labels is not None, "multi_label": row.multi_label,
            "clip": row.clip.to_dict(), "licence": row.licence, "address": row.address, "digest": row.digest,
            "bytes": file.stat().st_size if cached else row.megabytes and round(row.megabytes * 2**20),
            "cached": cached, "path": str(file)}


def table(rows, width=None):
    """Described rows as text, one checkpoint a line, columns aligned, at most `width` letters where that can be had."""
    lines = [("name", "accuracy", "protocol", "MB", "licence", "here")]
    for row in rows:
        accuracy = "" if row["top1"] is None else f"{row['metric']} {row['top1']:.2f}"
        size = "" if row["bytes"] is None else f"{row['bytes'] / 2**20:.0f}"
        lines.append((row["name"], accuracy, row["protocol"], size, row["licence"], "yes" if row["cached"] else ""))
    return aligned(lines, elastic=(2, 4), width=width)
