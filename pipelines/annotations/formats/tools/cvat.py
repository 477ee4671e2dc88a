"""CVAT for video 1.1 (and for images, where tags follow one another): tracks, whose presence is a span.

CVAT has no labels of intervals. So a track is a span from its first box to the last, or until it is `outside`; an
attribute called `action`, `activity`, `behavior`, `behaviour` or `state` is its label, and a span ends where that
changes; else the track's own label is. The numbers of frames are the video's, also where a task starts late or steps
over frames, and count as they decode; `rate` turns them into seconds, else the video's own times do.
"""

import math
import re

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.markup import read_xml, root_of
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import held_in
from pipelines.annotations.times import frame
from pipelines.storage.addresses import parent

ACTIONS = ("action", "activity", "behavior", "behaviour", "state")
NOTHING = ("", "none", "__undefined__")
SHAPE = "a track with a label, and shapes with `frame` and `outside`,"


def knows(path):
    """An XML file of `annotations` with `track` or `image`."""
    return root_of(path, (".xml",)) == "annotations"


def read(path, options):
    """A `Table` of the spans of all tracks, and of the tags of images in a row."""
    root, table = read_xml(path), Table([], folder=parent(path))
    if root.tag != "annotations":
        raise ValueError(f"Expected `annotations` in '{path}'. It holds {held_in(path)}. Export as CVAT for video 1.1, "
                         "or name another format.")
    meta = root.find("meta")
    place = next((text_of(meta.findtext(name)) for name in ("source", "task/source", "job/source", "task/name")
                  if text_of(meta.findtext(name))), None) if meta is not None else None
    if place is None:
        raise ValueError(f"Expected the video in `meta/source`, or the task's name, in '{path}'. It has neither. "
                         "Export the task as CVAT for video 1.1.")
    names, step = names_of(place), _step(meta)
    make = careful(lambda track: _track(track, names, step), SHAPE, path)
    for rows in kept(make, root.findall("track"), options, table.missing, lambda track: f"track {track.get('id')}"):
        table.rows += rows
    seen = careful(_seen, "an image with `id` and tags", path)
    table.rows += _runs(kept(seen, root.findall("image"), options, table.missing,
                             lambda image: f"image {image.get('id')}"), names, step)
    refused = bool(table.missing)
    shapes = sum(child.tag != "tag" for image in root.findall("image") for child in image)
    if shapes:
        table.missing += [Missing(names[0], "a shape in a picture, which is no label in time")] * shapes
    if not table.rows and not refused:
        table.empty.append(names)
    return table


def _step(meta):
    """Frames from one to the next that the task shows."""
    told = next((found.text or "" for found in meta.iter("frame_filter")), "")
    found = re.search(r"step\s*=\s*(\d+)", told)
    return max(int(found[1]), 1) if found else 1


def _track(track, names, step):
    """The spans of a track: one for each time that it is there with one label."""
    label, subject = text_of(track.get("label")), text_of(track.get("id"))
    checked(label, "a label", track.attrib)
    own = _action(track)
    shapes = sorted(track, key=lambda shape: frame(shape.get("frame", math.nan)) if shape.tag != "attribute" else -1)
    rows, begun, last = [], None, None
    for shape in (shape for shape in shapes if shape.tag != "attribute"):
        at, gone = frame(shape.get("frame")), shape.get("outside") == "1"
        action = _action(shape)
        now = None if gone else action if action is not None else own if own is not None else label
        if begun and now != begun[1]:
            rows.append((begun, at))
            begun = None
        if begun is None and now and now.lower() not in NOTHING:
            begun = at, now
        last = at
    if begun:
        rows.append((begun, last + step))
    return [Row(names, (name,), start, end, subject=subject, frames=True) for (start, name), end in rows]


def _action(element):
    """The value of the attribute that names what is done, or None where there is none."""
    return next(((found.text or "").strip() for found in element.findall("attribute")
                 if (found.get("name") or "").strip().lower() in ACTIONS), None)


def _seen(image):
    """(number of a frame, its tags)."""
    return frame(image.get("id")), {text_of(tag.get("label")) for tag in image.findall("tag")} - {None}


def _runs(images, names, step):
    """A span for each run of images with the same tag."""
    rows, begun = [], {}
    for at, tags in sorted(images, key=lambda image: image[0]):
        for tag in tags:
            first, last = begun.get(tag, (at, at))
            if at > last + step:
                rows.append((tag, first, last))
                first = at
            begun[tag] = first, at
    rows += [(tag, first, last) for tag, (first, last) in begun.items()]
    return [Row(names, (tag,), first, last + step, frames=True) for tag, first, last in sorted(
        rows, key=lambda row: (row[1], row[0]))]
