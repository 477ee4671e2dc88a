"""One process at a time fetches a file; the others wait, and find it there."""

import contextlib
import fcntl

from absl import logging


@contextlib.contextmanager
def alone(path):
    """Holds the lock at `path`; the system lets go of it when the process ends, however it ends."""
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logging.info("waiting for another process, which is fetching %s", path.parent)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
