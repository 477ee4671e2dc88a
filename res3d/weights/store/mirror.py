"""Where a published address is really asked for: itself, or below `RES3D_MIRROR`."""

import os
import pathlib
import urllib.parse

SCHEMES = ("http", "https", "file")  # of what is fetched; the last for a mirror that is a folder


def mirrored(address):
    """`address`, or what stands for it in the mirror: its host and path below the mirror's own address or folder.

    >>> os.environ["RES3D_MIRROR"] = "https://mirror.lan/models/"
    >>> mirrored("https://download.pytorch.org/models/a.pth")
    'https://mirror.lan/models/download.pytorch.org/models/a.pth'
    >>> del os.environ["RES3D_MIRROR"]
    """
    mirror = os.environ.get("RES3D_MIRROR")
    if not mirror or address.startswith("file:"):
        return address
    parts = urllib.parse.urlsplit(address)
    below = f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    if "://" not in mirror:
        return pathlib.Path(mirror).expanduser().absolute().as_uri() + "/" + below
    return mirror.rstrip("/") + "/" + below


def local_path(address):
    """The path that a `file:` address names, or None for any other."""
    parts = urllib.parse.urlsplit(address)
    return pathlib.Path(urllib.parse.unquote(parts.path)) if parts.scheme == "file" else None
