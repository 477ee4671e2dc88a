"""A batch that fits into the memory that is free, found before anything is measured."""

import math


def fitted(case, recipe):
    """Fields of `recipe` with which a step fits: fewer clips, and as many an update.

    Args:
        case: `Case`.
        recipe: `Recipe`.

    Returns:
        {dotted field: value}; empty where the batch fits, the user has set it, or nothing is known of memory.
    """
    room, asked = case.room(recipe), recipe.data.batch_size
    if room is None or room.fits >= asked or case.settled("data.batch_size") or recipe.cycles is not None:
        return {}
    clips = max(room.fits, 1)
    return {"data.batch_size": clips, "optimizer.accumulate": recipe.optimizer.accumulate * math.ceil(asked / clips)}
