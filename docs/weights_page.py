"""The page of published weights: those that have a name here, and those that are not read, with the reason."""

import collections
import csv
import pathlib

UNREAD = pathlib.Path(__file__).with_name("reference") / "weights-not-read.csv"


def unread():
    """Lines of the table of checkpoints that are not read: dicts of `source`, `network`, `tag`, `address`, `reason`."""
    with open(UNREAD, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page(note):
    """The page as Markdown."""
    from res3d.weights.catalogue.table import published

    rows, others = published(), unread()
    lines = [
        note, "# Published weights", "",
        f"{len(rows)} checkpoints have a name, as `res3d weights` prints them; "
        f"{len(others)} more are [known and not read](#not-read). Where several of one network and tag are published, "
        "the first is meant by the tag alone. Figures are those that the publisher states for the protocol beside "
        "them; none is our own measurement. No address was tried when this table was made: a file whose digest is "
        "published is compared with it, and of the others the digest of the first time is remembered.", "",
        "[How they are used](../how-to/import-weights.md).", ""]
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row.network].append(row)
    for network, group in groups.items():
        lines += [f"## {network}", "",
                  "| source/tag | classes | labels | clip | accuracy | protocol | licence | file |",
                  "|---|---:|---|---|---|---|---|---|"]
        lines += [_line(row) for row in group]
        lines.append("")
    lines += ["## Not read", "",
              "Families without a row are not listed: [what does not come along]"
              "(../how-to/from-other-projects.md#what-does-not-come-along) names them.", "",
              "| source | network | trained on | address | why |", "|---|---|---|---|---|"]
    lines += [f"| {row['source']} | `{row['network']}` | {row['tag']} | {_address(row['address'])} | {row['reason']} |"
              for row in others]
    return "\n".join([*lines, ""])


def _line(row):
    clip = row.clip
    frames = f"{clip.frames} parts" if clip.in_segments else f"{clip.frames} × {clip.stride}"
    size = f"{frames}, {clip.height}" + (", BGR" if clip.channel_order == "BGR" else "")
    scores = " / ".join(f"{value:.2f}" for value in (row.top1, row.top5) if value is not None)
    accuracy = f"{row.metric} {scores}" if scores else ""
    labels = row.label_list or "order unknown"
    return (f"| `{row.source}/{row.tag}` | {row.classes:,} | {labels} | {size} | {accuracy} | {row.protocol} | "
            f"{row.licence} | {_address(row.address)} |")


def _address(address):
    name = address.rstrip("/").split("/")[-1].split("?")[0]
    return f"[{name}]({address})" if address.startswith("https://") else f"`{address}`"
