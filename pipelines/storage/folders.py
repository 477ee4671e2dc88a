"""The folders and small text files that describe a data set, on a disk, in a bucket or behind a web server.

Buckets are asked folder by folder and never file by file. Web servers have no listings: what is said to be there is
believed until it is read.
"""

import contextlib
import contextvars
import os

from pipelines.storage import addresses, file_systems, files
from pipelines.storage.file_systems import leads_to_folder

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")  # of the pictures in a folder of extracted frames
_SEEN: contextvars.ContextVar = contextvars.ContextVar("seen", default=None)


@contextlib.contextmanager
def remembered():
    """Inside, what an address has answered is not asked for again."""
    token = _SEEN.set({})
    try:
        yield
    finally:
        _SEEN.reset(token)


def is_frame(name):
    """Whether a file of this name is a frame of a folder of extracted frames.

    >>> is_frame("img_00001.JPG"), is_frame(".img_00001.jpg"), is_frame("a.mp4")
    (True, False, False)
    """
    return name.lower().endswith(FRAME_SUFFIXES) and not name.startswith(".")


def is_file(path):
    """Whether `path` is a file."""
    if not addresses.is_remote(path):
        return os.path.isfile(path)
    return once(("file", path), lambda: not is_folder(path) and (
        _answers(path) if addresses.on_the_web(path) else files.exists(path)))


def is_folder(path):
    """Whether `path` is a folder; on the web, whether its address ends with a slash."""
    if not addresses.is_remote(path):
        return os.path.isdir(path)
    return path.endswith("/") if addresses.on_the_web(path) else once(
        ("folder", path), lambda: files.is_folder(path))


def folder_of(path):
    """`path` if it is a folder, else the one that it lies in."""
    return path if is_folder(path) else addresses.parent(path)


def exists(path):
    """Whether anything is at `path`; OSError, with the reason, for what the web does not give."""
    if addresses.on_the_web(path):
        if not is_folder(path):
            files.stamp(path)
        return True
    return is_file(path) or is_folder(path)


def kind(path):
    """"file", "folder" or None: as `is_file` and `is_folder`, for many paths of few folders."""
    if not addresses.is_remote(path):
        return "file" if os.path.isfile(path) else "folder" if os.path.isdir(path) else None
    if addresses.on_the_web(path):
        return "file"
    folders, names = once(("kinds", addresses.parent(path)), lambda: _kinds(addresses.parent(path)))
    name = addresses.file_name(path)
    return "file" if name in names else "folder" if name in folders else None


def listing(folder):
    """(sub-folders, files): names in a folder, sorted, links followed. Raises OSError if there is no such folder."""
    if not addresses.is_remote(folder):
        with os.scandir(folder) as found:
            entries = sorted((entry.name, leads_to_folder(entry)) for entry in found)
        return [name for name, folder in entries if folder], [name for name, folder in entries if not folder]
    return once(("names", folder), lambda: _listing(folder))


def read_bytes(path, limit=None):
    """A small file's content, or the first `limit` bytes of it."""
    if not addresses.is_remote(path):
        with open(path, "rb") as file:
            return file.read(-1 if limit is None else limit)
    return once(("bytes", path), lambda: files.read_bytes(path))[:limit]


def check_listable(folder, wanted="a folder of videos"):
    """Raises ValueError for a folder that cannot be listed because it is on the web."""
    if addresses.on_the_web(folder):
        raise ValueError(
            f"Expected {wanted} that can be listed. Received '{addresses.shown(folder)}': web servers list no folders. "
            "Write the addresses of the videos into a CSV manifest `path,label`, and pass that or its address.")


def _answers(path):
    """Whether a web server has a file; some refuse what they do not have."""
    try:
        files.stamp(path)
    except file_systems.StorageError as error:
        if error.passing:
            raise
        return False
    return True


def _listing(folder):
    check_listable(folder)
    names = files.list_folder(folder)
    return [name[:-1] for name in names if name.endswith("/")], [name for name in names if not name.endswith("/")]


def _kinds(folder):
    try:
        return tuple(map(frozenset, listing(folder)))
    except FileNotFoundError:
        return frozenset(), frozenset()


def once(key, ask):
    """What `ask()` gives, asked once for each `key` while things are `remembered`."""
    seen = _SEEN.get()
    if seen is None:
        return ask()
    if key not in seen:
        seen[key] = ask()
    return seen[key]
