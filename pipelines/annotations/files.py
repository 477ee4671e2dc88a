"""What lies below a folder: which files may be videos, which folders hold frames, and how to find one by name."""

import os
import re
from pathlib import PurePath

from pipelines.annotations.labels import composed, plain_name
from pipelines.storage import addresses, folders
from pipelines.storage.folders import FRAME_SUFFIXES, is_frame, listing

# Everything else is tried as a video: a suffix, or its absence, says little.
NOT_VIDEOS = frozenset([
    ".ass", ".boris", ".bz2", ".cfg", ".css", ".csv", ".db", ".doc", ".docx", ".eaf", ".etf", ".gz", ".h5", ".hdf5",
    ".htm", ".html", ".ini", ".ipynb", ".js", ".json", ".jsonl", ".lock", ".log", ".md", ".md5", ".npy", ".npz",
    ".ods", ".parquet", ".part", ".pdf", ".pfsx", ".pgm", ".pickle", ".pkl", ".ppm", ".py", ".rst", ".sh", ".sha1",
    ".sha256", ".srt", ".sub", ".tar", ".textgrid", ".tfrecord", ".tif", ".tiff", ".toml", ".tsv", ".txt", ".vtt",
    ".xls", ".xlsx", ".xml", ".yaml", ".yml", ".zip"])
NO_VIDEOS = frozenset(["license", "readme", "makefile", "thumbs.db", "desktop.ini", "__macosx", "lost+found"])


def is_hidden(name):
    """Names that a tool or a system leaves behind."""
    return name.startswith(".") or name.casefold() in NO_VIDEOS


def may_be_video(name):
    """False only for what is plainly something else: a README is no broken video.

    >>> [may_be_video(name) for name in ("a.mp4", "clip", "README.md", "0001.jpg", ".b.mp4.swp")]
    [True, True, False, False, False]
    """
    suffix = os.path.splitext(name)[1].lower()
    return not is_hidden(name) and suffix not in NOT_VIDEOS and suffix not in FRAME_SUFFIXES


def list_folder(folder):
    """(sub-folders, files): names in a folder, sorted, hidden ones left out, links followed."""
    folders, files = listing(folder)
    return [name for name in folders if not is_hidden(name)], [name for name in files if not is_hidden(name)]


def frames_in(folder):
    """How many images a folder holds."""
    return sum(map(is_frame, list_folder(folder)[1]))


def spelt(path):
    """`path` as it is there: where accents are written in another way in a list than on the disk, the disk's way.

    A path of which nothing is there in either way, or that the web has, comes back as it is.
    """
    if path.isascii() or addresses.on_the_web(path) or folders.kind(path):
        return path
    above = addresses.parent(path)
    if above == path:
        return path
    above, name = spelt(above), composed(addresses.file_name(path))
    try:
        there = [found for names in listing(above) for found in names if composed(found) == name]
    except OSError:
        return path
    return addresses.join(above, there[0]) if there else path


def located(folder, name):
    """(path, "file" or "folder") of what `name` means in a list of `folder`; (path, None) where nothing is there.

    It is looked for as it stands, and then as other systems and programs write a path: `file://`, `~`, backslashes,
    spaces around it.
    """
    for written in _spellings(name):
        path = spelt(addresses.resolved(folder, written))
        kind = folders.kind(path)
        if kind is not None:
            return path, kind
    return spelt(addresses.resolved(folder, name)), None


def _spellings(name):
    yield name
    if addresses.is_remote(name):
        return
    if name.lower().startswith("file:/"):
        host = name.lower().startswith("file://")  # which RFC 8089 lets an address leave out with both slashes
        yield addresses.local_path(name if host else f"file://{name[len('file:'):]}")
        yield name[len("file://" if host else "file:"):]  # of those who have not quoted what an address must
    slashed = name.replace("\\", "/")
    yield from (written for written in dict.fromkeys((os.path.expanduser(slashed), slashed, name.strip()))
                if written not in (name, ""))


def not_there(name):
    """A remark on a name that is nowhere, where it shows what kind of name it is; else "".

    >>> not_there("C:/clips/a.avi"), not_there("a.avi")
    ('; C: is a drive of Windows: write paths from the folder of the list on', '')
    """
    drive = re.match(r"[A-Za-z]:[\\/]", name)
    return f"; {drive[0][:2]} is a drive of Windows: write paths from the folder of the list on" if drive else ""


def walk(folder):
    """Yields (path, num_frames) of everything below `folder` that may be a video, in order of path.

    A folder that holds images and neither videos nor folders is one video of extracted frames; `num_frames` is None for
    files. A link back to a folder above, be it above `folder`, is not followed.
    """
    yield from _walk(folder, frozenset() if addresses.is_remote(folder) else _above(folder))


def _above(folder):
    """The real folders that `folder` lies in, and those that what it links to lies in."""
    inside = os.path.realpath(os.path.dirname(os.path.abspath(folder))), os.path.dirname(os.path.realpath(folder))
    return frozenset(str(above) for path in map(PurePath, inside) for above in (path, *path.parents))


def _walk(folder, above):
    real = folder if addresses.is_remote(folder) else os.path.realpath(folder)
    if real in above:
        return
    folders, files = list_folder(folder)
    videos = [name for name in files if may_be_video(name)]
    images = sum(map(is_frame, files))
    if images and not videos and not folders:
        yield folder, images
        return
    inner = set(folders)
    for name in sorted(folders + videos):
        path = addresses.join(folder, name)
        if name in inner:
            yield from _walk(path, above | {real})
        else:
            yield path, None


class Library:
    """The videos below a folder, found by path, by name or by name without suffix; names are never read as patterns.

    Args:
        folder: str.
        labels: label names. A folder called like one holds that class, and its files match no other.
    """

    def __init__(self, folder, labels=()):
        self.folder = folder
        self.frames = dict(walk(folder))
        self._labels = set(map(plain_name, labels))
        self._by_name = {}
        self._by_path = {composed(path): path for path in self.frames}
        for path in self.frames:
            name = composed(os.path.basename(path))
            for key in {name, _stem(name)}:
                self._by_name.setdefault(key, []).append(path)
        self._by_plain = None

    def find(self, names, near=()):
        """The path of the first of `names` that is there, or None.

        A name with folders is looked up as a path first; then the last part alone is, with any suffix. Of several files
        of one name the one whose folder is named in `near`, or in the name, is taken.
        """
        for name in names:
            path = addresses.resolved(self.folder, name)
            if path in self.frames:
                return path
            if composed(path) in self._by_path:
                return self._by_path[composed(path)]
        for name in names:
            wanted = {plain_name(folder) for folder in (*near, os.path.basename(os.path.dirname(name)))}
            others = []
            for path in self._candidates(composed(os.path.basename(name))):
                folder = plain_name(os.path.basename(os.path.dirname(path)))
                if folder in wanted:
                    return path
                if folder not in self._labels:
                    others.append(path)
            if others:
                return others[0]
        return None

    def _candidates(self, name):
        found = self._by_name.get(name) or self._by_name.get(_stem(name))
        if found is None:
            if self._by_plain is None:  # disks that forget case, and lists that never knew it
                self._by_plain = {}
                for key, paths in self._by_name.items():
                    self._by_plain.setdefault(key.casefold(), []).extend(paths)
            found = self._by_plain.get(name.casefold()) or self._by_plain.get(_stem(name).casefold(), ())
        return found


def _stem(name):
    """`name` without what looks like a suffix: `Mr. Bean_0` keeps its dot."""
    return re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", name)
