"""Paths and addresses as text: which is which, how they are joined, and what of one may be shown. Opens nothing."""

import os
import posixpath
import re
import urllib.parse

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_WEB = ("http", "https")
# A user in front of the host, or a user and a password, which people write with slashes in it; no port and a path.
_USER = re.compile(r"://(?:[^/\s'\":@]*:(?!\d+/)[^\s'\"@]*@(?:[^/\s'\"]*@)?|[^/\s'\"]*@)")


def scheme(path):
    """The scheme of an address, or "" for a local path.

    >>> scheme("s3://bucket/a.mp4"), scheme("data/a.mp4"), scheme("file:///data/a.mp4")
    ('s3', '', '')
    """
    path = os.fspath(path)
    match = _SCHEME.match(path) if "://" in path else None  # most are paths, of which there may be millions
    found = match.group(1).lower() if match else ""
    return "" if found == "file" else found


def is_remote(path):
    """Whether `path` is an address rather than a local path."""
    return bool(scheme(path))


def on_the_web(path):
    """Whether `path` is behind a web server, which gives files and cannot list them."""
    return scheme(path) in _WEB


def shown(path):
    """`path` as it may be logged: without user, password and query, where addresses carry secrets.

    >>> shown("https://user:secret@host/a.mp4?X-Amz-Signature=abc"), shown("s3://bucket/really? #1.mp4")
    ('https://host/a.mp4', 's3://bucket/really? #1.mp4')
    """
    path = os.fspath(path)
    if not is_remote(path):
        return path
    query = r"[?#]" if on_the_web(path) else r"\?(?=[\w.~-]+=)"  # names in a bucket may hold either sign
    return _USER.sub("://", re.split(query, path, maxsplit=1)[0], count=1)


def without_secrets(text):
    """A message of somebody else's, with the secrets of addresses taken out of it."""
    text = _USER.sub("://", text)
    return re.sub(r"\?[^\s'\"]*", "?...", text)[:500]


def join(folder, *names):
    """`folder/name/...` for local paths and addresses alike.

    >>> join("s3://bucket/data", "train", "a.mp4")
    's3://bucket/data/train/a.mp4'
    """
    folder = os.fspath(folder)
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


def resolved(folder, name):
    """What `name` means in a file of `folder`: itself if it is absolute or an address, else a place in the folder.

    >>> resolved("s3://bucket/lists", "../run/a.mp4"), resolved("/data", "http://host/b.mp4"), resolved("/d", "b.mp4")
    ('s3://bucket/run/a.mp4', 'http://host/b.mp4', '/d/b.mp4')
    """
    if is_remote(name):
        return name
    if not is_remote(folder) or os.path.isabs(name):
        return os.path.normpath(os.path.join(folder, name))
    start, slashes, rest = folder.partition("://")
    host, _, path = rest.partition("/")
    return f"{start}{slashes}{host}{posixpath.normpath(posixpath.join('/' + path, name))}"


def plain(path):
    """An address without the query that web addresses may end in; other paths as they are."""
    return re.split(r"[?#]", path, maxsplit=1)[0] if on_the_web(path) else path


def parent(path):
    """The folder that a path or an address lies in.

    >>> parent("https://host/lists/train.csv?token=a/b"), parent("data/train.csv")
    ('https://host/lists', 'data')
    """
    return os.path.dirname(plain(path))


def file_name(path):
    """The last part of a path or an address, without a query."""
    return os.path.basename(plain(path))


def local_path(path):
    """`path` as the operating system knows it: `file://` taken off."""
    path = os.fspath(path)
    return urllib.parse.unquote(urllib.parse.urlsplit(path).path) if path.lower().startswith("file://") else path


def on_disk(path, what):
    """`path` as the operating system knows it, for what cannot be done at an address.

    Raises:
        ValueError: for an address, with `what` it was for.

    >>> on_disk("file:///models/actions", "An export"), on_disk("models/actions", "An export")
    ('/models/actions', 'models/actions')
    """
    if is_remote(path):
        raise ValueError(f"{what} must be in a folder of this machine. Received: '{shown(path)}', an address. Name a "
                         f"local folder, and copy it with the tools of {scheme(path)}://, or mount the bucket.")
    return local_path(path)


def absolute(path):
    """A path as it stands whatever the folder one is in; an address without slashes at its end, but on the web."""
    path = os.fspath(path)
    if is_remote(path):
        return path if on_the_web(path) else path.rstrip("/")
    return os.path.abspath(os.path.expanduser(local_path(path)))


def all_shown(text):
    """`text` with every address in it as it may be shown.

    >>> all_shown("no label for 'https://host/a.mp4?token=1'")
    "no label for 'https://host/a.mp4'"
    """
    return re.sub(r"[a-z][a-z0-9+.-]*://[^\s'\"]+", lambda found: shown(found[0]), text)
