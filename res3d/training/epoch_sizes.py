"""How many batches an epoch has and how many clips they hold, where that differs from epoch to epoch or does not."""

import itertools


class Pace:
    """Steps and clips of a run.

    Args:
        steps: ints, one an epoch, or one int for all. Batches of it.
        sizes: tuples of ints, one an epoch, or one int for all. Clips in the batches, which take them in turn.

    >>> pace = Pace((2, 3), ((8, 4), (4,)))
    >>> pace.steps(1), pace.before(1), pace.clips(0), pace.size(0, 1)
    (3, 2, 12, 4)
    """

    def __init__(self, steps, sizes):
        self._steps, self._sizes = steps, sizes
        self._sums = None if isinstance(steps, int) else [0, *itertools.accumulate(steps)]

    @classmethod
    def of(cls, steps_per_epoch, batch_size):
        """`steps_per_epoch` itself where it is a pace, else that of equal epochs."""
        return steps_per_epoch if isinstance(steps_per_epoch, cls) else cls(steps_per_epoch, batch_size)

    @property
    def even(self):
        """Whether all epochs are alike."""
        return self._sums is None

    def steps(self, epoch):
        """Batches of an epoch."""
        return self._steps if self.even else self._steps[min(epoch, len(self._steps) - 1)]

    def before(self, epoch):
        """Batches of all epochs before one."""
        return epoch * self._steps if self.even else self._sums[epoch]

    def size(self, epoch, step):
        """Clips in a batch that is full."""
        if isinstance(self._sizes, int):
            return self._sizes
        sizes = self._sizes[min(epoch, len(self._sizes) - 1)]
        return sizes[step % len(sizes)]

    def clips(self, epoch, first=0):
        """Clips of the batches of an epoch from one on, all taken for full."""
        if isinstance(self._sizes, int):
            return (self.steps(epoch) - first) * self._sizes
        return sum(self.size(epoch, step) for step in range(first, self.steps(epoch)))
