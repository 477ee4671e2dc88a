"""How often a model was asked of late and how fast it answered, second by second, for the page."""

import collections
import threading

SECONDS = 60  # that are kept
SAMPLES = 64  # of the times of a second that its median is taken of


class Recent:
    """Counts of the last minute; memory does not grow with the number of requests.

    >>> recent = Recent()
    >>> for at, seconds in ((7.0, 0.010), (7.5, 0.030), (9.0, 0.020)):
    ...     recent.add(at, seconds)
    >>> recent.last(9.5, 10.0)
    (0.3, 20.0)
    >>> recent.series(9.5, width=2, count=2)
    [(1.0, 30.0), (0.5, 20.0)]
    """

    def __init__(self):
        self._seconds = collections.OrderedDict()  # second: [requests, some of their times]
        self._lock = threading.Lock()

    def add(self, at, seconds):
        """A request has been answered at the time `at`, which never falls, within `seconds`."""
        with self._lock:
            found = self._seconds.setdefault(int(at), [0, []])
            found[0] += 1
            if len(found[1]) < SAMPLES:
                found[1].append(seconds)
            while len(self._seconds) > SECONDS:
                self._seconds.popitem(last=False)

    def last(self, now, window):
        """(requests a second, median milliseconds or None) of the last `window` seconds."""
        count, milliseconds = self._between(int(now) - int(window) + 1, int(now) + 1)
        return count / window, milliseconds

    def series(self, now, width=2, count=30):
        """[(requests a second, median milliseconds or None)] of stretches of `width` seconds, the newest last."""
        end = int(now) + 1
        starts = range(end - width * count, end, width)
        found = [self._between(start, start + width) for start in starts]
        return [(total / width, milliseconds) for total, milliseconds in found]

    def _between(self, start, end):
        with self._lock:
            some = [self._seconds[second] for second in range(start, end) if second in self._seconds]
            times = sorted(seconds for _, found in some for seconds in found)
        return sum(total for total, _ in some), times[len(times) // 2] * 1e3 if times else None
