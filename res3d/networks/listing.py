"""The family of networks as rows of values and as a table of text."""

from res3d.networks.variants.table import VARIANTS
from res3d.terminal.tables import aligned


def describe(name):
    """A row of the family as JSON-ready values."""
    row = VARIANTS[name]
    return {"name": name, "rank": row.network.rank, "parameters": row.params, "classes": row.classes,
            "gmacs": row.gmacs, "clip": row.native_clip.to_dict(), "top1": row.top1, "protocol": row.protocol,
            "source": row.source}


def table(rows, width=None):
    """The rows as text, one network a line, columns aligned, at most `width` letters where that can be had."""
    memory = ("training_mb", "forward_mb") if rows and "training_mb" in rows[0] else ()
    titles = ("MB training", "MB forward") if memory else ()
    lines = [("name", "rank", "parameters", "GMACs", *titles, "clip", "top-1", "source: protocol")]
    for row in rows:
        clip = row["clip"]
        size = f"{clip['frames']}x{clip['stride']} {clip['height']}x{clip['width']}"
        top1 = "" if row["top1"] is None else f"{row['top1']:.2f}"
        note = f"{row['source']}: {row['protocol']}" if row["protocol"] else row["source"]
        lines.append((row["name"], str(row["rank"]), f"{row['parameters']:,}", f"{row['gmacs']:.3f}",
                      *(f"{row[name]:.1f}" for name in memory), size, top1, note))
    more = len(memory)
    return aligned(lines, right=(2, 3, *range(4, 4 + more), 5 + more), elastic=(6 + more,), width=width)
