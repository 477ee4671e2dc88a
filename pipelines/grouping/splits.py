"""Parts of a data set that share no group, each class on both sides.

Which groups are held out follows from a hash of their names: a video that is added, renamed or taken away moves its own
group and, at the most, those at the edge; a run that goes on finds its own split again. Classes are served from the
rarest on, as in iterative stratification (Sechidis et al., 2011), which also serves several labels a video.
"""

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from pipelines.annotations.entries import Manifest
from pipelines.grouping.groups import Groups


@dataclasses.dataclass(frozen=True)
class Division:
    """Places of a manifest's entries on two sides that share no group.

    Attributes:
        train: tuple of ints, increasing.
        held: tuple of ints, increasing.
        only_trained: tuple of str. Classes of which nothing could be held out, because one group has all their videos.
    """

    train: tuple[int, ...]
    held: tuple[int, ...]
    only_trained: tuple[str, ...] = ()

    def sides(self, manifest: Manifest) -> tuple[Manifest, Manifest]:
        """(manifest to train on, manifest held out) of what was divided; rows without a file are in both."""
        train, held = (Manifest([manifest.entries[place] for place in places], manifest.labels, manifest.missing,
                                manifest.multi_label) for places in (self.train, self.held))
        return train, held


def hold_out(manifest: Manifest, groups: Groups, fraction: float, seed: int = 0) -> Division:
    """About `fraction` of each class held out, by whole groups; a class of two groups or more is on both sides.

    Args:
        manifest: `Manifest`.
        groups: `Groups` of its entries.
        fraction: float from 0 to below 1. Share of the videos of a class.
        seed: int. Another seed holds out others.

    Returns:
        `Division`.

    Raises:
        ValueError: for a fraction out of range, or one group for all videos.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"A share of videos to hold out lies from 0 to below 1. Received: {fraction}.")
    members = groups.members()
    if not fraction or not len(manifest):
        return Division(tuple(range(len(manifest))), ())
    if len(members) < 2:
        raise ValueError(f"Expected videos of two groups or more, to train on some and hold out others. Received one: "
                         f"'{next(iter(members))}'. Record others, or hold nothing out.")
    counts = _counts(manifest, members)
    order = sorted(members, key=lambda name: _hashed(seed, name))
    held = _choose(counts, order, fraction)
    places = {place for name in held for place in members[name]}
    lonely = [label for i, label in enumerate(manifest.labels) if sum(counts[name][i] > 0 for name in members) == 1]
    return Division(tuple(i for i in range(len(manifest)) if i not in places), tuple(sorted(places)), tuple(lonely))


def folds(manifest: Manifest, groups: Groups, count: int | None, seed: int = 0) -> list[Division]:
    """`count` divisions, in which each group is held out once; None holds out one group at a time.

    Raises:
        ValueError: for fewer than two folds, or fewer groups than folds.
    """
    members = groups.members()
    count = len(members) if count is None else count
    if not isinstance(count, int) or count < 2 or count > len(members):
        raise ValueError(f"Expected from 2 folds to one a group: there are {len(members)} groups, told by "
                         f"{groups.source}. Received: {count}.")
    counts = _counts(manifest, members)
    totals = sum(counts.values())
    sums = np.zeros((count, len(totals)))
    parts: list[set[int]] = [set() for _ in range(count)]
    # Large groups first: they are the hardest to place evenly.
    for name in sorted(members, key=lambda name: (-counts[name].sum(), _hashed(seed, name))):
        lack = (totals / count - sums) / np.maximum(totals, 1)
        fold = int(np.argmax((lack * (counts[name] > 0)).sum(axis=1) - 1e-6 * sums.sum(axis=1)))
        sums[fold] += counts[name]
        parts[fold].update(members[name])
    everything = range(len(manifest))
    return [Division(tuple(i for i in everything if i not in part), tuple(sorted(part)),
                     _lonely(manifest, [i for i in everything if i not in part], part)) for part in parts]


def _choose(counts, order, fraction):
    """Names of the groups to hold out."""
    totals = sum(counts.values())
    wanted = np.where(totals > 0, np.maximum(np.round(fraction * totals), 1), 0)
    have, left = np.zeros_like(totals), sum((count > 0).astype(int) for count in counts.values())
    held = []
    for label in np.argsort(left, kind="stable"):
        for name in order:
            count = counts[name]
            if have[label] >= wanted[label]:
                break
            if name in held or not count[label] or (left[count > 0] < 2).any():
                continue
            if have[label] and have[label] + count[label] > 1.5 * wanted[label]:
                continue
            held.append(name)
            have += count
            left -= count > 0
    return held


def _counts(manifest, members):
    """{group: how many of its videos have each label}; a last column counts those without."""
    found = {}
    for name, places in members.items():
        count = np.zeros(len(manifest.labels) + 1, int)
        for place in places:
            count[list(manifest.entries[place].labels) or [-1]] += 1
        found[name] = count
    return found


def _lonely(manifest, train: Iterable[int], held: Iterable[int]):
    """Classes that one side alone has."""
    sides = [{label for i in side for label in manifest.entries[i].labels} for side in (train, held)]
    return tuple(label for i, label in enumerate(manifest.labels) if i in sides[0] ^ sides[1])


def _hashed(seed, name):
    """Bytes that a seed and a group's name decide; of a path the last two parts, so that data may be moved."""
    tail = "/".join(name.split("/")[-2:])
    return hashlib.sha256(f"{seed}/{tail}".encode(errors="surrogateescape")).digest(), name
