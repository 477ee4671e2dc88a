"""What goes wrong with a file of weights, as types a caller can catch."""

import os
import re


class CheckpointError(ValueError):
    """A file of weights that cannot be read, is not safe to read, or does not fit the network.

    Attributes: `path`, the file; `reason`, the rest of the sentence.
    """

    def __init__(self, path: str | os.PathLike, reason: str) -> None:
        self.path = os.fspath(path)
        self.reason = reason
        super().__init__(f"Cannot load weights from {self.path!r}: {reason}")
        self.add_note("See docs/how-to/import-weights.md#what-is-this-file")


class UnfitError(CheckpointError):
    """Weights of another network than the one that they were to go into; `reason` has both differences."""


class FetchError(OSError):
    """A published file that could not be had.

    Attributes: `address`, where it is published; `reason`, the rest of the sentence. The message leaves out what an
    address may carry of secrets: user, password and query.

    >>> str(FetchError("https://me:secret@host/a.pth?token=1", "it is not there."))
    'Cannot fetch https://host/a.pth: it is not there.'
    """

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(f"Cannot fetch {without_secrets(address)}: {reason}")


def without_secrets(address):
    """An address as it may be shown: without user, password and query."""
    return re.sub(r"://[^/]*@", "://", re.split(r"[?#]", address, maxsplit=1)[0])
