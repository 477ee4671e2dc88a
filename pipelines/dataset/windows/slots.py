"""Where in long videos the windows of an epoch lie: as many as cover each video once, moved about at random."""

import numpy as np

from pipelines.sample.seeds import draw, uniform


class Slots:
    """Places for windows over videos, in the order of the videos; each holds a window near it, drawn from a key.

    Args:
        lengths: ints. Steps of each video.
        window: int. Steps of a window.
        events: for each video, the middles of what happens in it, in steps.
        busy: function (video, start) -> whether anything happens in the window that starts there.
        background: float. The share of the windows without anything in them that stays; each of the others is drawn
            anew, around something that happens.
        density: float. Windows in an epoch to each that would cover a video once.

    >>> slots = Slots([10, 4], 4, [[], [2]], lambda video, start: video == 1, background=1.0)
    >>> [video for video, _ in slots.places], [slots.drawn(3, key)[0] for key in range(3)]
    ([0, 0, 0, 1], [1, 1, 1])
    """

    def __init__(self, lengths, window, events, busy, background=0.5, density=1.0):
        if not 0 <= background <= 1:
            raise ValueError(f"`background` must be a share from 0 to 1. Received: background={background!r}.")
        if not density > 0:
            raise ValueError(f"`density` must be above 0. Received: density={density!r}.")
        self.lengths, self.window, self.busy, self.background = lengths, window, busy, background
        self.places = []  # (video, middle of the slot in steps)
        for video, steps in enumerate(lengths):
            count = max(1, int(np.ceil(steps / window * density)))
            self.places += [(video, (number + 0.5) * steps / count) for number in range(count)]
        self.events = [(video, middle) for video, middles in enumerate(events) for middle in middles]

    def drawn(self, slot, key):
        """(video, first step) of the window of a slot that `key`, an int, decides."""
        video, middle = self.places[slot]
        start = self._inside(video, middle + (uniform(key, 1) - 1) * self.window)
        if self.events and not self.busy(video, start) and uniform(key, 2) >= self.background:
            video, middle = self.events[draw(0, len(self.events), key, 3)]
            start = self._inside(video, middle - uniform(key, 4) * self.window)
        return video, start

    def _inside(self, video, start):
        return int(np.clip(round(start), 0, max(self.lengths[video] - self.window, 0)))
