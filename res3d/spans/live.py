"""Spans as they open and close, step by step: hysteresis."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from res3d.spans.contract import SpanSpec
from res3d.spans.span import Span


class Event(NamedTuple):
    """`kind` is "open", with a span that ends where it has been seen so far, "close", or "instant"."""

    kind: str
    span: Span


class LiveSpans:
    """Follows the scores of steps; the same steps give the same spans however they are cut into calls.

    A label opens when its score reaches `on` and has stayed at or above `off` for `least_seconds`; it closes when the
    score falls below `off`. The score of a span is the highest so far. An instant is told once the score has fallen
    below `off` again: where it was highest.

    Args:
        spec: SpanSpec. `on`, `off`, `least_seconds`.

    >>> live = LiveSpans(SpanSpec(("serve",), rate=10, window=8, none_class=False))
    >>> [(kind, span.start, span.end) for kind, span in live.add(np.array([[0.2], [0.4], [0.8], [0.4], [0.1]]))]
    [('open', 0.1, 0.3), ('close', 0.1, 0.4)]
    """

    def __init__(self, spec: SpanSpec) -> None:
        self.spec, self.step = spec, 0
        self._since: list = [None] * len(spec.labels)  # the step from which the score has been at `off` or above
        self._best = [(0.0, 0)] * len(spec.labels)  # the highest score since, and its step
        self._told = [False] * len(spec.labels)

    def add(self, scores: np.ndarray) -> list[Event]:
        """Takes (steps, classes) probabilities; what they open and close, in the order of time."""
        events = []
        for row in np.asarray(scores, "float64")[:, int(self.spec.none_class):]:
            for place, score in enumerate(row):
                events += self._follow(place, float(score))
            self.step += 1
        return events

    def rest(self) -> list[Event]:
        """Closes what is open, at the end of the video."""
        return [event for place in range(len(self.spec.labels)) for event in self._close(place)]

    def _follow(self, place, score):
        spec = self.spec
        if score < spec.off:
            return self._close(place)
        if self._since[place] is None:
            self._since[place], self._best[place] = self.step, (score, self.step)
        elif score > self._best[place][0]:
            self._best[place] = score, self.step
        if self._told[place] or spec.labels[place] in spec.instants or not self._sure(place, self.step + 1):
            return []
        self._told[place] = True
        return [Event("open", self._span(place, self.step + 1))]

    def _sure(self, place, end):
        """Whether what lasts up to step `end` was strong and long enough to be told."""
        since = self._since[place]
        if since is None or self._best[place][0] < self.spec.on:
            return False
        long_enough = (end - since) / self.spec.rate >= self.spec.least_seconds - 1e-9
        return long_enough or self.spec.labels[place] in self.spec.instants

    def _close(self, place):
        events, end = [], self.step
        if self._sure(place, end):
            instant = self.spec.labels[place] in self.spec.instants
            events = [Event("instant" if instant else "close", self._span(place, end))]
        self._since[place], self._told[place] = None, False
        return events

    def _span(self, place, end):
        rate, (score, top) = self.spec.rate, self._best[place]
        label = self.spec.labels[place]
        if label in self.spec.instants:
            return Span(top / rate, top / rate, label, score)
        return Span(self._since[place] / rate, end / rate, label, score)


def events_of(scores: Iterable[np.ndarray], spec: SpanSpec) -> Iterator[Event]:
    """Yields what opens and closes as arrays of scores (steps, classes) come, and at their end."""
    live = LiveSpans(spec)
    for some in scores:
        yield from live.add(some)
    yield from live.rest()
