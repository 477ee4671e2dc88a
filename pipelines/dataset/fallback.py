"""What becomes of a video that cannot be read: it stops the reading, is left out, or another one stands in for it."""

from absl import logging

from pipelines.storage.addresses import shown
from pipelines.video.info import UnreachableError, VideoError

ON_ERROR = ("quarantine", "raise")


class Fallback:
    """Tries to read videos, and takes note of those that fail; safe to be called by several threads.

    Its methods take `read`, a function of a video's position that returns what there is to return, or raises a
    VideoError.

    Args:
        entries: list of `Entry`. The videos.
        quarantine: `Quarantine`.
        on_error: "quarantine" lists a video that cannot be read; "raise" stops.

    Attributes:
        failure: what stopped the reading, None if nothing did.

    >>> from pipelines.annotations.entries import Entry
    >>> from pipelines.dataset.quarantine import Quarantine
    >>> def read(position):
    ...     if position == 1:
    ...         raise VideoError("b.mp4", "it is empty")
    ...     return f"clip {position}"
    >>> fallback = Fallback([Entry("a.mp4"), Entry("b.mp4"), Entry("c.mp4")], Quarantine())
    >>> fallback.try_read(read, 1), fallback.read_or_next(read, 1)
    (None, ('clip 2', 2))
    """

    def __init__(self, entries, quarantine, on_error="quarantine"):
        if on_error not in ON_ERROR:
            raise ValueError(f"`on_error` must be one of {', '.join(map(repr, ON_ERROR))}. Received: {on_error!r}.")
        self.entries, self.quarantine, self.on_error = entries, quarantine, on_error
        self.failure = None
        self._bad = {}  # position: reason
        self._reported = 0

    def read(self, read, index):
        """`read(index)`; what goes wrong is raised, and kept as `failure`."""
        try:
            return read(index)
        except VideoError as error:
            self.failure = error
            raise

    def try_read(self, read, index):
        """`read(index)`, or None for a video that is or has just been quarantined; raises with on_error="raise"."""
        if index in self._bad:
            return None
        try:
            return read(index)
        except VideoError as error:
            if self.on_error == "raise" or isinstance(error, UnreachableError):
                self.failure = error
                raise
            self._bad[index] = error.reason
            self.quarantine.add(self.entries[index].path, error.reason, _part(self.entries[index]))
            return None

    def read_or_next(self, read, index):
        """`read` of the first video from `index` on, in the manifest's order and around its end, that can be read.

        Which one that is depends on the files alone, not on what has been found out so far, nor by which thread. A
        folder per class keeps a class together, so that the stand-in mostly has the label of what it stands for.

        Returns:
            (what `read` gave, position of the video it is from).
        """
        total = len(self.entries)
        for candidate in range(index, index + total):
            found = self.try_read(read, candidate % total)
            if found is not None:
                return found, candidate % total
        self.failure = self.nothing_usable()
        raise self.failure

    def nothing_usable(self):
        """The ValueError for a data set of which no video can be read."""
        first = [f"'{shown(self.entries[index].path)}': {reason}" for index, reason in sorted(self._bad.items())[:3]]
        more = f"; and {len(self._bad) - 3} more" if len(self._bad) > 3 else ""
        return ValueError(f"Expected at least one video that decodes. None of {len(self.entries)} does: "
                          f"{'; '.join(first)}{more}. `res3d doctor` lists them all.")

    def report(self, epoch):
        """Logs, when it has changed, how many videos others stand in for at the end of an epoch."""
        if len(self._bad) != self._reported:
            self._reported = len(self._bad)
            logging.info("epoch %d: %d of %d videos are quarantined, others stood in for them", epoch, self._reported,
                         len(self.entries))


def _part(entry):
    """Which part of its video an entry is, in words, or None for all of it."""
    if entry.start is None and entry.end is None and not entry.first_frame:
        return None
    start, end = ("the beginning" if entry.start is None else f"{entry.start:g} s",
                  "the end" if entry.end is None else f"{entry.end:g} s")
    return f"{start} to {end}" + (f", from frame {entry.first_frame} on" if entry.first_frame else "")
