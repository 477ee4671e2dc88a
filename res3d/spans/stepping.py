"""A long video through a network, window by window: the scores of its steps, in memory that does not grow with it."""

import collections
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from res3d.spans.contract import SpanSpec
from res3d.spans.decoding import decode
from res3d.spans.span import Span
from res3d.spans.windows import WindowAverage, probabilities

WINDOWS_AT_ONCE = 4


class StepScorer:
    """Frames in, scores of steps out, each once no later window can see it.

    Args:
        answer: function of windows, uint8 `(n, *clip.shape)`, to logits `(n, steps, classes)`; a network here, or a
            served one.
        spec: SpanSpec.
        at_once: int. Windows that are asked about together; 1 answers soonest.
    """

    def __init__(self, answer: Callable, spec: SpanSpec, at_once: int = WINDOWS_AT_ONCE) -> None:
        self.answer, self.spec, self.at_once = answer, spec, at_once
        self.ring: collections.deque = collections.deque(maxlen=spec.window)
        self.taken, self.mean = 0, WindowAverage(spec.num_classes)
        self.waiting: list = []

    def add(self, frame: np.ndarray) -> np.ndarray:
        """Takes a frame as the network sees it; the scores (steps, classes) that are done, often none."""
        self.ring.append(frame)
        self.taken += 1
        start = self.taken - self.spec.window
        if start >= 0 and self._begins(start):
            self.waiting.append((start, np.stack(self.ring)))
        return self._answers() if len(self.waiting) == self.at_once else self._none()

    def rest(self) -> np.ndarray:
        """The scores of the steps that are left: the last window is moved back to end where the video does."""
        start = self.taken - self.spec.window
        if start < 0 < self.taken:  # shorter than a window: the last frame stands for those that it lacks
            frames = [*self.ring, *[self.ring[-1]] * -start]
            self.waiting.append((0, np.stack(frames)))
        elif start > 0 and not self._begins(start):
            self.waiting.append((start, np.stack(self.ring)))
        return np.concatenate([self._answers(), self.mean.rest()])

    def _begins(self, start):
        return start % self.spec.step == 0

    def _answers(self):
        done = [self._none()]
        if self.waiting:
            starts, pixels = zip(*self.waiting)
            scores = probabilities(np.asarray(self.answer(np.stack(pixels))), self.spec)
            done += [self.mean.add(start, window[:self.taken - start]) for start, window in zip(starts, scores)]
            self.waiting = []
        return np.concatenate(done)

    def _none(self):
        return np.zeros((0, self.spec.num_classes))


def scores_of(frames: Iterable, answer: Callable, spec: SpanSpec,
              at_once: int = WINDOWS_AT_ONCE) -> Iterator[np.ndarray]:
    """Yields the scores (steps, classes) of frames, in the order of time; arguments as of `StepScorer`."""
    scorer = StepScorer(answer, spec, at_once)
    for frame in frames:
        done = scorer.add(frame)
        if len(done):
            yield done
    yield scorer.rest()


def spans_in(frames: Iterable, answer: Callable, spec: SpanSpec, video: str = "") -> tuple[list[Span], float]:
    """(`Span`s of a whole video by falling score, seconds that its steps last), whoever gives the logits.

    Of a video its scores alone are kept, 8 bytes a class and step.

    Args:
        frames: as the network sees them, at the contract's rate.
        answer, spec: as of `StepScorer`.
        video: str. What the spans are said to be of.
    """
    scores = np.concatenate(list(scores_of(frames, answer, spec)))
    return decode(scores, spec, video), len(scores) / spec.rate
