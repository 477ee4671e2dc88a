"""One way to list, read, write and rename files, wherever they lie: on a disk, in a bucket, behind a web server.

A local path needs nothing. For `scheme://...` TensorFlow's file systems come first (`gs://` is built in; tensorflow-io
adds `s3://`, `http://`, `az://`, `hdfs://` where it can be installed), fsspec second. Credentials come from the
environment that each of them documents, and are never shown: messages name an address by `shown`.
"""

import hashlib
import os
import re

from pipelines.storage.addresses import is_remote, join, local_path, scheme, shown, without_secrets
from pipelines.storage.file_systems import Fsspec, MissingError, StorageError, system
from res3d.atomic import renamed

__all__ = ["StorageError", "cache_folder", "exists", "is_folder", "is_remote", "join", "list_folder", "local_path",
           "make_folder", "open_file", "openable", "read_bytes", "remove", "rename", "scheme", "shown", "size",
           "stamp", "upload", "write_bytes"]

_WORDS = {"names": "list", "take": "write", "fetch": "read", "size": "read", "stamp": "read", "exists": "find",
          "is_folder": "find", "make_folder": "make"}
_REFUSALS = ("PermissionDeniedError", "UnauthenticatedError", "NoCredentialsError", "PartialCredentialsError")


def read_bytes(path):
    """The whole file as bytes."""
    return _call("read", path)


def open_file(path):
    """The file opened for reading bytes, with `seek`; use it in a `with`."""
    return _call("open", path)


def size(path):
    """Bytes of a file."""
    return _call("size", path)


def stamp(path):
    """(bytes, tag or time of change) by which a changed file is told from what it was, or None if nothing tells it."""
    return _call("stamp", path)


def upload(local, path):
    """Moves a finished local file to `path`; on a disk that is a rename."""
    _call("take", path, os.fspath(local))


def openable(path):
    """A name under which TensorFlow's own file operations open `path`: itself, or a copy in the cache folder.

    The copy is made on first use where no TensorFlow file system has the scheme, and again when the size differs. The
    folder is `$RES3D_CACHE`, or `~/.cache/res3d`.
    """
    path = os.fspath(path)
    if not isinstance(system(scheme(path)), Fsspec):
        return local_path(path)
    copy = os.path.join(cache_folder("files"), hashlib.sha256(path.encode()).hexdigest()[:16], path.rsplit("/", 1)[-1])
    if not os.path.exists(copy) or os.path.getsize(copy) != size(path):
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with renamed(copy) as aside:
            _call("fetch", path, aside)
    return copy


def cache_folder(name):
    """A folder for what can be made again, made if it is not there."""
    root = os.environ.get("RES3D_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "res3d")
    folder = os.path.join(root, name)
    os.makedirs(folder, exist_ok=True)
    return folder


def write_bytes(path, data):
    """Writes a whole file: aside and renamed on a disk; object stores show an object only when it is complete."""
    _call("write", path, bytes(data))


def exists(path):
    """Whether a file or a folder is there."""
    return _call("exists", path)


def is_folder(path):
    """Whether `path` is a folder, or a prefix that objects have."""
    return _call("is_folder", path)


def list_folder(path):
    """Names in a folder, sorted, without the folder; those of folders end with "/"."""
    return sorted(_call("names", path))


def make_folder(path):
    """Makes a folder and those above it; nothing to do where folders are only prefixes."""
    _call("make_folder", path)


def rename(old, new):
    """Moves a file over another; atomic on a disk, a copy and a removal in a bucket."""
    _call("rename", old, local_path(new))


def remove(path):
    """Removes a file; nothing happens if there is none."""
    _call("remove", path)


def _call(action, path, *rest):
    try:
        return getattr(system(scheme(path)), action)(local_path(path), *rest)
    except StorageError:
        raise
    except Exception as error:  # every file system has errors of its own
        if not is_remote(path):
            raise
        name, text = type(error).__name__, str(error)
        said = re.search(r"HTTP response code (\d+)", text)  # tensorflow-io's, before the page that came with it
        status = int(said[1]) if said else getattr(error, "status", None)
        missing = isinstance(error, FileNotFoundError) or name == "NotFoundError" or status in (404, 410)
        refused = isinstance(error, PermissionError) or name in _REFUSALS or status in (401, 403, 451)
        reason = without_secrets(text.partition(" with body")[0] or name)
        what = _WORDS.get(action, action)
        found = (MissingError if missing else StorageError)(
            f"Cannot {what} '{shown(path)}': {reason}. Check the address, and the credentials that the environment "
            f"gives for {scheme(path)}://.")
        found.reason, found.passing = reason.rstrip("."), not (missing or refused)
    raise found
