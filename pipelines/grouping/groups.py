"""Which videos show the same person, recording or place, and so say nothing new about each other.

A network that has seen one clip of a recording knows its scene, its light and its people; a figure on another clip of
it is a figure about memory. What belongs together is told by a column of the manifest, by a pattern for names, by the
names of well-known data sets, by folders, or by videos that several rows cut parts from.
"""

import collections
import dataclasses
import os
import re
from collections.abc import Callable

from pipelines.annotations.entries import Entry, Manifest
from pipelines.storage.addresses import file_name, parent, shown

FOLDER = "folder"
KNOWN = {  # data set: what its file names tell, as a pattern whose first group is the recording or the person
    "UCF101": r"(v_[A-Za-z]+_g\d\d)_c\d\d",
    "HMDB51": r"(.+)_[fhlu]_(?:cm|nm)_np\d+_(?:ba|fr|le|ri)_(?:bad|goo|med)_\d+",
    "KTH": r"(person\d\d)_[a-z]+_d\d(?:_uncomp)?",
    "NTU RGB+D": r"S\d{3}C\d{3}(P\d{3})R\d{3}A\d{3}(?:_rgb)?",
    "Kinetics": r"([\w-]{11})_\d{6}_\d{6}",
}


@dataclasses.dataclass(frozen=True)
class Groups:
    """The group of each entry of a manifest.

    Attributes:
        names: tuple of str, one an entry; equal names belong together.
        source: str. What told them: "column", "pattern", the name of a known data set, "folder", or "videos", where
            nothing did and each video is a group of its own with all parts that rows cut from it.
    """

    names: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(set(self.names))

    def members(self) -> dict[str, list[int]]:
        """{group: places of its entries}, in the order of the manifest."""
        found = collections.defaultdict(list)
        for place, name in enumerate(self.names):
            found[name].append(place)
        return dict(found)


def groups_of(manifest: Manifest, pattern: str | None = None) -> Groups:
    """The groups of a manifest's entries.

    Args:
        manifest: `Manifest`.
        pattern: None to find out; "folder" for the folder that holds a video; or a regular expression that is searched
            in the path of a video, whose first group, or else whole match, is the group's name.

    Returns:
        `Groups`. Entries that nothing tells of are groups of their own.

    Raises:
        ValueError: for a pattern that is none, or that no name matches.

    >>> manifest = Manifest([Entry(f"v_Run_g0{g}_c0{c}.avi", (0,)) for g in (1, 2) for c in (1, 2)], ["Run"])
    >>> groups_of(manifest)
    Groups(names=('v_Run_g01', 'v_Run_g01', 'v_Run_g02', 'v_Run_g02'), source='UCF101')
    """
    if pattern == FOLDER:
        return _named(manifest, lambda entry: parent(entry.path), FOLDER)
    if pattern is not None:
        return _by_pattern(manifest, pattern)
    if any(entry.group is not None for entry in manifest):
        return _named(manifest, lambda entry: entry.group, "column")
    for name, known in KNOWN.items():
        found = [re.fullmatch(known, _stem(entry.path)) for entry in manifest]
        if found and all(found):
            return Groups(tuple(_without_label(match[1], entry, manifest)
                                for match, entry in zip(found, manifest) if match), name)
    if len(manifest) and all(_below_its_class(entry, manifest) for entry in manifest):
        return _named(manifest, lambda entry: parent(entry.path), FOLDER)
    return _named(manifest, lambda entry: None, "videos")


def _by_pattern(manifest, pattern):
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"A pattern of groups must be a regular expression, such as 'v_.*_(g[0-9]+)_'. Received: "
                         f"{pattern!r}: {error}.") from None
    found = [rule.search(entry.path) for entry in manifest]
    lacking = [entry.path for entry, match in zip(manifest, found) if match is None]
    if found and len(lacking) == len(found):
        raise ValueError(f"A pattern of groups must match the names of videos. Received: {pattern!r}, which matches "
                         f"none of {len(found)}, such as '{shown(lacking[0])}'. Correct it.")
    if lacking:
        raise ValueError(f"A pattern of groups must match every name. Received: {pattern!r}, which does not match "
                         f"{len(lacking)} of {len(found)}, such as '{shown(lacking[0])}'. Widen it, or give the groups "
                         "in a column `group`.")
    names = iter([match[1] if rule.groups else match[0] for match in found])
    return _named(manifest, lambda entry: next(names), "pattern")


def _named(manifest: Manifest, name_of: Callable[[Entry], str | None], source: str) -> Groups:
    """Groups by `name_of`; where that is None, a video, with all its parts, is one."""
    return Groups(tuple(name_of(entry) or entry.path for entry in manifest), source)


def _without_label(name, entry, manifest):
    """HMDB51 names a film and then the action: the film alone is what classes may share."""
    for label in entry.labels:
        ending = "_" + re.sub(r"\W+", "_", manifest.labels[label])
        if name.casefold().endswith(ending.casefold()):
            return name[:-len(ending)]
    return name


def _below_its_class(entry, manifest):
    """Whether a video lies in a folder of its class's folder: CLASS/PERSON/video."""
    folder = parent(entry.path)
    labels = {manifest.labels[label] for label in entry.labels}
    return file_name(parent(folder)) in labels and file_name(folder) not in labels


def _stem(path):
    return os.path.splitext(file_name(path))[0]
