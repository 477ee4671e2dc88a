"""What the network should say of each video."""

import numpy as np

from pipelines.storage import addresses


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
