"""A published file, from its place on this machine or from its address."""

import contextlib
import os
import pathlib
import shutil
import urllib.parse
from collections.abc import Callable

from absl import logging

from res3d.weights.errors import CheckpointError, FetchError, without_secrets
from res3d.weights.store.digests import digest_of, fits, kind_of
from res3d.weights.store.locking import alone
from res3d.weights.store.mirror import SCHEMES, local_path, mirrored
from res3d.weights.store.places import place
from res3d.weights.store.transfer import no_room, receive

FORBIDDEN = "it is not here and RES3D_OFFLINE (--offline) forbids to fetch it."


def is_offline():
    """Whether nothing may be fetched: `RES3D_OFFLINE` is set, and not to 0."""
    return os.environ.get("RES3D_OFFLINE", "").lower() not in ("", "0", "false", "no")


def fetch(address: str, digest: str | None = None, check: Callable[[pathlib.Path], object] | None = None
          ) -> pathlib.Path:
    """The path of a published file, fetched if it is not here yet.

    A fetch that was cut off goes on where it stopped; the file has its name only when it is whole and its digest fits.
    Where none is published, that of the first time is remembered, and a file that comes later must have it too.
    A file of this machine is taken where it lies, as it is now.

    Args:
        address: http://, https:// or file:// address.
        digest: whole SHA-256, its first 8 figures, SHA-1 or MD5, as published; or None.
        check: function of a path that raises CheckpointError for what is not such a file; asked of a file without a
            digest.

    Raises:
        FetchError: an OSError, if it cannot be had; the address, the place to put it by hand and the digest are named.
    """
    to = place(address)
    if local_path(address) is not None:
        return _in_place(to, digest)
    kind = urllib.parse.urlsplit(mirrored(address)).scheme
    if kind not in SCHEMES:
        raise FetchError(address, "models and weights are fetched from http://, https:// and hf://, not from "
                                  f"{kind}://. Copy it to a folder of this machine and name it there.")
    try:
        if to.file.is_file():
            return _trusted(to, digest, check)
        if is_offline():
            raise FetchError(address, FORBIDDEN)
        try:
            to.folder.mkdir(parents=True, exist_ok=True)
            with alone(to.lock):
                if not to.file.is_file():
                    _bring(to, digest, check)
        except FetchError:
            raise
        except OSError as error:
            raise no_room(address, error) from error
    except FetchError as error:
        raise FetchError(address, f"{error.reason} {_by_hand(to, digest)}") from error
    return to.file


def _in_place(to, digest):
    """The file of a file:// address, which may have changed since it was looked at last."""
    if not to.file.is_file():
        raise FetchError(to.address, f"there is no file '{to.file}'.")
    if digest and not fits(to.file, digest):
        raise FetchError(to.address, f"its {kind_of(digest).upper()} is {digest_of(to.file, kind_of(digest))}, and "
                                     f"should {'begin with' if len(digest) == 8 else 'be'} {digest}.")
    return to.file


def _bring(to, digest, check):
    """Fetches to `to.part`, checks, and gives it its name."""
    logging.info("fetching %s", without_secrets(to.address))
    resumed = to.part.exists()
    _transfer(to)
    problem = _problem(to.part, to, digest, check)
    if problem and resumed:  # what an earlier process left may have been damaged: from the beginning, once
        to.drop_part()
        _transfer(to)
        problem = _problem(to.part, to, digest, check)
    if problem:
        to.drop_part()
        raise FetchError(to.address, problem)
    with open(to.part, "rb+") as file:
        os.fsync(file.fileno())
    to.remember(sha256=digest_of(to.part), bytes=to.part.stat().st_size)
    os.replace(to.part, to.file)
    to.drop_part()


def _transfer(to):
    source = mirrored(to.address)
    path = local_path(source)
    if path is None:
        receive(source, to, to.address)
    elif path.is_file():
        to.drop_part()
        shutil.copyfile(path, to.part)
    else:
        raise FetchError(to.address, f"there is no file '{path}'.")


def _problem(path, to, digest, check):
    """What is wrong with a file that has arrived, or None."""
    known = to.record.get("sha256")
    if digest and not fits(path, digest):
        return f"its {kind_of(digest).upper()} is {digest_of(path, kind_of(digest))}, which is not the published one."
    if known and digest_of(path) != known:
        return (f"its SHA-256 is {digest_of(path)}; the first time it was {known}. If the publisher has changed it, "
                "`res3d weights remove --forget` forgets the first.")
    if not digest and not known and check is not None:
        try:
            check(path)
        except CheckpointError as error:
            return f"what arrives is no whole checkpoint: {error.reason}"
    return None


def _trusted(to, digest, check):
    """The file that is here; one that was put here by hand is checked first."""
    record = to.record
    if record.get("bytes") != to.file.stat().st_size or (digest and not _recorded(record, digest)):
        problem = _problem(to.file, to, digest, check)
        if problem:
            raise FetchError(to.address, f"the file '{to.file}' is there, but {problem} Remove it.")
        with contextlib.suppress(OSError):  # a cache that can only be read is checked each time
            to.remember(sha256=digest_of(to.file), bytes=to.file.stat().st_size)
    return to.file


def _recorded(record, digest):
    """Whether a record answers for `digest`; MD5 and SHA-1 were compared when it was written."""
    return kind_of(digest) != "sha256" or str(record.get("sha256", "")).startswith(digest.lower())


def _by_hand(to, digest):
    known = digest or to.record.get("sha256")
    said = ("; no digest is published" if not known else
            f"; its {kind_of(known).upper()} {'begins with' if len(known) == 8 else 'is'} {known}")
    return f"To put it by hand, its place is {to.file}{said}."
