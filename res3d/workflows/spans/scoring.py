"""A long video through a network, window by window: the scores of its steps, in memory that does not grow with it."""

import collections

import numpy as np

from res3d.evaluation.adapt import without_xla
from res3d.spans.decoding import decode
from res3d.spans.live import LiveSpans
from res3d.spans.windows import WindowAverage, probabilities
from res3d.workflows.sliding import network_frames

WINDOWS_AT_ONCE = 4


class StepScorer:
    """Frames in, scores of steps out, each once no later window can see it.

    Args:
        network: model of `(batch, *clip.shape)` to logits `(batch, steps, classes)`.
        spec: SpanSpec.
        at_once: int. Windows that the network sees together; 1 answers soonest.
    """

    def __init__(self, network, spec, at_once=WINDOWS_AT_ONCE):
        self.network, self.spec, self.at_once = without_xla(network), spec, at_once
        self.ring, self.taken = collections.deque(maxlen=spec.window), 0
        self.mean, self.waiting = WindowAverage(spec.num_classes), []

    def add(self, frame):
        """Takes a frame as the network sees it; the scores (steps, classes) that are done, often none."""
        self.ring.append(frame)
        self.taken += 1
        start = self.taken - self.spec.window
        if start >= 0 and start % self.spec.step == 0:
            self.waiting.append((start, np.stack(self.ring)))
        return self._answers() if len(self.waiting) == self.at_once else self._none()

    def rest(self):
        """The scores of the steps that are left: the last window is moved back to end where the video does."""
        start = self.taken - self.spec.window
        if start < 0 < self.taken:  # shorter than a window: the last frame stands for those that it lacks
            frames = [*self.ring, *[self.ring[-1]] * -start]
            self.waiting.append((0, np.stack(frames)))
        elif start > 0 and start % self.spec.step:
            self.waiting.append((start, np.stack(self.ring)))
        return np.concatenate([self._answers(), self.mean.rest()])

    def _answers(self):
        done = [self._none()]
        if self.waiting:
            starts, pixels = zip(*self.waiting)
            logits = np.asarray(self.network.predict_on_batch(np.stack(pixels)))
            scores = probabilities(logits, self.spec)
            done += [self.mean.add(start, window[:self.taken - start]) for start, window in zip(starts, scores)]
            self.waiting = []
        return np.concatenate(done)

    def _none(self):
        return np.zeros((0, self.spec.num_classes))


def step_scores(network, clip, spec, source, at_once=WINDOWS_AT_ONCE):
    """Yields the scores (steps, classes) of a file, a camera or a stream, in the order of time."""
    scorer = StepScorer(network, spec, at_once)
    for _, _, frame in network_frames(source, clip):
        if frame is not None:
            done = scorer.add(frame)
            if len(done):
                yield done
    yield scorer.rest()


def find_spans(network, clip, spec, source):
    """(`Span`s of a file by falling score, seconds that it lasts): its scores alone are kept, 8 bytes a class and
    step."""
    scores = np.concatenate(list(step_scores(network, clip, spec, source)))
    return decode(scores, spec, source), len(scores) / spec.rate


def follow_spans(network, clip, spec, source):
    """Yields `Event`s of a file, a camera or a stream as spans open and close."""
    live = LiveSpans(spec)
    for scores in step_scores(network, clip, spec, source, at_once=1):
        yield from live.add(scores)
    yield from live.rest()
