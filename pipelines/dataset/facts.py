"""What training and evaluation clips have in common: checked arguments, and targets."""

import os

import numpy as np

from pipelines.arguments import check_whole_number
from pipelines.storage import addresses

PREFETCHED_BATCHES = 2  # one being handed over, one ready; more costs memory and hides nothing


def labelled(manifest):
    """`manifest`, of which every video has a label; ValueError otherwise."""
    bare = [addresses.shown(entry.path) for entry in manifest if not entry.labels and not manifest.multi_label]
    if bare:
        raise ValueError(f"Expected a label for every video. {len(bare)} have none, the first '{bare[0]}'. Name a "
                         "split that has labels.")
    return manifest


def targets_of(manifest):
    """What the network should say, one row a video: int32 ids, or float32 zeros and ones where there are several."""
    if not manifest.multi_label:
        return np.array([-1 if entry.label is None else entry.label for entry in manifest], np.int32)
    targets = np.zeros((len(manifest), manifest.num_classes), np.float32)
    for row, entry in zip(targets, manifest):
        row[list(entry.labels)] = 1
    return targets


def default_workers():
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_workers(workers):
    """`workers`, None being one a core; ValueError for what is no number of them."""
    if workers is None:
        return default_workers()
    check_whole_number("workers", workers)
    return workers


def too_short(clip, kind, count, path, have):
    """The ValueError for data of which not even the longest is as long as a clip.

    Args:
        clip: `ClipSpec`.
        kind: "video" or "record".
        count: int. How many there are.
        path: str. The longest.
        have: its frames, in words or as an int.
    """
    which = f"'{addresses.shown(path)}'" if kind == "video" else f"that of '{addresses.shown(path)}'"
    if clip.in_segments:
        rate = f" at {clip.fps:g} fps" if clip.fps is not None else ""
        return ValueError(f"Expected a {kind} of at least as many frames{rate} as a clip has parts, {clip.frames}. The "
                          f"longest of {count} is {which} with {have}. Use fewer frames.")
    return ValueError(f"Expected a {kind} at least as long as a clip of {clip.timing}: {clip.span} frames. The longest "
                      f"of {count} is {which} with {have}. Use fewer frames or a smaller stride.")
