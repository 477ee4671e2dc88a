"""Where fetched files lie: a folder for each address, since names repeat across folders of one publisher."""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import urllib.parse

from res3d.atomic import write_aside
from res3d.weights.store.mirror import local_path


def home():
    """The folder for everything fetched: `RES3D_HOME`, or `res3d` in the user's cache."""
    named = os.environ.get("RES3D_HOME")
    if named:
        return pathlib.Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(cache).expanduser() / "res3d"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the file of one address lies, and what is remembered of it.

    Attributes:
        address: str, as published; a mirror does not change it.
        folder: pathlib.Path of its own.
    """

    address: str
    folder: pathlib.Path

    @property
    def file(self) -> pathlib.Path:
        """The whole file, once it is there, under the name it was published with; one of this machine where it lies."""
        return local_path(self.address) or self.folder / file_of(self.address)

    @property
    def part(self) -> pathlib.Path:
        """What has arrived of it so far."""
        return self.folder / "arriving"

    @property
    def lock(self) -> pathlib.Path:
        """The file that a process holds while it fetches."""
        return self.folder / "lock"

    @property
    def record(self) -> dict:
        """What is remembered: `address`, `sha256` and `bytes` of the file when it was first seen whole."""
        return self._read("record.json")

    def remember(self, **facts) -> None:
        """Writes `record`; it outlives the file, so that the next one is compared with it."""
        write_aside(self.folder / "record.json", json.dumps({"address": self.address, **facts}, indent=1) + "\n")

    @property
    def arriving(self) -> dict:
        """`version` and `total` of the file of which `part` is the beginning."""
        return self._read("arriving.json")

    def expect(self, **facts) -> None:
        """Writes `arriving`."""
        write_aside(self.folder / "arriving.json", json.dumps(facts) + "\n")

    def drop_part(self) -> None:
        """Forgets what has arrived so far."""
        for path in (self.part, self.folder / "arriving.json"):
            path.unlink(missing_ok=True)

    def _read(self, name):
        try:
            found = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


@functools.lru_cache(maxsize=4096)
def file_of(address):
    """The name of the file at an address.

    >>> file_of("https://a.org/x/r3d%5F18.pth?dl=1")
    'r3d_18.pth'
    """
    return pathlib.PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name or "file"


def place(address):
    """The `Place` of an address.

    >>> place("https://a.org/x/r3d_18.pth").file.name
    'r3d_18.pth'
    """
    return Place(address, home() / "weights" / hashlib.sha256(address.encode()).hexdigest()[:16])
