"""The file systems behind `pipelines.storage`: the disk, TensorFlow's own and tensorflow-io's, and fsspec's."""

import functools
import importlib.util
import os
import urllib.parse
from concurrent import futures

from pipelines.storage.addresses import join, local_path
from res3d import atomic

_TENSORFLOW_IO = ("http", "https", "s3", "az", "hdfs", "viewfs", "har")
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
    """Local files."""

    def read(self, path):
        with open(local_path(path), "rb") as file:
            return file.read()

    def write(self, path, data):
        path = local_path(path)
        try:
            with atomic.writing(path, sync=True) as file:
                file.write(data)
        except OSError as error:
            error.filename = error.filename or path  # a full disk is said without the file
            raise

    def open(self, path):
        return open(local_path(path), "rb")

    def size(self, path):
        return os.path.getsize(local_path(path))

    def stamp(self, path):
        status = os.stat(local_path(path))
        return status.st_size, status.st_mtime_ns

    def take(self, path, local):
        os.replace(local, local_path(path))

    def exists(self, path):
        return os.path.exists(local_path(path))

    def is_folder(self, path):
        return os.path.isdir(local_path(path))

    def names(self, path):
        with os.scandir(local_path(path)) as found:
            return [entry.name + "/" * leads_to_folder(entry) for entry in found]

    def make_folder(self, path):
        os.makedirs(local_path(path), exist_ok=True)

    def rename(self, old, new):
        os.replace(local_path(old), local_path(new))

    def remove(self, path):
        if os.path.lexists(local_path(path)):
            os.remove(local_path(path))


class GFile:
    """What TensorFlow has a file system for; `marks_folders` says that its listings end folders with a slash."""

    def __init__(self, tensorflow, marks_folders):
        self.gfile, self.marks_folders = tensorflow.io.gfile, marks_folders

    def read(self, path):
        with self.gfile.GFile(path, "rb") as file:
            return file.read()

    def write(self, path, data):
        with self.gfile.GFile(path, "wb") as file:
            file.write(data)

    def open(self, path):
        return self.gfile.GFile(path, "rb")

    def size(self, path):
        return self.gfile.stat(path).length

    def stamp(self, path):
        status = self.gfile.stat(path)
        return status.length, status.mtime_nsec

    def take(self, path, local):
        self.gfile.copy(local, path, overwrite=True)
        os.remove(local)

    def exists(self, path):
        return self.gfile.exists(path)

    def is_folder(self, path):
        return self.gfile.isdir(path)

    def names(self, path):
        if not self.gfile.isdir(path):
            raise FileNotFoundError("no such folder")
        listed = self.gfile.listdir(path)
        if self.marks_folders:
            return [name for name in listed if name.strip("/")]
        names = [name.rstrip("/") for name in listed if name.strip("/")]
        with futures.ThreadPoolExecutor(32) as pool:  # a question to the server for each
            folders = pool.map(lambda name: self.gfile.isdir(join(path, name)), names)
        return [name + "/" * folder for name, folder in zip(names, folders)]

    def make_folder(self, path):
        self.gfile.makedirs(path)

    def rename(self, old, new):
        self.gfile.rename(old, new, overwrite=True)

    def remove(self, path):
        if self.gfile.exists(path):
            self.gfile.remove(path)


class Fsspec:
    """What fsspec, or a package that it knows, has a file system for."""

    def __init__(self, name):
        try:
            import fsspec

            self.system = fsspec.filesystem(name, use_listings_cache=False)  # others write there too
        except (ImportError, ValueError) as error:
            raise StorageError(f"Nothing here reads {name}:// addresses ({error}). "
                               "Install the extra: pip install 'res3d[remote]', or 'res3d[io]'.") from None
        self.flat = name in ("http", "https")

    def read(self, path):
        return self.system.cat_file(path)

    def write(self, path, data):
        self.system.pipe_file(path, data)

    def open(self, path):
        return self.system.open(path, "rb")

    def size(self, path):
        return self.system.size(path)

    def stamp(self, path):
        info = self.system.info(path)
        tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
        return None if info.get("size") is None and not tag else (info.get("size"), tag)

    def fetch(self, path, local):
        self.system.get_file(path, local)

    def take(self, path, local):
        self.system.put_file(local, path)
        os.remove(local)

    def exists(self, path):
        return self.system.exists(path)

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

    def make_folder(self, path):
        self.system.makedirs(path, exist_ok=True)

    def rename(self, old, new):
        self.system.mv(old, new)

    def remove(self, path):
        if self.system.exists(path):
            self.system.rm_file(path)
