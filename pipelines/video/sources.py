"""What a decoder opens: a file by its name, bytes at hand, or what lies at an address, fetched whole.

A fetched video is kept as long as its reader needs it and not cached after, so that a worker holds one at a time.
"""

import contextlib
import io
import os
import stat
import time

from pipelines.storage import addresses, file_systems, files
from pipelines.video.info import UnreachableError, VideoError, sniff, tag_length

HEAD_BYTES = 4096
MOST_TAGS = 16  # one behind the other; FFmpeg looks behind one
DESCRIPTORS = "/proc/self/fd"
TRIES = 4  # of a fetch that was not refused; the pauses between them double
PAUSE_SECONDS = 0.25


class Fetched:
    """What lies at an address: `data`, its bytes, asked for on first use and kept as long as this object is.

    >>> Fetched("https://host/a.mp4?token=1").name
    'https://host/a.mp4'
    """

    def __init__(self, address):
        self.address, self.name = os.fspath(address), addresses.shown(address)
        self._data = None

    @property
    def data(self):
        """bytes. VideoError if nothing is there; UnreachableError if the storage does not give it."""
        if self._data is None:
            self._data = self._fetch()
        return self._data

    def _fetch(self):
        for attempt in range(TRIES):
            try:
                return files.read_bytes(self.address)
            except FileNotFoundError:
                raise VideoError(self.name, "there is no such file") from None
            except file_systems.StorageError as error:
                reason = (error.reason or str(error)).rstrip(".")
                if not error.passing:
                    break
                if attempt + 1 < TRIES:
                    time.sleep(PAUSE_SECONDS * 2**attempt)
        raise UnreachableError(self.name, f"it cannot be fetched ({reason}); check the address, the network, and the "
                                          f"credentials that the environment gives for "
                                          f"{addresses.scheme(self.address)}://")


def hold(source):
    """`source`, or a `Fetched` of an address: for those who open a video more than once."""
    remote = isinstance(source, str | os.PathLike) and addresses.is_remote(source)
    return Fetched(source) if remote else source


def read(source):
    """(name, bytes) of a file, an address or bytes; VideoError if it cannot be read."""
    source = hold(source)
    if isinstance(source, Fetched):
        return source.name, source.data
    if isinstance(source, bytes | bytearray | memoryview):
        return f"<{len(source)} bytes in memory>", source
    with open(open_regular(source), "rb") as file:
        return os.fsdecode(source), file.read()


def stamp(path):
    """What changes when the file does: (bytes, time or tag), or None if it does not exist or nothing tells."""
    try:
        return files.stamp(path)
    except OSError:
        return None


@contextlib.contextmanager
def located(source):
    """Looks at a path, an address or bytes before a decoder does: yields (name, size, container, what to open).

    What to open is the name of an open descriptor, good inside the `with`: named so, a file is no URL, no sequence
    pattern, and no text that OpenCV crashes on. Bytes are put into an anonymous file in memory, which the decoder reads
    without Python; where the system has none, they are a stream.

    Raises:
        VideoError: for what is no regular, readable file, or begins as no video does.
    """
    source = hold(source)
    if isinstance(source, Fetched | bytes | bytearray | memoryview):
        name, data = read(source)
        container, size = _container(name, lambda start: bytes(data[start:start + HEAD_BYTES])), len(data)
        create = getattr(os, "memfd_create", None)
        if create is None or not os.path.isdir(DESCRIPTORS):
            yield name, size, container, _Bytes(data)
            return
        with open(create("video"), "wb", buffering=0) as file:
            left = memoryview(data).cast("B")
            while left:
                left = left[file.write(left):]
            del source, data, left  # what nobody else holds need not be there twice
            yield name, size, container, f"{DESCRIPTORS}/{file.fileno()}"
        return
    name = os.fsdecode(source)
    with open(open_regular(source), "rb", buffering=0) as file:
        container = _container(name, lambda start: _at(file, start))
        file.seek(0)
        path = f"{DESCRIPTORS}/{file.fileno()}" if os.path.isdir(DESCRIPTORS) else "file:" + os.path.abspath(name)
        yield name, os.fstat(file.fileno()).st_size, container, path


class _Bytes(io.BytesIO):
    """A stream whose seeks do not raise: OpenCV crashes where they do, and broken files seek anywhere."""

    def seek(self, offset, whence=0):
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return -1


def _at(file, start):
    file.seek(start)
    return file.read(HEAD_BYTES)


def _container(name, head_at):
    """The container by a file's first bytes, which `head_at(place)` gives; behind tags, as decoders look too."""
    head, start = head_at(0), 0
    for _ in range(MOST_TAGS):
        if not tag_length(head):
            break
        start += tag_length(head)
        head = head_at(start) or b"ID3"  # tags and nothing more are no empty file
    else:
        raise VideoError(name, f"it begins with {MOST_TAGS} tags and more; it is probably damaged")
    if head.startswith(b"\xff\xd8") and name.lower().endswith((".mjpg", ".mjpeg")):
        return "mjpeg"  # JPEG images, one after the other
    container, reason = sniff(head)
    if reason:
        raise VideoError(name, reason)
    return container


def open_regular(path):
    """A file descriptor for a regular, readable file; VideoError with the reason otherwise. Never blocks on a pipe."""
    shown = os.fsdecode(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a null byte in the name
        raise VideoError(shown, f"not a file name: {error}") from None
    except OSError as error:
        reasons = {FileNotFoundError: "there is no such file", PermissionError: "no permission to read it",
                   IsADirectoryError: "it is a directory, not a video"}
        raise VideoError(shown, reasons.get(type(error), f"it cannot be opened: {error.strerror}")) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise VideoError(shown, "it is a directory, not a video" if stat.S_ISDIR(mode) else "it is not a regular file")
