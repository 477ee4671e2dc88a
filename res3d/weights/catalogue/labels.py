"""The classes of published data sets in the order of their checkpoints' outputs, with fingerprints.

A fingerprint is that of the list as it is published, so that a file of yours can be compared. From mmaction2
(Apache-2.0), whose Kinetics-400 is that of every source read here, and from torchvision (BSD-3-Clause);
Charades' by its ids, c000 first.
"""

import dataclasses
import functools
import hashlib
import pathlib

TEXTS = pathlib.Path(__file__).with_name("labels")


@dataclasses.dataclass(frozen=True)
class LabelList:
    """A list of classes: how many, and the first 16 figures of the SHA-256 of its lines."""

    count: int
    fingerprint: str


LISTS = {
    "kinetics400": LabelList(400, "e9f2806fe9109b85"),
    "kinetics600": LabelList(600, "8dfca4202520ea82"),
    "kinetics700": LabelList(700, "2f265d35aa760602"),
    "kinetics710": LabelList(710, "a853307b4880565c"),
    "ssv2": LabelList(174, "c9c5a86ece619e1a"),
    "ssv1": LabelList(174, "5465813d437e762c"),
    "hmdb51": LabelList(51, "c24c56a7af6f3ea5"),
    "ucf101": LabelList(101, "fabeefc51625dad8"),
    "diving48": LabelList(48, "7832becc4d932602"),
    "moments": LabelList(339, "119e2be7d59e0bc3"),
    "multi_moments": LabelList(313, "95a2e27c638a1c5a"),
    "jester": LabelList(27, "e276b0171b36ef05"),
    "gym99": LabelList(99, "307861ed4285f6c3"),
    "activitynet": LabelList(200, "a179ec576b1b7b62"),
    "charades": LabelList(157, "fa3f4769a1758a4d"),
    "imagenet1k": LabelList(1000, "ee4fa67b1dd46919"),
}


@functools.cache
def names_of(name: str) -> tuple[str, ...] | None:
    """The classes of a list in order, or None for the name of none.

    A name that an earlier class has too, as one of GYM99, is followed by the id: nothing could tell the two apart.

    Args:
        name: str. Of a published data set, such as "kinetics400".

    >>> names_of("kinetics400")[0], len(names_of("kinetics400"))
    ('abseiling', 400)
    >>> names_of("gym99")[58], names_of("gym99")[70]
    ('(BB) salto backward tucked', '(BB) salto backward tucked (class 70)')
    """
    if name not in LISTS:
        return None
    names = published_names(name)
    return tuple(f"{label} (class {i})" if label in names[:i] else label for i, label in enumerate(names))


def published_names(name):
    """The classes of a list as they are published, in order."""
    return tuple((TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines())


def fingerprint(names):
    """The first 16 figures of the SHA-256 of names, one a line, each line ended.

    >>> fingerprint(names_of("kinetics400"))
    'e9f2806fe9109b85'
    """
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()[:16]
