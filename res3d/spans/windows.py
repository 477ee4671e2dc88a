"""Windows that overlap, and the mean of what they say of each step."""

import numpy as np

from res3d.spans.contract import SpanSpec


def window_starts(steps: int, window: int, step: int) -> list[int]:
    """The first step of each window over `steps` steps; the last is moved back to end where the video does.

    A video shorter than a window has one, which reaches past its end.

    >>> window_starts(10, 4, 3), window_starts(11, 4, 3), window_starts(3, 4, 3)
    ([0, 3, 6], [0, 3, 6, 7], [0])
    """
    if steps <= window:
        return [0] if steps > 0 else []
    starts = list(range(0, steps - window + 1, step))
    return starts if starts[-1] == steps - window else [*starts, steps - window]


def probabilities(logits: np.ndarray, spec: SpanSpec) -> np.ndarray:
    """What the logits of a network say as probabilities, float64: a softmax, or sigmoids.

    Args:
        logits: array (..., classes).
        spec: SpanSpec.

    Raises:
        ValueError: for scores of other classes than the contract's, or such as are no numbers.

    >>> probabilities(np.zeros((1, 2)), SpanSpec(("a",), 1, 4))
    array([[0.5, 0.5]])
    """
    logits = np.asarray(logits, "float64") / spec.temperature
    if logits.shape[-1] != spec.num_classes:
        raise ValueError(f"The contract is of {spec.num_classes} scores a step: {'nothing, ' * spec.none_class}"
                         f"{', '.join(spec.labels)}. Received: an array of shape {logits.shape}.")
    if not np.isfinite(logits).all():
        raise ValueError("A network to find spans with must give numbers. Received: NaN or infinity. Use one whose "
                         "training did not diverge.")
    if not spec.none_class:
        return 0.5 * (1 + np.tanh(0.5 * logits))
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class WindowAverage:
    """Averages the scores of a step over the windows that saw it; holds no more than one window of them.

    Windows come in the order of their starts, and once one begins at a step, those before it are done.

    Args:
        classes: int. Scores of a step; windows come as arrays `(steps, classes)`.

    >>> mean = WindowAverage(1)
    >>> mean.add(0, np.array([[0.0], [2.0]])).tolist(), mean.add(1, np.array([[4.0], [6.0]])).tolist()
    ([], [[0.0]])
    >>> mean.rest().tolist()
    [[3.0], [6.0]]
    """

    def __init__(self, classes: int) -> None:
        self.start = 0
        self._sums, self._counts = np.zeros((0, classes)), np.zeros(0)

    def add(self, start: int, scores: np.ndarray) -> np.ndarray:
        """Takes the scores (steps, classes) of a window from `start` on; gives the steps that no later one can see.

        Raises:
            ValueError: for a window that starts before the last one, or leaves out a step.
        """
        if not self.start <= start <= self.start + len(self._counts):
            raise ValueError(f"A window must start from {self.start} to {self.start + len(self._counts)}, in order and "
                             f"without a gap. Received: {start}.")
        done = self._take(start - self.start)
        missing = len(scores) - len(self._counts)
        if missing > 0:
            self._sums = np.concatenate([self._sums, np.zeros((missing, self._sums.shape[1]))])
            self._counts = np.concatenate([self._counts, np.zeros(missing)])
        self._sums[:len(scores)] += scores
        self._counts[:len(scores)] += 1
        return done

    def rest(self) -> np.ndarray:
        """The scores `(steps, classes)` that are left, at the end of the video."""
        return self._take(len(self._counts))

    def _take(self, count):
        done = self._sums[:count] / self._counts[:count, None]
        self._sums, self._counts, self.start = self._sums[count:], self._counts[count:], self.start + count
        return done
