"""Remembers what probing found, so that a video is decoded for its true frame count once and not in every epoch."""

import json
import os
import threading

from pipelines.storage.addresses import shown
from pipelines.video import frame_folder, sources
from pipelines.video.info import UnreachableError, VideoError, VideoInfo
from pipelines.video.jumps import with_jumps
from pipelines.video.reading import probe
from res3d.atomic import writing


class Probes:
    """Probes each file once, from any number of threads; what failed is remembered with its reason.

    Args:
        path: path or None. A JSON-lines file read now and written by `save`. An entry holds as long as the size and the
            time of change of its file do, or the size and the tag that a bucket gives it.
        jumps: bool, or function of a `VideoInfo`. Whether to find, too, the key frames from which decoding may start.

    >>> probes = Probes()
    >>> len(probes)
    0
    """

    def __init__(self, path=None, jumps=False):
        self.path, self.jumps = path, jumps
        self._found = {}  # path: (stamp, VideoInfo or reason, whether there is nothing left to find out about jumps)
        # Compared with its video when that is first asked for.
        self._stored = self._load() if path is not None and os.path.exists(path) else {}
        self._lock = threading.Lock()
        self._changed = False

    @property
    def remembers_bad(self):
        """Whether the file that was read names videos that could not be."""
        return any(isinstance(found, str) for _, found, _ in self._stored.values())

    def was_bad(self, path):
        """Whether a video could not be read when the file was written that was read."""
        known = self._stored.get(shown(path))
        return known is not None and isinstance(known[1], str)

    def info(self, path, is_folder=False, source=None):
        """The `VideoInfo` of a video file or a folder of frames; VideoError, each time, where there is none.

        `source` is what `sources.hold` gives of an address: what is fetched for probing then need not be again.
        """
        if path not in self._found:
            self._look(path, is_folder, sources.hold(path) if source is None else source)
        found = self._found[path][1]
        if isinstance(found, str):
            raise VideoError(path, found)
        return found

    def _look(self, path, is_folder, source):
        stamp = sources.stamp(path) if self.path is not None else None  # for an address, a question to its server
        known = self._stored.get(shown(path))
        fresh = known is None or stamp is None or known[0] != stamp
        if fresh:
            try:
                known = stamp, frame_folder.probe(path) if is_folder else probe(source), is_folder
            except UnreachableError:
                raise
            except VideoError as error:
                known = stamp, error.reason, True
        if not known[2] and (self.jumps(known[1]) if callable(self.jumps) else self.jumps):
            known, fresh = (stamp, with_jumps(source, known[1]), True), True
        with self._lock:
            self._found[path] = known
            self._changed |= fresh

    def save(self):
        """Writes `path`, aside and renamed, if anything was learnt since it was read."""
        if self.path is None or not self._changed:
            return
        with self._lock:
            rows, self._changed = self._stored | {shown(path): known for path, known in self._found.items()}, False
        with writing(self.path, "w", errors="surrogateescape") as file:
            for path, (stamp, found, jumps) in rows.items():
                said = {"reason": found} if isinstance(found, str) else {"info": found.to_dict(), "jumps": jumps}
                file.write(json.dumps({"path": path, "stamp": stamp} | said) + "\n")

    def _load(self):
        stored = {}
        with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line)
                    found = row["reason"] if "reason" in row else VideoInfo.from_dict(row["info"])
                    stored[row["path"]] = row["stamp"] and tuple(row["stamp"]), found, row.get("jumps", True)
                except (ValueError, KeyError, TypeError):
                    raise ValueError(f"Expected one probed video a line in '{self.path}'. Line {number} is not: "
                                     f"{line[:60]!r}. Remove the file; it will be made again.") from None
        return stored

    def __len__(self):
        return len(self._found)
