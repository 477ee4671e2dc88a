"""What an argument must be, and what it is where none is given: one check, one wording."""

import os


def check_whole_number(name, value, least=1, most=None):
    """Raises ValueError for a `value` that is no whole number from `least` on, or to `most`.

    >>> check_whole_number("workers", 4)
    >>> check_whole_number("quality", 101, 1, 100)
    Traceback (most recent call last):
    ValueError: `quality` must be a whole number from 1 to 100. Received: quality=101.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise ValueError(f"`{name}` must be a whole number from {least} {'on' if most is None else f'to {most}'}. "
                         f"Received: {name}={value!r}.")


def default_workers():
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_workers(workers):
    """`workers`, None being one a core; ValueError for what is no number of them.

    >>> checked_workers(3), checked_workers(None) == default_workers()
    (3, True)
    """
    if workers is None:
        return default_workers()
    check_whole_number("workers", workers)
    return workers
