"""A batch that fits into the memory that is free, found before anything is measured."""

import math


def fitted(case, recipe):
    """(fields of `recipe` with which a step fits: fewer clips, and as many an update; the `Room` that says so).

    Args:
        case: `Case`.
        recipe: `Recipe`.

    Returns:
        {dotted field: value} and `Room` or None; no fields where the batch fits, the user has set it, or nothing is
        known of memory.
    """
    if case.settled("data.batch_size") or recipe.cycles is not None:
        return {}, None
    room, asked = case.room(recipe), recipe.data.batch_size
    if room is None or room.fits >= asked:
        return {}, room
    clips = max(room.fits, 1)
    updates = recipe.optimizer.accumulate * math.ceil(asked / clips)
    return {"data.batch_size": clips, "optimizer.accumulate": updates}, room
