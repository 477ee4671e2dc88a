"""The group `multigrid` of a recipe."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Multigrid:
    """Clips of changing shape in batches of changing size, so that each step costs about the same and there are fewer.

    `long` changes frames and sides from epoch to epoch, one cycle for each stage of decay "step", or a single one and
    then `tuning`, the share of the plain schedule at the full shape. `short` changes the sides from batch to batch. A
    run has `stretch` times `schedule.epochs` epochs. `norm_clips` is how many clips a batch norm takes its moments
    over; null takes all of a batch. With `grow_batch` false all batches have as many clips, whose moments norms take
    together, and coarse ones take less time each: for data sets with some tens of steps an epoch, which cannot spare
    any.
    """

    long: bool = False
    short: bool = False
    stretch: float = 1.5
    tuning: float = 0.18
    norm_clips: int | None = 8
    grow_batch: bool = True
