"""Videos that a split, or a hold-out by groups, would tear apart though they show the same."""

import itertools

from pipelines.doctor.reported import counted, reported
from pipelines.grouping.groups import groups_of
from pipelines.leaks.looking import alike_rows, described, part_of
from pipelines.leaks.matching import SAME_BACKGROUND, SAME_MOMENTS
from pipelines.storage.addresses import shown

MOST = 20_000  # videos, up to which they are looked at: their pictures take a gigabyte
ADVICE = {
    SAME_MOMENTS: "They are pieces or copies of one recording: a score on them says little. Put them on one side, and "
                  "give them one name in a column `group`.",
    SAME_BACKGROUND: "The place is known before the action is seen. Put what was filmed in one place on one side, or "
                     "read the score without them.",
}


def sides_of(manifest, group=None):
    """("splits" or "groups", a side an entry): what must not share a recording."""
    splits = [entry.split for entry in manifest]
    if len(set(splits) - {None}) > 1:
        return "splits", [split or "no split" for split in splits]
    return "groups", list(groups_of(manifest, group).names)


def worth_looking(manifest, group=None):
    """Whether there are sides to compare, and not too many videos."""
    return len(set(sides_of(manifest, group)[1])) > 1 and len({entry.path for entry in manifest}) <= MOST


def alike(manifest, found, group=None):
    """(rows, warnings) of videos on different sides that show the same.

    Args:
        manifest: `Manifest`.
        found: dicts of what was found of each path, with its `signature`.
        group: as `groups_of` takes it.
    """
    good = {video["path"]: video for video in found if "reason" not in video}
    entries = [entry for entry in manifest if entry.path in good]
    what, sides = sides_of(manifest, group)
    sides = [side for side, entry in zip(sides, manifest) if entry.path in good]
    if len({entry.path for entry in manifest}) > MOST:
        return [], [reported("not looked for", f"videos that show the same were not looked for: there are over {MOST}",
                             "Check a part of them.", [])]
    signatures = [_signature(entry, good[entry.path]) for entry in entries]
    rows, left = alike_rows([entry.path for entry in entries], sides, signatures, _copies(entries, good))
    warnings = []
    for kind in (SAME_MOMENTS, SAME_BACKGROUND):
        mine = [row for row in rows if row["kind"] == kind]
        if mine:
            paths = sorted({path for row in mine for path in (row["first"], row["second"])})
            show = counted(len(paths), "video shows", "videos show")
            warnings.append(reported(f"{kind} in several {what}", f"{show} the {kind} as one of another of the {what}",
                                     ADVICE[kind], paths, map(described, mine)))
    if left:
        alike = "of videos that may show the same"
        warnings.append(reported("not looked for", counted(left, f"pair {alike} was not looked at",
                                                           f"pairs {alike} were not looked at"),
                                 "Look at those above first, and check again.", []))
    return [row | {"first": shown(row["first"]), "second": shown(row["second"])} for row in rows], warnings


def _signature(entry, video):
    seen = video.get("signature")
    return seen if seen is None or entry.num_frames is not None else part_of(seen, entry.start, entry.end)


def _copies(entries, good):
    """Pairs of paths of equal content, which are told as duplicates."""
    same: dict = {}
    for path in {entry.path for entry in entries}:
        same.setdefault(good[path]["hash"], []).append(path)
    for paths in same.values():
        yield from itertools.combinations(paths, 2)
