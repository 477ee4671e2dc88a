"""Videos that a data set holds several times, and rows that say different things of one part."""

import collections

from pipelines.doctor import parts
from pipelines.doctor.reported import counted, reported

KINDS = (  # (kind, whether paths, splits and labels of one content are of it, words of one, of several, advice)
    ("duplicates across splits", lambda paths, splits, labels: len(splits) > 1, "video is in more than one split",
     "videos are in more than one split",
     "Remove them from all but one: a score on videos trained on says nothing."),
    ("duplicates", lambda paths, splits, labels: len(paths) > 1 and len(splits) <= 1, "video is there several times",
     "videos are there several times", "Keep one copy of each."),
    # Parts of one long video rightly differ in label; copies of one file do not.
    ("contradicting labels", lambda paths, splits, labels: len(paths) > 1 and len(labels) > 1,
     "video carries different labels in different places", "videos carry different labels in different places",
     "Decide for one label, or use a multi-label manifest."),
)


def duplicates(manifest, usable, good, clip):
    """Warnings of files of equal content, `groups` of their paths, and of rows that contradict one another."""
    same = collections.defaultdict(list)
    for entry in usable:
        same[good[entry.path]["hash"]].append(entry)
    facts = [(sorted({entry.path for entry in entries}), {entry.split for entry in entries} - {None},
              {entry.labels for entry in entries}) for entries in same.values()]
    for kind, test, one, many, advice in KINDS:
        groups = [found[0] for found in facts if test(*found)]
        if groups:
            yield reported(kind, counted(len(groups), one, many), advice, None, groups=groups)
    several = [] if manifest.multi_label else parts.contradicting(usable)
    if several:
        what = "rows with different labels for the same part"
        yield reported("contradicting rows", counted(len(several), f"video has {what}", f"videos have {what}"),
                       "Decide for one, or read them with multi_label=True, which joins the rows.", several)
