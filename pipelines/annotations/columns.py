"""What the columns of a table of videos are called, and what is to be said of those that nobody knows."""

import collections
import re

from absl import logging

from pipelines.storage.addresses import shown

NAMES = {  # what a column holds: names for it, best first
    "path": ("path", "filename", "file_name", "file", "filepath", "file_path", "video_path", "video", "video_file",
             "video_name", "videoname"),
    "label": ("label", "labels", "class", "class_name", "classname", "label_name", "category", "action", "activity"),
    "start": ("start", "time_start", "start_time", "segment_start", "start_seconds", "start_second", "start_sec",
              "start_s", "t_start"),
    "end": ("end", "time_end", "end_time", "segment_end", "end_seconds", "end_second", "end_sec", "end_s", "t_end"),
    "split": ("split", "subset"),
    "num_frames": ("num_frames",),
    "first_frame": ("first_frame",),
    "group": ("group",),
    "weight": ("weight", "sample_weight"),
    "subject": ("subject",),
    "annotator": ("annotator",),
    "score": ("score",),
}
MOST_SHOWN = 20  # names in one message
SEVERAL = "labels"  # the one name that says that a clip may have several
_PART = re.compile(r"(^|_)(start|end|stop|begin|onset|offset|until|segment)(_|$)|"
                   r"(^|_)(first|last|from|to)_?(frame|time|second|sec|ms|s)(s?)(_|$)|^(from|to|first|last|t_?[01])$")
_LENGTH = re.compile(r"(^|_)(duration|length)(_|$)")  # of the part, where a start and no end is told; else of the video


def places(header, path, also=()):
    """{what a column holds: its place} for a header, a list of names.

    Columns that are not known are said in a warning; those that look as if they told a part of a video are refused,
    because without them another part would be taken.

    Args:
        header: list of str.
        path: str. The file, for messages.
        also: names of columns that are used in another way.

    Raises:
        ValueError: for a name that is there twice, two names for one thing, or a part told in an unknown way.

    >>> places(["Video", "class", "time_start", "time_end"], "a.csv")
    {'path': 0, 'label': 1, 'start': 2, 'end': 3}
    """
    names = [plain_column(name) for name in header]
    twice = sorted(name for name, count in collections.Counter(names).items() if name and count > 1)
    if twice:
        raise ValueError(f"Expected every column once in '{shown(path)}'. Received twice: {some(twice)}. Rename "
                         "or remove one.")
    found = {}
    for kind, known in NAMES.items():
        there = [name for name in known if name in names]
        if there:
            found[kind] = names.index(there[0])
    used = {names[place] for place in found.values()} | set(also)
    _report([name for name in names if name and name not in used], found, names, path)
    return found


def some(names):
    """Names for a message, the first of them where there are many.

    >>> some(["a", "b"]), some(["a"] * 30)[-16:]
    ('a, b', 'a, a and 10 more')
    """
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more


def knows(header):
    """Whether a header has a column of paths and one of labels."""
    names = set(map(plain_column, header))
    return all(names & set(NAMES[kind]) for kind in ("path", "label"))


def plain_column(name):
    """The name of a column for comparison.

    >>> plain_column(" Start Time"), plain_column("StartTime"), plain_column("start (s)")
    ('start_time', 'start_time', 'start_s')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name.strip()).casefold()
    return re.sub(r"[\s()\[\]-]+", "_", words).rstrip("_")


def _report(unknown, found, names, path):
    timed = {"start", "end"} <= set(found)
    begun = "start" in found
    parts = [] if timed else [name for name in unknown if _PART.search(name) or (begun and _LENGTH.search(name))]
    rivals = [name for name in unknown for kind in ("start", "end", "label") if name in NAMES[kind]]
    columns = "path, label, start, end (seconds), split, num_frames, first_frame, group, weight"
    if parts:
        raise ValueError(f"Expected columns of {columns} in '{shown(path)}'. Received {some(parts)}, which may "
                         "tell a part of a video in a way that is not known. Give it in seconds as `start` and `end`, "
                         "in folders of frames as `first_frame` and `num_frames`, or remove the columns.")
    if rivals:
        one = next(kind for kind in ("start", "end", "label") if rivals[0] in NAMES[kind])
        raise ValueError(f"Expected one column of `{one}` in '{shown(path)}'. Received {names[found[one]]} and "
                         f"{rivals[0]}. Remove or rename one.")
    if unknown:
        logging.warning("'%s' has columns that are not known and not used: %s (known are %s)", shown(path),
                        some(unknown), columns)
