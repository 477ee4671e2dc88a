"""Whether anybody still waits for what a thread works on: edges say it, whoever runs models asks."""

import contextlib
import contextvars

from serving.errors import ServingError

_present = contextvars.ContextVar("present", default=None)


@contextlib.contextmanager
def waiting(present):
    """Inside the block, this thread works for a client.

    Args:
        present: function without arguments; whether the client is still there.
    """
    token = _present.set(present)
    try:
        yield
    finally:
        _present.reset(token)


def present():
    """The function that says whether the client of this thread is still there; None where nobody said.

    >>> with waiting(lambda: False):
    ...     present()()
    False
    """
    return _present.get()


def gone():
    """What a client is told that cannot hear it any more; it is counted and logged."""
    return ServingError("CANCELLED", "The client has gone")
