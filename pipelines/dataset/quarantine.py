"""The list of videos that could not be used, each with its reason: kept in memory, said once, written as CSV."""

import csv
import os
import threading

from absl import logging

from pipelines.records.layout import QUARANTINE_COLUMNS
from pipelines.storage.addresses import shown
from res3d.atomic import writing


class Quarantine:
    """A list of (path, reason), each path once, and addresses without their secrets; safe to fill from several threads.

    Of a video of which several parts cannot be used, each part is here once.

    Args:
        csv_path: path or None. Where `save` writes.

    >>> quarantine = Quarantine()
    >>> quarantine.add("a.mp4", "no frame could be decoded")
    True
    >>> len(quarantine), list(quarantine)
    (1, [('a.mp4', 'no frame could be decoded')])
    """

    def __init__(self, csv_path: str | os.PathLike | None = None) -> None:
        self.csv_path = csv_path
        self._reasons: dict[str, dict[str | None, str]] = {}  # path: {part, or None for all of it: reason}
        self._saved: list | None = None
        self._lock = threading.Lock()

    def add(self, path: str | os.PathLike, reason: object, part: str | None = None) -> bool:
        """Takes a video, or a part of one, in and logs it; False if it was there already.

        `part` is what tells it from others of its video, in words, such as "1 s to 2 s"; a reason that does not speak
        of a part is given it.
        """
        name = shown(path)
        if part is not None and "the part from" not in str(reason):
            reason = f"{reason} (the part from {part})"
        with self._lock:
            reasons = self._reasons.setdefault(name, {})
            if part in reasons:
                return False
            reasons[part] = str(reason)
        logging.warning("quarantined '%s': %s", name, reason)
        return True

    def reason(self, path: str | os.PathLike) -> str | None:
        """Why `path` is here, the first reason of several, or None if it is not."""
        return next(iter(self._reasons.get(shown(path), {}).values()), None)

    def save(self) -> None:
        """Writes `csv_path` (path,reason, sorted by path), aside and renamed, if there is something new."""
        if self.csv_path is None:
            return
        with self._lock:
            rows = self._rows()
            if rows == self._saved:
                return
            with writing(self.csv_path, "w", errors="surrogateescape", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(QUARANTINE_COLUMNS)
                writer.writerows(rows)
            self._saved = rows

    def __contains__(self, path):
        return shown(path) in self._reasons

    def __len__(self):
        return sum(map(len, list(self._reasons.values())))

    def __iter__(self):
        with self._lock:
            return iter(self._rows())

    def _rows(self):
        return sorted((name, reason) for name, reasons in self._reasons.items() for reason in reasons.values())

    def __getitem__(self, index):
        return list(self)[index]

    def __repr__(self):
        return f"Quarantine({list(self)})"


def load(path):
    """Reads what `Quarantine.save` wrote: a list of (path, reason)."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != QUARANTINE_COLUMNS:
        raise ValueError(f"Expected a CSV with the columns path,reason in '{path}'. Received: {rows[:1]}.")
    return [tuple(row) for row in rows[1:]]
