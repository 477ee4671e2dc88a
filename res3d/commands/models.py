"""The family of networks: parameters, multiplications, native clip, and what was published about each.

Parameters are the trainable ones with the published number of classes. GMACs count convolutions and dense layers for
one native clip. Names filter by what they contain.
"""

import json

from res3d.networks.variants.table import VARIANTS

EXAMPLE = "res3d models slowfast --json"


def add_flags(parser):
    parser.add_argument("names", nargs="*", help="only networks whose name contains one of these")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")


def run(args):
    rows = [describe(name) for name in VARIANTS if not args.names or any(part in name for part in args.names)]
    if not rows:
        raise ValueError(f"Names must be part of a network's name. Received: {' '.join(args.names)}. "
                         "`res3d models` alone lists all.")
    print(json.dumps(rows, indent=2) if args.json else table(rows))


def describe(name):
    """A row of the family as JSON-ready values."""
    row = VARIANTS[name]
    return {"name": name, "rank": row.network.rank, "parameters": row.params, "classes": row.classes,
            "gmacs": row.gmacs, "clip": row.native_clip.to_dict(), "top1": row.top1, "protocol": row.protocol,
            "source": row.source}


def table(rows):
    """The rows as text, one network a line, columns aligned."""
    lines = [("name", "rank", "parameters", "GMACs", "clip", "top-1", "source: protocol")]
    for row in rows:
        clip = row["clip"]
        size = f"{clip['frames']}x{clip['stride']} {clip['height']}x{clip['width']}"
        top1 = "" if row["top1"] is None else f"{row['top1']:.2f}"
        note = f"{row['source']}: {row['protocol']}" if row["protocol"] else row["source"]
        lines.append((row["name"], str(row["rank"]), f"{row['parameters']:,}", f"{row['gmacs']:.3f}", size, top1, note))
    widths = [max(map(len, column)) for column in zip(*lines)]
    right = (2, 3, 5)
    return "\n".join("  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)
