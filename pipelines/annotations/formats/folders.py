"""A folder per class: `CLASS/video`, or `SPLIT/CLASS/video` below the parent of the splits.

Sub-folders of a class are searched too; one that holds only images is one video of extracted frames.
"""

import itertools
import os

from absl import logging

from pipelines.annotations import files
from pipelines.annotations.entries import SPLIT_NAMES, canonical_split
from pipelines.annotations.labels import sort_labels
from pipelines.annotations.table import Row, Table
from pipelines.storage.addresses import join, shown
from pipelines.storage.folders import is_folder


def knows(path):
    """Any folder may be one of classes."""
    return is_folder(path)


def read(path, options):
    """A `Table` of the files found. Raises ValueError for an empty folder, loose files or a class without files."""
    rows, loose, empty, inside = [], [], [], {}
    for split, parent in split_folders(path) or [(None, path)]:
        folders, loose_files = files.list_folder(parent)
        rest = [(join(parent, name), None) for name in loose_files if files.may_be_video(name)]
        for name in folders:
            folder = join(parent, name)
            videos = list(files.walk(folder))
            if videos and videos[0][0] == folder:  # frames of one video, not a class
                rest += videos
            elif videos:
                rows += [Row((video,), (name,), split=split, num_frames=frames) for video, frames in videos]
                below = (video.removeprefix(join(folder, "")).split("/") for video, _ in videos)
                inside.setdefault(name, set()).update(tuple(parts[:-1]) for parts in below)
            else:
                empty.append(folder)
        if split == "test" or not options.strict:  # test videos come without labels
            rows += [Row((video,), split=split, num_frames=frames) for video, frames in rest]
        else:
            loose += [video for video, _ in rest]
    _check(path, rows, loose, empty, options.strict)
    _look_inside(path, inside)
    names = {name for row in rows for name in row.labels} | set(map(os.path.basename, empty))
    return Table(rows, sort_labels(names), path, complete=True)


def _check(path, rows, loose, empty, strict):
    if not rows and not loose:
        raise ValueError(f"Expected a folder per class with videos in it. '{path}' is empty or holds no videos. Put "
                         "each video into a folder named after its class, or pass a CSV manifest `path,label`.")
    if not rows:
        raise ValueError(f"Expected a folder per class in '{path}'. Received {len(loose)} videos without a class, such "
                         f"as '{loose[0]}'. Move each into a folder named after its class, or pass a CSV manifest.")
    if empty and strict:
        named = ", ".join(f"'{folder}'" for folder in empty[:5]) + (", ..." if len(empty) > 5 else "")
        raise ValueError(f"Expected videos in every class folder. {len(empty)} hold none: {named}. Add videos, or "
                         "remove the folder.")


def _look_inside(path, inside):
    """Warns of what is read as one class and may be more: the folder above the classes, or splits inside them.

    Args:
        path: str. The folder of classes.
        inside: {class: folders in it that videos lie in, as tuples of names, () for itself}.
    """
    first = {label: {folder[0] if folder else "" for folder in folders} for label, folders in inside.items()}
    above = _above_classes(inside)
    if above:
        logging.warning("'%s' holds one folder, '%s', which is read as one class. If the %d folders in it are the "
                        "classes, pass '%s'", shown(path), above[0][0], above[1], shown(join(path, *above[0])))
    elif any(name.casefold() in SPLIT_NAMES for names in first.values() for name in names):
        logging.warning("class folders of '%s' hold folders named like splits, which are read as parts of the class. "
                        "Splits are told by SPLIT/CLASS/video, or by a column `split` of a CSV manifest", shown(path))
    elif _repeats(list(first.values())):
        logging.warning("each of the %d folders of '%s', which are read as classes, holds folders of the same names, "
                        "such as '%s'. If those are the classes, pass one of the %d, or write a CSV manifest",
                        len(first), shown(path), min(first[min(first)]), len(first))


def _above_classes(inside):
    """(names of the folders down to the one that may hold the classes, how many it holds), or None.

    >>> _above_classes({"ucf": {("videos", "run"), ("videos", "jump", "far")}})
    (('ucf', 'videos'), 2)
    >>> _above_classes({"run": {("ann",)}})
    """
    if len(inside) != 1:
        return None
    (label, folders), = inside.items()
    ends = zip(min(folders), max(folders), strict=False)
    shared = tuple(name for name, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
    if shared in folders:
        return None
    return (label, *shared), len({folder[len(shared)] for folder in folders})


def _repeats(names):
    """Whether several folders all hold the same folders and nothing else."""
    return len(names) > 1 and len(names[0]) > 1 and "" not in names[0] and all(found == names[0] for found in names)


def split_folders(path):
    """[(split, folder)] if `path` is the parent of split folders, else [].

    It is if folders named after splits are all that holds videos there, and one of them holds class folders.
    """
    folders = files.list_folder(path)[0]
    splits = [name for name in folders if name.casefold() in SPLIT_NAMES]
    others = [name for name in folders if name not in splits]
    parents = {name: join(path, name) for name in splits}
    if not any(_holds_classes(parent) for parent in parents.values()):
        return []
    if any(next(files.walk(join(path, name)), None) for name in others):
        return []
    order = list(dict.fromkeys(SPLIT_NAMES.values()))
    return sorted(((canonical_split(name), parent) for name, parent in parents.items()),
                  key=lambda pair: order.index(pair[0]))


def _holds_classes(folder):
    return any(next(files.walk(join(folder, name)), None) for name in files.list_folder(folder)[0])
