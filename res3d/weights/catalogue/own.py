"""Rows that a user adds: the CSV file that `RES3D_CATALOG` names."""

import csv
import functools
import os
import pathlib

from res3d.geometry import preset
from res3d.networks.variants.table import variant
from res3d.weights.catalogue.labels import names_of
from res3d.weights.catalogue.row import Published, changed_clip, number
from res3d.weights.store.digests import kind_of

NEEDED = ("network", "tag", "address", "classes")
OTHERS = ("source", "digest", "labels", "multi_label", "metric", "top1", "top5", "protocol", "clip", "frames", "stride",
          "fps", "size", "resize", "scaling", "channel_order", "sampling", "licence", "megabytes")


def own_rows():
    """The rows of `RES3D_CATALOG`, or none.

    Raises:
        ValueError: for a file that is no such table; the line and what is wrong with it are named.
        OSError: if there is no such file.
    """
    named = os.environ.get("RES3D_CATALOG")
    if not named:
        return ()
    path = pathlib.Path(named).expanduser().absolute()
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _read(path, _changed):
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or ()
        wrong = [name for name in columns if name not in NEEDED + OTHERS]
        lacking = [name for name in NEEDED if name not in columns]
        if wrong or lacking:
            raise ValueError(f"RES3D_CATALOG must name a CSV file with the columns {', '.join(NEEDED)}, and any of "
                             f"{', '.join(OTHERS)}. Received: {path}, which "
                             + (f"lacks {', '.join(lacking)}." if lacking else f"has {', '.join(wrong)}."))
        rows = []
        for fields in reader:
            try:
                rows.append(_row({name: (fields.get(name) or "").strip() for name in NEEDED + OTHERS}, path.parent))
            except (KeyError, ValueError) as error:
                raise ValueError(f"Line {reader.line_num} of RES3D_CATALOG, {path}: {error}") from error
    return tuple(rows)


def _row(fields, folder):
    row = variant(fields["network"])
    address = fields["address"]
    if not address or not fields["tag"] or "/" in fields["tag"]:
        raise ValueError("`address` and `tag` must be given, the tag without a slash. Received: "
                         f"address={address!r}, tag={fields['tag']!r}.")
    if "://" not in address:
        address = (folder / pathlib.Path(address).expanduser()).as_uri()
    if fields["digest"]:
        kind_of(fields["digest"])
    classes = int(fields["classes"])
    clip = (preset(fields["clip"]) if fields["clip"] else row.native_clip).replace(**changed_clip(fields))
    labels = names_of(fields["labels"])
    if fields["labels"] and labels is None:
        text = (folder / pathlib.Path(fields["labels"]).expanduser()).read_text(encoding="utf-8")
        labels = tuple(line.strip() for line in text.splitlines() if line.strip())
    if labels is not None and len(labels) != classes:
        raise ValueError(f"`labels` must name {classes} classes, as `classes` says. Received: {len(labels)} in "
                         f"{fields['labels']!r}.")
    return Published(fields["network"], fields["source"] or "own", fields["tag"], address, classes, clip,
                     fields["digest"], labels, fields["labels"], fields["multi_label"].lower() in ("yes", "true", "1"),
                     fields["metric"], number(fields["top1"]), number(fields["top5"]), fields["protocol"],
                     fields["licence"], number(fields["megabytes"]))
