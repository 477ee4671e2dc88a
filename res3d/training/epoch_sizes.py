"""How many batches an epoch has and how many clips they hold, alike in all epochs or not."""

import itertools


class EpochSizes:
    """Batches and clips of the epochs of a run; those after the last that is told are like it.

    Args:
        steps: ints, one an epoch. Batches of it.
        batches: tuples of ints, one an epoch. Clips in the batches, which take them in turn.

    >>> sizes = EpochSizes((2, 3), ((8, 4), (4,)))
    >>> sizes.steps(1), sizes.before(1), sizes.clips(0), sizes.batch(0, 1)
    (3, 2, 12, 4)
    """

    def __init__(self, steps, batches):
        self._steps, self._batches = tuple(steps), tuple(batches)
        self._sums = (0, *itertools.accumulate(self._steps))

    @classmethod
    def alike(cls, steps, batch_size):
        """Every epoch of `steps` batches of `batch_size` clips.

        >>> EpochSizes.alike(5, batch_size=4).before(3)
        15
        """
        return cls((steps,), ((batch_size,),))

    def steps(self, epoch):
        """Batches of an epoch."""
        return self._steps[min(epoch, len(self._steps) - 1)]

    def before(self, epoch):
        """Batches of all epochs before one."""
        told = min(epoch, len(self._steps))
        return self._sums[told] + (epoch - told) * self._steps[-1]

    def batch(self, epoch, step):
        """Clips in a batch that is full."""
        batches = self._batches[min(epoch, len(self._batches) - 1)]
        return batches[step % len(batches)]

    def clips(self, epoch, first=0):
        """Clips of the batches of an epoch from one on, all taken for full."""
        batches = self._batches[min(epoch, len(self._batches) - 1)]
        turns, rest = divmod(self.steps(epoch) - first, len(batches))
        return turns * sum(batches) + sum(self.batch(epoch, first + step) for step in range(rest))
