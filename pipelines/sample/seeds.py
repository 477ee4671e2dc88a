"""Random numbers as a function of integers, such as (seed, epoch, place): the same on every machine."""

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def fold_in(*values):
    """Folds integers, or arrays of them that broadcast, into one uint64: a hash, every bit depending on every value.

    The finaliser of SplitMix64 (Steele, Lea and Flood, 2014) applied to each value in turn.

    >>> int(fold_in(1, 2)) == int(fold_in(2, 1)), fold_in(7, np.arange(3)).dtype
    (False, dtype('uint64'))
    """
    state = np.uint64(0)
    with np.errstate(over="ignore"):  # uint64 wraps around, as it should
        for value in values:
            state = (np.asarray(value).astype(np.int64).astype(np.uint64) + state) + _GOLDEN
            state = (state ^ (state >> _SHIFTS[0])) * _MULTIPLIERS[0]
            state = (state ^ (state >> _SHIFTS[1])) * _MULTIPLIERS[1]
            state = state ^ (state >> _SHIFTS[2])
    return state


def draw(low, high, *values):
    """An integer in [low, high) that depends on `values` alone.

    >>> draw(5, 6, 1, 2, 3)
    5
    """
    if high <= low:
        raise ValueError(f"Expected low < high. Received: low={low}, high={high}.")
    return low + int(fold_in(*values)) % (high - low)


def uniform(*values):
    """A float in [0, 1) that depends on `values` alone, in steps of 2**-53."""
    return int(fold_in(*values) >> np.uint64(11)) / 2**53


def permutation(num_items, *values):
    """The numbers from 0 to `num_items - 1`, shuffled as `values` say: every one of them once.

    >>> sorted(permutation(5, 1, 2).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(fold_in(*values, np.arange(num_items)), kind="stable")
