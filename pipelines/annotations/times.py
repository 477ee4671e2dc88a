"""Times as tools write them: frame numbers, milliseconds, `mm:ss`; and as everything here has them, seconds."""

import itertools
import math
import re

from pipelines.annotations.entries import Missing

LONGEST = 1e9  # seconds, or frames, above which a number is no time in a video
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d(?:\.\d*)?)")


def seconds(value):
    """A finite number of seconds, not below 0, of a number or of a text `12.5`, `mm:ss.fff` or `h:mm:ss`.

    Raises:
        ValueError: says what the value is, and no more.

    >>> seconds("01:02.5"), seconds(3), seconds("1:00:00")
    (62.5, 3.0, 3600.0)
    """
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock:
        found = 3600.0 * float(clock[1] or 0) + 60.0 * float(clock[2]) + float(clock[3])
    else:
        found = number(value)
    if not 0 <= found < LONGEST:
        raise ValueError(f"Expected seconds, from 0. Received: {value!r}.")
    return found


def number(value):
    """A number of a number or a text; not a number of anything else, `True` among it."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def pair(start, end, convert=seconds):
    """(start, end) in seconds, `end` not before `start`; ValueError says what was received."""
    first, last = convert(start), convert(end)
    if last < first:
        raise ValueError(f"Expected start <= end. Received: start={start!r}, end={end!r}.")
    return first, last


def frame(value):
    """A whole number from 0 of a number or a text; ValueError says what was received.

    >>> frame("12"), frame(3.0)
    (12, 3)
    """
    found = number(value)
    if not (0 <= found < LONGEST and found == int(found)):
        raise ValueError(f"Expected the number of a frame, from 0. Received: {value!r}.")
    return int(found)


class Clock:
    """Turns rows that count frames into seconds: at a rate, or by the times that the video's own frames have.

    Args:
        rate: float or None. Frames a second that they were counted at; None asks the video.
    """

    def __init__(self, rate=None):
        self.rate, self._times = rate, {}

    def seconds(self, row, path):
        """(start, end) in seconds, or a `Missing` with the reason why not; `path` is None where there is no file."""
        if not row.frames or row.start is None:
            return row.start, row.end
        if self.rate is not None:
            return row.start / self.rate, row.end / self.rate
        if path is None:
            return Missing(row.names[0], "its times are numbers of frames, and no file of its video tells when those "
                           "are shown; name the folder of videos, or the rate they were counted at", row.split)
        times = self._of(path)
        if isinstance(times, str):
            return Missing(row.names[0], f"its times are numbers of frames, and its video does not tell when those are "
                           f"shown: {times}", row.split)
        return _at(times, row.start), _at(times, row.end)

    def closed(self, times, row, path):
        """(start, end) of which none is left open, where one is: of a part until the end, the video says when that is.

        Or a `Missing` with the reason why not.
        """
        if isinstance(times, Missing) or (times[0] is None) == (times[1] is None):
            return times
        if times[1] is not None:
            return 0.0, times[1]
        known = None if path is None else self._of(path)
        if known is None or isinstance(known, str) or known[1] < times[0]:
            return Missing(row.names[0], f"it lasts from {times[0]:g} s to the end of its video, and no file tells "
                           "when that is, or it is before", row.split)
        return times[0], known[1]

    def _of(self, path):
        from pipelines.video import VideoError, probe  # where no frames are counted, no video is opened

        if path not in self._times:
            try:
                info = probe(path)
                self._times[path] = info.times_us / 1e6, info.duration_seconds, info.fps
            except VideoError as error:
                self._times[path] = error.reason
        return self._times[path]


def _at(times, index):
    """Seconds at which a frame is shown; frames after the last are thought on at the mean rate."""
    shown, length, fps = times
    return float(shown[int(index)]) if index < len(shown) else length + (index - len(shown)) / fps


def runs(values):
    """(value, first, last + 1) of each run of equal values, from 0.

    >>> list(runs([0, 1, 1, 0]))
    [(0, 0, 1), (1, 1, 3), (0, 3, 4)]
    """
    first = 0
    for value, same in itertools.groupby(values):
        last = first + sum(1 for _ in same)
        yield value, first, last
        first = last
