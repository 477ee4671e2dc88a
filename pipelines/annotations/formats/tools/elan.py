"""ELAN's `.eaf`: tiers of annotations between time slots, in milliseconds of the first video.

The value of an annotation is its label, or, where it is empty, the name of its tier. An annotation that refers to
another has that one's times. A slot without a time lies evenly between its neighbours that have one. A tier's
participant is the subject. `TIME_ORIGIN` is where in the video the time 0 lies.
"""

import bisect
import re
import urllib.parse

from pipelines.annotations.entries import Missing
from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.markup import read_xml, root_of
from pipelines.annotations.table import Row, Table, kept
from pipelines.annotations.text import held_in
from pipelines.annotations.times import number
from pipelines.storage.addresses import parent

SHAPE = "an annotation between two time slots of the file, or one that refers to such"


def knows(path):
    """An XML file of an ANNOTATION_DOCUMENT."""
    return root_of(path, (".eaf", ".xml")) == "ANNOTATION_DOCUMENT"


def read(path, options):
    """A `Table` of the annotations of all tiers."""
    root, table = read_xml(path), Table([], folder=parent(path))
    header = root.find("HEADER")
    if root.tag != "ANNOTATION_DOCUMENT" or header is None:
        raise ValueError(f"Expected an ANNOTATION_DOCUMENT with a HEADER in '{path}'. It holds {held_in(path)}. Save "
                         "it with ELAN, or name another format.")
    names, origin = careful(lambda item: _media(item, table.missing), "a header with its media", path)(header)
    slots = _slots(root)
    parents = {found.get("ANNOTATION_ID"): found for found in root.iter() if found.get("ANNOTATION_ID")}

    def make(item):
        tier, annotation = item
        start, end = _times(annotation, slots, parents)
        shift = -min(start + origin, 0.0)  # what begins before the video begins with it
        label = text_of(annotation.findtext("ANNOTATION_VALUE")) or text_of(tier.get("TIER_ID"))
        checked(label, "an annotation with a value, or a tier with a name", annotation.attrib)
        return Row(names, (label,), start + origin + shift, max(end + origin, 0.0), subject=text_of(
            tier.get("PARTICIPANT")), annotator=text_of(tier.get("ANNOTATOR")))

    items = [(tier, annotation) for tier in root.iter("TIER") for annotation in tier.findall("ANNOTATION/*")]
    table.rows = list(kept(careful(make, SHAPE, path), items, options, table.missing,
                           lambda item: str(item[1].get("ANNOTATION_ID"))))
    return table


def _media(header, missing):
    """(names of the first video, or first file; seconds of its origin)."""
    media = header.findall("MEDIA_DESCRIPTOR")
    checked(media, "a MEDIA_DESCRIPTOR in the header", header.attrib)
    chosen = next((found for found in media if (found.get("MIME_TYPE") or "").startswith("video")), media[0])
    places = [re.sub(r"^file:(?!//)", "", place) for place in map(chosen.get, ("RELATIVE_MEDIA_URL", "MEDIA_URL"))
              if place]
    names = [name for place in places for name in (*names_of(urllib.parse.unquote(place)), *names_of(place))]
    checked(names, "a MEDIA_URL", chosen.attrib)
    for other in media:
        if other is not chosen:
            place = other.get("RELATIVE_MEDIA_URL") or other.get("MEDIA_URL") or "a medium"
            missing.append(Missing(place, "another medium of the same annotations; those of the first video are read"))
    origin = number(chosen.get("TIME_ORIGIN") or 0) / 1000.0
    checked(abs(origin) < 1e9, "a TIME_ORIGIN in milliseconds", chosen.attrib)
    return tuple(dict.fromkeys(names)), origin


def _slots(root):
    """{id: seconds}; slots without a time get one between their neighbours', or that of the only one."""
    slots = root.findall("TIME_ORDER/TIME_SLOT")
    times = [number(slot.get("TIME_VALUE")) / 1000.0 for slot in slots]
    known = [index for index, time in enumerate(times) if 0 <= time < 1e9]
    found = {}
    for index, slot in enumerate(slots):
        place = bisect.bisect_left(known, index)
        after = known[place] if place < len(known) else None
        before = index if after == index else known[place - 1] if place else None
        if before is None or after is None:
            time = times[before if after is None else after] if known else None
        else:
            share = (index - before) / (after - before) if after > before else 0.0
            time = times[before] + share * (times[after] - times[before])
        found[slot.get("TIME_SLOT_ID")] = time
    return found


def _times(annotation, slots, parents):
    """(start, end) in seconds of an annotation, or of the one that it refers to in the end."""
    for _ in range(len(parents) + 1):
        if annotation.tag == "ALIGNABLE_ANNOTATION":
            start, end = slots[annotation.get("TIME_SLOT_REF1")], slots[annotation.get("TIME_SLOT_REF2")]
            checked(start is not None and start <= end, "slots of start <= end", annotation.attrib)
            return start, end
        annotation = parents[annotation.get("ANNOTATION_REF")]
    raise ValueError(f"Expected an annotation that refers to one with times. Received: {annotation.attrib}.")
