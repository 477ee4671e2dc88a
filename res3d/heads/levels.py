"""Feature maps in order of their size, and the way back up."""

import itertools
import re

from keras import ops


def fine_to_coarse(features: dict) -> list:
    """The maps of `build(..., features=True)` as a list, each smaller than the one before.

    Of several maps of one size the deepest is kept: `stage1` rather than a stem without a pool.

    Args:
        features: {"stem": ..., "stage1": ..., ...} of tensors `(batch, *sizes, channels)`.

    Raises:
        ValueError: for what is no such dict, maps of two pathways, or of unknown size.

    >>> [tuple(x.shape) for x in fine_to_coarse({"stage1": ops.zeros((1, 8, 8, 4)), "stem": ops.zeros((1, 8, 8, 2))})]
    [(1, 8, 8, 4)]
    """
    if not isinstance(features, dict):
        raise ValueError("A head takes a dict of maps, {'stem': ..., 'stage1': ...}. Received: "
                         f"{type(features).__name__} of shape {getattr(features, 'shape', None)}. "
                         "Build the network with features=True.")
    if any(not re.fullmatch(r"stem|stage\d+", name) for name in features):
        raise ValueError("A head takes the maps of one pathway, named stem, stage1, stage2 ... Received: "
                         f"{', '.join(features)}. Pass a dict of one pathway's maps under these names.")
    ordered = sorted(features, key=lambda name: int(name.removeprefix("stage")) if name != "stem" else 0)
    kept = {tuple(features[name].shape[1:-1]): features[name] for name in ordered}  # a later map of a size replaces
    maps = list(kept.values())
    check_levels([x.shape for x in maps], "fine_to_coarse")
    return maps


def check_levels(shapes, owner, at_least=1):
    """The rank of shapes that are of one rank and known size, each smaller than the one before; refuses others."""
    if isinstance(shapes, dict) or any(shape is None or isinstance(shape, int) for shape in shapes):
        raise ValueError(f"{owner} takes a list of maps from fine to coarse. Received: {shapes}. "
                         "fine_to_coarse(features) makes the list of what build(..., features=True) gives.")
    shapes = [tuple(shape) for shape in shapes]
    ranks = {len(shape) - 2 for shape in shapes}
    known = all(size is not None for shape in shapes for size in shape[1:])
    falling = known and len(ranks) == 1 and all(
        coarse[1:-1] != fine[1:-1] and all(c <= f for c, f in zip(coarse[1:-1], fine[1:-1]))
        for fine, coarse in itertools.pairwise(shapes))
    if not falling or len(shapes) < at_least or not ranks <= {1, 2, 3}:
        raise ValueError(f"{owner} takes {at_least} or more maps (batch, *sizes, channels) of one rank and known "
                         f"sizes, each smaller than the one before. Received: {shapes}. Build the network on a known "
                         "size; fine_to_coarse(features) orders its maps.")
    return ranks.pop()


def enlarge(x, sizes):
    """Repeats each position of `x` so that its axes have `sizes`; a factor need not be the same on all axes.

    An axis of 8 that came from 15 by a stride of 2 is repeated to 16 and cut.

    >>> enlarge(ops.reshape(ops.arange(2.0), (1, 2, 1)), (3,))[0, :, 0].numpy().tolist()
    [0.0, 0.0, 1.0]
    """
    for axis, (size, target) in enumerate(zip(x.shape[1:-1], sizes), start=1):
        if size != target:
            x = ops.repeat(x, -(-target // size), axis=axis)
            x = x[(*[slice(None)] * axis, slice(0, target))]
    return x
