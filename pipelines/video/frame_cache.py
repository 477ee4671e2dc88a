"""Decoded frames that are kept, at the size that clips are cut from, so that a video is decoded once and not each time.

For data sets that are small enough: in memory where they fit, else on a disk, else not at all.
"""

import collections
import contextlib
import hashlib
import os
import pathlib
import shutil
import threading

import numpy as np
from absl import logging

from pipelines.video import clip_array
from pipelines.video.opencv import resize_image
from res3d.atomic import renamed

PLACES = ("auto", "memory", "disk")
SHARE = 0.25  # of the memory that is free, and of the disk, that frames may take


class FrameCache:
    """Room for decoded frames; one may serve training and evaluation clips together.

    Args:
        where: "memory", "disk", or "auto" for memory where the frames fit, else the disk, else neither.
        folder: path or None. Where frames on a disk lie; None leaves them memory alone.
        memory, disk: ints or None. Bytes to use; None is a quarter of what is free.

    Raises:
        ValueError: for another `where`, or "disk" without a folder.

    >>> cache = FrameCache(memory=1000)
    >>> cache.room(800) is None, cache.room(300) is None   # 200 are left
    (False, True)
    """

    def __init__(self, where: str = "auto", folder: str | os.PathLike | None = None, memory: int | None = None,
                 disk: int | None = None) -> None:
        if where not in PLACES:
            raise ValueError(f"`where` must be one of {', '.join(map(repr, PLACES))}. Received: where={where!r}.")
        if where == "disk" and folder is None:
            raise ValueError("`folder` must be given for frames on a disk. Received: folder=None.")
        self.where, self.folder = where, None if folder is None else pathlib.Path(folder)
        self._memory = free_memory() * SHARE if memory is None else memory
        self._disk = disk

    def room(self, size: int) -> "Kept | None":
        """What keeps frames of `size` bytes altogether, or None where there is no room for them.

        Raises:
            ValueError: if there is none at the place that was asked for.
        """
        if self.where != "disk" and size <= self._memory:
            self._memory -= size
            logging.info("%.0f MB of decoded frames are kept in memory", size / 1e6)
            return Kept()
        if self.where != "memory" and self.folder is not None and size <= self._free_disk():
            self._disk = self._free_disk() - size
            logging.info("%.0f MB of decoded frames are kept in '%s'", size / 1e6, self.folder)
            return Kept(self.folder)
        left = f"{self._memory / 1e6:.0f} MB of memory" if self.where != "disk" else ""
        if self.folder is not None and self.where != "memory":
            left += f"{' and ' if left else ''}{self._free_disk() / 1e6:.0f} MB in '{self.folder}'"
        if self.where != "auto":
            raise ValueError(f"Decoded frames need {size / 1e6:.0f} MB, and may take {left}. Use smaller or gray "
                             "clips, another place, or no cache.")
        logging.info("decoded frames are not kept: they would need %.0f MB, and may take %s", size / 1e6, left)
        return None

    def clear(self) -> None:
        """Removes the frames on the disk, and their folder if nothing else is in it."""
        if self.folder is not None and self.folder.is_dir():
            for path in self.folder.glob(f"{'[0-9a-f]' * 32}.npy"):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def _free_disk(self):
        if self._disk is None:
            there = next(folder for folder in (self.folder, *self.folder.absolute().parents) if folder.is_dir())
            self._disk = shutil.disk_usage(there).free * SHARE
        return self._disk


class Kept:
    """Frames by name, made once whoever asks first, from any number of threads.

    Args:
        folder: pathlib.Path, or None for memory.
    """

    def __init__(self, folder=None):
        self.folder = folder
        self._found = {}
        self._locks = collections.defaultdict(threading.Lock)

    def frames(self, name, make):
        """The uint8 array of `name`, or what `make()` gives, which is then kept."""
        found = self._found.get(name)
        if found is None:
            with self._locks[name]:
                found = self._found.get(name)
                if found is None:
                    found = self._found[name] = make() if self.folder is None else self._on_disk(name, make)
        return found

    def _on_disk(self, name, make):
        path = self.folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.npy"
        with contextlib.suppress(OSError, ValueError):  # not there, or not whole
            return np.load(path, mmap_mode="r")
        self.folder.mkdir(parents=True, exist_ok=True)
        with renamed(path, ".npy") as aside:
            np.save(aside, make())
        return np.load(path, mmap_mode="r")


class KeptFrames:
    """Reads as `pipelines.video.reading` does, from frames that are kept.

    Args:
        frames: uint8 (n, height, width, channels), whole pictures as large as clips are cut from.
        first: int. The number of the first of them in its video.
    """

    def __init__(self, frames, first):
        self.kept, self.first = frames, first

    def read_frames(self, _, indices, size=None, *, channels=3):
        """The whole pictures, which have their size already."""
        return self.kept[np.asarray(list(indices)) - self.first]

    def read_clips(self, _, lists, clip, crops=(1,), positions=3, box=None):
        """As `pipelines.video.read_clips`; a box is in pixels of the pictures kept."""
        lists = [[index - self.first for index in indices] for indices in lists]
        cuts = clip_array.clip_cuts(clip, crops, positions, box)
        filling = clip_array.Filling(lists, cuts, clip.channels, resize_image,
                                     lambda part, target: np.copyto(target, part))
        for index in filling.wanted:
            filling.put(index, self.kept[index])
        return filling.out


def free_memory():
    """Bytes that a process may still take, as far as the system tells; 1 GiB where it does not."""
    free = 2**30
    with contextlib.suppress(ValueError, OSError, AttributeError):
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError, IndexError):  # Linux; what is cached of files can be had as well
        lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError):  # a container's own limit
        group = pathlib.Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{what}").read_text(encoding="ascii")) for what in ("max", "current"))
        free = min(free, max(limit - used, 0))
    return free
