"""What becomes of a video that cannot be read: it stops the reading, is left out, or another one stands in for it.

And what is said of data in which not even the longest video is as long as a clip.
"""

from concurrent import futures

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

    def bad(self):
        """Positions of the videos that are quarantined."""
        return list(self._bad)

    def is_bad(self, index):
        """Whether the video at a position is quarantined."""
        return index in self._bad

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


class Lineup:
    """The videos of evaluation clips: those of the manifest, less those found bad so far.

    Iterating it gives the entries that have a clip, and first looks at those that nothing has looked at yet; after a
    reading to the end that costs nothing.

    Args:
        source: `Source`.
        places: range. Positions in the manifest, in order; so many follow one another in a batch, bad ones included.
        batch_size: int.
        workers: int. Threads that look.
    """

    def __init__(self, source, places, batch_size, workers):
        self.source, self.places, self.batch_size, self.workers = source, places, batch_size, workers
        self._told = 0

    def __len__(self):
        return len(self.places) - len(self._bad)

    def __iter__(self):
        fallback = self.source.fallback
        unread = [place for place in self.places if not self.source.looked_at(place)]
        with futures.ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(lambda place: fallback.try_read(self.source.extent, place), unread))
        return iter([self.source.manifest.entries[place] for place in self.places if not fallback.is_bad(place)])

    @property
    def batches(self):
        """Batches: as many as the videos fill, less those of which no video can be read, as far as that is known."""
        starts, lost = range(0, len(self.places), self.batch_size), {}
        for place in self._bad:
            number = self.places.index(place) // self.batch_size
            lost[number] = lost.get(number, 0) + 1
        sizes = {number: min(self.batch_size, len(self.places) - starts[number]) for number in lost}
        return len(starts) - sum(lost[number] == sizes[number] for number in lost)

    @property
    def _bad(self):
        return [place for place in self.source.fallback.bad() if place in self.places]

    def news(self):
        """Whether more are known to be bad than when this was last asked."""
        told, self._told = self._told, len(self._bad)
        return self._told > told


def _part(entry):
    """Which part of its video an entry is, in words, or None for all of it."""
    if entry.start is None and entry.end is None and not entry.first_frame:
        return None
    start, end = ("the beginning" if entry.start is None else f"{entry.start:g} s",
                  "the end" if entry.end is None else f"{entry.end:g} s")
    return f"{start} to {end}" + (f", from frame {entry.first_frame} on" if entry.first_frame else "")


def too_short(clip, kind, count, path, have):
    """The ValueError for data of which not even the longest is as long as a clip.

    Args:
        clip: `ClipSpec`.
        kind: "video" or "record".
        count: int. How many there are.
        path: str. The longest.
        have: its frames, in words or as an int.
    """
    which = f"'{shown(path)}'" if kind == "video" else f"that of '{shown(path)}'"
    if clip.in_segments:
        rate = f" at {clip.fps:g} fps" if clip.fps is not None else ""
        return ValueError(f"Expected a {kind} of at least as many frames{rate} as a clip has parts, {clip.frames}. The "
                          f"longest of {count} is {which} with {have}. Use fewer frames.")
    return ValueError(f"Expected a {kind} at least as long as a clip of {clip.timing}: {clip.span} frames. The longest "
                      f"of {count} is {which} with {have}. Use fewer frames or a smaller stride.")
