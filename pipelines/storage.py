"""One way to list, read, write and rename files, wherever they lie: on a disk, in a bucket, behind a web server.

A local path needs nothing. For `scheme://...` TensorFlow's file systems come first (`gs://` is built in; tensorflow-io
adds `s3://`, `http://`, `az://`, `hdfs://` where it can be installed), fsspec second. Credentials come from the
environment that each of them documents, and are never shown: messages name an address by `shown`.
"""

import functools
import hashlib
import importlib.util
import os
import re
import urllib.parse

_TENSORFLOW_IO = ("http", "https", "s3", "az", "hdfs", "viewfs", "har")
_WORDS = {"names": "list", "take": "write", "fetch": "read", "size": "read"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


class StorageError(OSError):
    """A file could not be reached; the text says which, what was tried and why it failed, without credentials."""


def scheme(path):
    """The scheme of an address, or "" for a local path.

    >>> scheme("s3://bucket/a.mp4"), scheme("data/a.mp4"), scheme("file:///data/a.mp4")
    ('s3', '', '')
    """
    match = _SCHEME.match(os.fspath(path))
    found = match.group(1).lower() if match else ""
    return "" if found == "file" else found


def is_remote(path):
    """Whether `path` is an address rather than a local path."""
    return bool(scheme(path))


def shown(path):
    """`path` as it may be logged: without user, password and query, where addresses carry secrets.

    >>> shown("https://user:secret@host/a.mp4?X-Amz-Signature=abc")
    'https://host/a.mp4'
    """
    path = os.fspath(path)
    if not is_remote(path):
        return path
    parts = urllib.parse.urlsplit(path)
    return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}{parts.path}"


def join(folder, *names):
    """`folder/name/...` for local paths and addresses alike.

    >>> join("s3://bucket/data", "train", "a.mp4")
    's3://bucket/data/train/a.mp4'
    """
    folder = os.fspath(folder)
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


def read_bytes(path):
    """The whole file as bytes."""
    return _call("read", path)


def open_file(path):
    """The file opened for reading bytes, with `seek`; use it in a `with`."""
    return _call("open", path)


def size(path):
    """Bytes of a file."""
    return _call("size", path)


def upload(local, path):
    """Moves a finished local file to `path`; on a disk that is a rename."""
    _call("take", path, os.fspath(local))


def openable(path):
    """A name under which TensorFlow's own file operations open `path`: itself, or a copy in the cache folder.

    The copy is made on first use where no TensorFlow file system has the scheme, and again when the size differs. The
    folder is `$RES3D_CACHE`, or `~/.cache/res3d`.
    """
    path = os.fspath(path)
    system = _system(scheme(path))
    if not isinstance(system, _Fsspec):
        return local_path(path)
    copy = os.path.join(cache_folder("files"), hashlib.sha256(path.encode()).hexdigest()[:16], path.rsplit("/", 1)[-1])
    if not os.path.exists(copy) or os.path.getsize(copy) != size(path):
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        aside = f"{copy}.{os.getpid()}.part"
        _call("fetch", path, aside)
        os.replace(aside, copy)
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
    _call("rename", old, new)


def remove(path):
    """Removes a file; nothing happens if there is none."""
    _call("remove", path)


def local_path(path):
    """`path` as the operating system knows it: `file://` taken off."""
    path = os.fspath(path)
    return urllib.parse.unquote(urllib.parse.urlsplit(path).path) if path.lower().startswith("file://") else path


def _call(action, path, *rest):
    try:
        return getattr(_system(scheme(path)), action)(os.fspath(path), *rest)
    except StorageError:
        raise
    except Exception as error:  # every file system has errors of its own
        if not is_remote(path):
            raise
        reason = _without_secrets(str(error) or type(error).__name__)
        missing = isinstance(error, FileNotFoundError) or type(error).__name__ == "NotFoundError"  # TensorFlow's
        kind = FileNotFoundError if missing else StorageError
        what = _WORDS.get(action, action.replace("_", " "))
        raise kind(f"Cannot {what} '{shown(path)}': {reason}. Check the address, and the "
                   f"credentials that the environment gives for {scheme(path)}://.") from None


def _without_secrets(text):
    text = re.sub(r"://[^/\s@]*@", "://", text)
    return re.sub(r"\?[^\s'\"]*", "?...", text)[:500]


@functools.cache
def _system(name):
    """The file system of a scheme: the disk, TensorFlow's, or fsspec's."""
    if not name:
        return _Disk()
    plugin = name in _TENSORFLOW_IO and importlib.util.find_spec("tensorflow_io") is not None
    if plugin:
        import tensorflow_io  # noqa: F401  registers its schemes with TensorFlow
    if plugin or name in ("gs", "ram"):
        import tensorflow as tf

        if name in tf.io.gfile.get_registered_schemes():
            return _GFile(tf)
    return _Fsspec(name)


class _Disk:
    def read(self, path):
        with open(local_path(path), "rb") as file:
            return file.read()

    def write(self, path, data):
        path = local_path(path)
        aside = f"{path}.{os.getpid()}.part"  # a process whose parent was killed may still be writing the same file
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)

    def open(self, path):
        return open(local_path(path), "rb")

    def size(self, path):
        return os.path.getsize(local_path(path))

    def take(self, path, local):
        os.replace(local, local_path(path))

    def exists(self, path):
        return os.path.exists(local_path(path))

    def is_folder(self, path):
        return os.path.isdir(local_path(path))

    def names(self, path):
        return [entry.name + "/" * entry.is_dir() for entry in os.scandir(local_path(path))]

    def make_folder(self, path):
        os.makedirs(local_path(path), exist_ok=True)

    def rename(self, old, new):
        os.replace(local_path(old), local_path(new))

    def remove(self, path):
        if os.path.lexists(local_path(path)):
            os.remove(local_path(path))


class _GFile:
    def __init__(self, tensorflow):
        self.gfile = tensorflow.io.gfile

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
        names = [name.rstrip("/") for name in self.gfile.listdir(path)]
        return [name + "/" * self.gfile.isdir(join(path, name)) for name in names if name]

    def make_folder(self, path):
        self.gfile.makedirs(path)

    def rename(self, old, new):
        self.gfile.rename(old, new, overwrite=True)

    def remove(self, path):
        if self.gfile.exists(path):
            self.gfile.remove(path)


class _Fsspec:
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
            name = urllib.parse.unquote(entry["name"].rstrip("/").rsplit("/", 1)[-1])
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
