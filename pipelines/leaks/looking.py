"""Signatures of many videos, and the pairs among them as rows."""

import dataclasses
from concurrent import futures

import numpy as np

from pipelines.leaks.matching import SAME_MOMENTS, find_alike
from pipelines.leaks.signature import Signature, look_at
from pipelines.sample.extents import extent
from pipelines.storage.addresses import shown
from pipelines.video import frame_folder, reading
from pipelines.video.info import VideoError


def look_at_all(entries, workers=None, progress=None):
    """A `Signature` an entry, or None where it cannot be read.

    Args:
        entries: `Entry` objects of videos, of parts of them, or of folders of frames.
        workers: int or None. Videos decoded at once.
        progress: function called without arguments after each, or None.
    """
    def look(entry):
        try:
            is_folder = entry.num_frames is not None
            info = frame_folder.probe(entry.path) if is_folder else reading.probe(entry.path)
            return look_at(entry.path, info, *extent(entry, info), is_folder=is_folder)
        except (VideoError, OSError):
            return None
        finally:
            if progress is not None:
                progress()

    with futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(look, entries))


def part_of(signature, start, end):
    """What a signature has from `start` up to `end`, in seconds, either of which may be None; None if nothing."""
    inside = np.ones(len(signature.times), bool)
    if start is not None:
        inside &= signature.times >= start
    if end is not None:
        inside &= signature.times < end
    return Signature(signature.times[inside], signature.pictures[inside]) if inside.any() else None


def alike_rows(names, sides, signatures, known=()):
    """Pairs of videos on different sides that show the same, ready for JSON and CSV, and how many were left out.

    Args:
        names: str a video.
        sides: a name a video; pairs within a side do not count.
        signatures: `Signature` or None a video.
        known: pairs of names, in either order, not to be told.

    Returns:
        (rows, left out): dicts of `first`, `second`, `kind` ("same moments" or "same background"), `seconds`,
        `offset`, `speed` and `mirrored`, as `Likeness` has them, those of the same moments first.
    """
    there = [place for place, one in enumerate(signatures) if one is not None]
    found, left = find_alike([signatures[place] for place in there], [sides[place] for place in there])
    told = {frozenset(pair) for pair in known}
    rows = []
    for one in found:
        first, second = names[there[one.first]], names[there[one.second]]
        if frozenset((first, second)) not in told:
            rows.append(dataclasses.asdict(one) | {"first": first, "second": second})
    return sorted(rows, key=lambda row: row["kind"] != SAME_MOMENTS), left


def described(row):
    """A row as people read it.

    >>> described({"first": "a.mp4", "second": "b.mp4", "kind": "same moments", "seconds": 5.25, "mirrored": True,
    ...            "offset": 0.0, "speed": 1.0})
    'a.mp4 = b.mp4 (5.2 s, mirrored)'
    """
    pair = f"{shown(row['first'])} = {shown(row['second'])}"
    if row["kind"] != SAME_MOMENTS:
        return pair
    how = [f"{row['seconds']:.1f} s"] + ["mirrored"] * row["mirrored"]
    how += [f"{row['speed']:g} times as fast"] if row["speed"] != 1 else []
    return f"{pair} ({', '.join(how)})"
