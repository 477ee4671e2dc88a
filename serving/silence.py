"""Mutes standard error at the level of the file descriptor, where C++ libraries write."""

import contextlib
import os
import sys


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
