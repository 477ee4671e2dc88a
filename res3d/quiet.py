"""Keeps libraries from writing to the terminal: those in C++, TensorFlow's above all, and for a moment absl's log."""

import contextlib
import os
import sys

from res3d.importing import around_first_import


@contextlib.contextmanager
def muted_stderr():
    """Inside, nothing that this process writes to file descriptor 2 is seen; exceptions are not touched.

    For the moments in which TensorFlow's libraries are opened: what they say then, no setting of theirs can silence.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def logged_from(level):
    """Inside, absl logs nothing below `level`, such as `absl.logging.ERROR`; then what it logged before.

    >>> from absl import logging
    >>> logging.set_verbosity(logging.INFO)
    >>> with logged_from(logging.ERROR):
    ...     logging.get_verbosity() == logging.ERROR
    True
    >>> logging.get_verbosity() == logging.INFO
    True
    """
    from absl import logging  # not for those who import the ground alone

    before = logging.get_verbosity()
    logging.set_verbosity(level)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def quiet_tensorflow():
    """From now on the first `import tensorflow` prints nothing, and C++ logs only what ends the process.

    Python's own exceptions are not touched; `--verbosity=1` leaves all as it is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        around_first_import("tensorflow", muted_stderr)
