"""One shape of clips that batches take in turn, and which clips of an epoch fall to it: arithmetic, NumPy alone."""

import dataclasses
from collections.abc import Callable

import numpy as np

from pipelines.dataset.epochs import EpochPlan
from res3d.geometry import ClipSpec


@dataclasses.dataclass(frozen=True)
class Turn:
    """What the batches of one turn are made of.

    Attributes:
        clip: `ClipSpec` of their clips.
        batch_size: int. Clips in a batch, of this host.
        strides: (least, greatest) step between two frames, drawn for each clip; None for that of `clip`.
        augment: None or a function of (clip, seed) for clips of that shape.
    """

    clip: ClipSpec
    batch_size: int
    strides: tuple[int, int] | None = None
    augment: Callable | None = None


class TurnPlan(EpochPlan):
    """The part of an epoch that falls to one turn; all turns together are the epoch of `EpochPlan`, in its order.

    Batch n of an epoch belongs to turn n modulo their number: what is in it is a function of epoch and n.

    Args:
        manifest: `Manifest`.
        sizes: ints. Clips in the batch of each turn.
        turn: int. Which of them this is.
        **options: `seed`, `shard` and `balanced`, as of `EpochPlan`.

    Attributes:
        steps: int. Batches of an epoch, of all turns.

    >>> from pipelines.annotations.entries import Entry, Manifest
    >>> manifest = Manifest([Entry(f"{number}.mp4", (0,)) for number in range(8)], ["a"])
    >>> plans = [TurnPlan(manifest, (3, 1), turn) for turn in (0, 1)]
    >>> plans[0].steps, [plan.rows(epoch=0)["place"].tolist() for plan in plans]
    (4, [[0, 1, 2, 4, 5, 6], [3, 7]])
    """

    def __init__(self, manifest, sizes, turn, **options):
        super().__init__(manifest, sizes[turn], **options)
        self.sizes, self.turn = tuple(sizes), turn
        self.steps = int(self.step_of(self.num_videos - 1)) + 1
        self.last_place = self.num_videos - 1

    def step_of(self, places):
        """The batch of the epoch that each place of it is in."""
        rounds, left = np.divmod(places, sum(self.sizes))
        return rounds * len(self.sizes) + np.searchsorted(np.cumsum(self.sizes), left, side="right")

    def rows(self, epoch, step=0):
        """The rows of this turn's clips from one batch of the epoch on."""
        rows = super().rows(epoch)
        steps = self.step_of(rows["place"])
        return rows[(steps >= step) & (steps % len(self.sizes) == self.turn)]
