"""The file systems behind `pipelines.storage`: the disk, TensorFlow's own and tensorflow-io's, and fsspec's.

They take paths as the operating system and addresses as their servers know them, `addresses.local_path`.
"""

import functools
import importlib.util
import os
import urllib.parse
from concurrent import futures

from pipelines.storage.addresses import join, shown
from res3d import atomic

_TENSORFLOW_IO = ("http", "https", "s3", "az", "hdfs", "viewfs", "har")
MOST_FETCHED, MOST_COPIED = 2**32, 2**36  # bytes that a web server may give, into memory and onto a disk
_PIECE = 2**22  # bytes asked for at once
_TAGS = ("ETag", "etag", "md5Hash", "generation", "LastModified", "mtime", "created")


class StorageError(OSError):
    """A file could not be reached; the text says which, what was tried and why it failed, without credentials.

    `reason` is the why alone. `passing` says that another try may succeed: nothing was refused.
    """

    reason = ""
    passing = False


class MissingError(FileNotFoundError, StorageError):
    """Nothing is at an address."""


@functools.cache
def system(name):
    """The file system of a scheme: the disk, TensorFlow's, or fsspec's."""
    if not name:
        return Disk()
    plugin = name in _TENSORFLOW_IO and importlib.util.find_spec("tensorflow_io") is not None
    if plugin:
        import tensorflow_io  # noqa: F401  registers its schemes with TensorFlow
    if plugin or name in ("gs", "ram"):
        import tensorflow as tf

        if name in tf.io.gfile.get_registered_schemes():
            return GFile(tf, marks_folders=name == "gs")
    return Fsspec(name)


def leads_to_folder(entry):
    """Whether an entry of `os.scandir` is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, say, which is no folder either
        return False


class Disk:
    """Local files, by the standard library: most runs read nothing else, and none of them needs fsspec for it."""

    open = staticmethod(functools.partial(open, mode="rb"))
    size = staticmethod(os.path.getsize)
    exists = staticmethod(os.path.exists)
    is_folder = staticmethod(os.path.isdir)
    make_folder = staticmethod(functools.partial(os.makedirs, exist_ok=True))
    rename = staticmethod(os.replace)

    def read(self, path):
        with self.open(path) as file:
            return file.read()

    def write(self, path, data):
        try:
            with atomic.writing(path, sync=True) as file:
                file.write(data)
        except OSError as error:
            error.filename = error.filename or path  # a full disk is said without the file
            raise

    def stamp(self, path):
        status = os.stat(path)
        return status.st_size, status.st_mtime_ns

    def take(self, path, local):
        os.replace(local, path)

    def names(self, path):
        with os.scandir(path) as found:
            return [entry.name + "/" * leads_to_folder(entry) for entry in found]

    def remove(self, path):
        if os.path.lexists(path):
            os.remove(path)


class GFile:
    """What TensorFlow has a file system for: its graphs read records there without a copy, which fsspec has no part in.

    `marks_folders` says that its listings end folders with a slash.
    """

    def __init__(self, tensorflow, marks_folders):
        self.gfile, self.marks_folders = tensorflow.io.gfile, marks_folders
        self.exists, self.is_folder, self.make_folder = self.gfile.exists, self.gfile.isdir, self.gfile.makedirs

    def open(self, path, mode="rb"):
        return self.gfile.GFile(path, mode)

    def read(self, path):
        with self.open(path) as file:
            return file.read()

    def write(self, path, data):
        with self.open(path, "wb") as file:
            file.write(data)

    def size(self, path):
        return self.gfile.stat(path).length

    def stamp(self, path):
        status = self.gfile.stat(path)
        return status.length, status.mtime_nsec

    def take(self, path, local):
        self.gfile.copy(local, path, overwrite=True)
        os.remove(local)

    def names(self, path):
        if not self.is_folder(path):
            raise FileNotFoundError("no such folder")
        listed = [name for name in self.gfile.listdir(path) if name.strip("/")]
        if self.marks_folders:
            return listed
        names = [name.rstrip("/") for name in listed]
        with futures.ThreadPoolExecutor(32) as pool:  # a question to the server for each
            folders = pool.map(lambda name: self.is_folder(join(path, name)), names)
        return [name + "/" * folder for name, folder in zip(names, folders)]

    def rename(self, old, new):
        self.gfile.rename(old, new, overwrite=True)

    def remove(self, path):
        if self.exists(path):
            self.gfile.remove(path)


class Fsspec:
    """Everything else, by fsspec and the packages that it knows."""

    def __init__(self, name):
        try:
            import fsspec

            system = fsspec.filesystem(name, use_listings_cache=False)  # others write there too
        except (ImportError, ValueError) as error:
            raise StorageError(f"Nothing here reads {name}:// addresses ({error}). "
                               "Install the extra: pip install 'res3d[remote]', or 'res3d[io]'.") from None
        self.system, self.flat = system, name in ("http", "https")
        self.read, self.fetch = (self._read_web, self._fetch_web) if self.flat else (system.cat_file, system.get_file)
        self.write, self.rename = system.pipe_file, system.mv
        self.size, self.exists = system.size, system.exists
        self.open = functools.partial(system.open, mode="rb")
        self.make_folder = functools.partial(system.makedirs, exist_ok=True)

    def _read_web(self, path):
        return b"".join(self._pieces(path, MOST_FETCHED))

    def _fetch_web(self, path, local):
        with open(local, "wb") as file:
            for piece in self._pieces(path, MOST_COPIED):
                file.write(piece)

    def _pieces(self, path, most):
        """What a web server gives in answer to one question; it may be without end."""
        size = 0
        with self.system.open(path, "rb", block_size=0, size=1) as file:  # a stream; its real size is not asked for
            while piece := file.read(_PIECE):
                size += len(piece)
                if size > most:
                    error = StorageError(f"Expected at most {most} bytes at '{shown(path)}'. Received more: it may "
                                         "have no end. Save the part that is wanted to a file.")
                    error.reason = f"it gives more than {most} bytes"
                    raise error
                yield piece

    def stamp(self, path):
        info = self.system.info(path)
        tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
        return None if info.get("size") is None and not tag else (info.get("size"), tag)

    def take(self, path, local):
        self.system.put_file(local, path)
        os.remove(local)

    def is_folder(self, path):
        return path.endswith("/") if self.flat else self.system.isdir(path)

    def names(self, path):
        base = path.rstrip("/") + "/"
        self.system.invalidate_cache()
        own = self.system._strip_protocol(base).rstrip("/")
        names = []
        for entry in self.system.ls(base, detail=True):
            name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
            name = urllib.parse.unquote(name) if self.flat else name  # a web page's links are quoted
            folder = entry["type"] == "directory" or entry["name"].endswith("/")
            if name and entry["name"].rstrip("/") != own:
                names.append(name + "/" * folder)
        return names

    def remove(self, path):
        if self.exists(path):
            self.system.rm_file(path)
