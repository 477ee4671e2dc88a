"""Files that appear whole or not at all."""

import contextlib
import glob
import os
import re
import time
import zlib

STALE_SECONDS = 3600.0  # after which half a file that another machine began is taken for left behind
_PROCESSES = 1 << 22  # process numbers lie below
_PART = re.compile(r"\.(\d+)\.part(\.\w+)?")


@contextlib.contextmanager
def writing(path, mode="wb", *, sync=False, encoding=None, errors=None, newline=None):
    """A file beside `path`, open for writing, that takes its place when the `with` ends well and else is removed.

    So a reader sees the old file or the whole new one, whatever happens to the writer; processes that write the same
    file do not meet. What killed ones have left beside `path` is removed.

    Args:
        path: the file to write, in a folder that is there.
        mode: "wb", or "w" for text, in UTF-8 unless `encoding` says otherwise.
        sync: bool. Have it on the disk before it takes its place, for what must outlive a power cut.
        encoding, errors, newline: as of `open`.

    Raises:
        OSError: if it cannot be written; the former file is then still there.

    >>> with writing("a.txt", "w") as file:
    ...     _ = file.write("whole"), os.path.exists("a.txt")
    >>> with open("a.txt") as file:
    ...     file.read()
    'whole'
    """
    if encoding is None and "b" not in mode:
        encoding = "utf-8"
    with renamed(path) as aside, open(aside, mode, encoding=encoding, errors=errors, newline=newline) as file:
        yield file
        if sync:
            file.flush()
            os.fsync(file.fileno())


@contextlib.contextmanager
def renamed(path, suffix=""):
    """As `writing`, for writers that open files themselves: the name to write to, which ends in `suffix`."""
    path = os.fspath(path)
    aside = aside_name(path, suffix)
    try:
        yield aside
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(aside)
        raise
    _sweep(path)


def write_aside(path, content):
    """Writes text or bytes as `writing` does."""
    with writing(path) as file:
        file.write(content if isinstance(content, bytes) else content.encode(errors="surrogateescape"))


def aside_name(path, suffix=""):
    """Where this process, of this machine, writes what is to become `path`: `path.NUMBER.part`."""
    return f"{os.fspath(path)}.{_machine() * _PROCESSES + os.getpid()}.part{suffix}"


def _machine():
    """A number for this machine, or container; those that share a disk count processes each for itself."""
    return zlib.crc32(os.uname().nodename.encode())


def _sweep(path):
    """Removes what killed processes have left beside `path`."""
    for aside in glob.glob(f"{glob.escape(path)}.*part*"):
        with contextlib.suppress(OSError):  # another may be sweeping
            if _is_left(aside, aside.removeprefix(path)):
                os.remove(aside)


def _is_left(aside, ending):
    if ending == ".part":  # of former versions
        return True
    found = _PART.fullmatch(ending)
    if not found:
        return False
    machine, process = divmod(int(found[1]), _PROCESSES)
    return not lives(process) if machine == _machine() else time.time() - os.path.getmtime(aside) > STALE_SECONDS


def lives(process):
    """Whether a process of this machine, given by its number, has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        pass
    return True
