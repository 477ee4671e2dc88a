"""From the figures of a run so far to what is wrong with it: functions of numbers, each for one sign.

A sign is told only where it is beyond doubt; what is merely slow has none.
"""

import dataclasses
import math

import numpy as np

LEARNED = 0.05  # share of the way from guessing to a perfect answer, below which nothing was learned
FEWEST, MOST = 300, 2000  # steps before a loss is judged: half of the run, but from 300 to 2000
HIGH = 0.8  # training accuracy that is high
SWALLOWED = 0.9  # share of the answers that one class must have
EPOCHS = 3  # in a row that must show a sign of held-out videos


@dataclasses.dataclass(frozen=True)
class Guess:
    """What guessing gives, which a network must be better than.

    Attributes:
        loss: float. Of the best answer that is the same for every clip: the shares of the classes.
        floor: float. Of a perfect answer, which label smoothing keeps above 0.
    """

    loss: float
    floor: float


def guess_of(shares, label_smoothing=0.0, multi_label=False):
    """The `Guess` of classes that have these shares of the clips.

    Args:
        shares: one number a class, from 0 to 1; they sum to 1 unless `multi_label`.
        label_smoothing: float, as the loss takes it.
        multi_label: bool. One sigmoid a class; the mean over classes.

    >>> round(guess_of([0.25] * 4).loss, 4)   # ln 4
    1.3863
    """
    shares, count = np.asarray(shares, "float64"), len(shares)
    if multi_label:
        soft = shares * (1 - label_smoothing) + label_smoothing / 2
        return Guess(float(np.mean(_entropy(soft) + _entropy(1 - soft))),
                     float(_entropy(label_smoothing / 2) + _entropy(1 - label_smoothing / 2)))
    soft = shares * (1 - label_smoothing) + label_smoothing / count
    own, others = 1 - label_smoothing + label_smoothing / count, label_smoothing / count
    return Guess(float(_entropy(soft).sum()), float(_entropy(own) + (count - 1) * _entropy(others)))


def steps_to_judge(total_steps, warmup_steps=0):
    """Steps after which a loss like that of guessing is a sign: half of the run, from 300 to 2000, and the warm-up.

    >>> steps_to_judge(40), steps_to_judge(1600), steps_to_judge(10**6, warmup_steps=500)
    (300, 800, 2500)
    """
    return int(min(max(total_steps // 2, FEWEST), MOST) + warmup_steps)


def does_not_learn(points, guess, steps):
    """Whether the loss is still that of guessing.

    Args:
        points: list of (steps done, mean loss of the stretch before), in order.
        guess: `Guess`.
        steps: int. How many must be done.

    >>> does_not_learn([(200, 1.39), (400, 1.38)], guess_of([0.25] * 4), steps=300)
    True
    """
    if not points or points[-1][0] < steps:
        return False
    return guess.loss - points[-1][1] < LEARNED * (guess.loss - guess.floor)


def diverges(points, guess):
    """Whether the loss has risen, twice in a row, over half of the way back to guessing and above it, or far beyond.

    >>> diverges([(10, 1.3), (20, 0.6), (30, 1.5), (40, 4.0)], guess_of([0.25] * 4))
    True
    """
    if len(points) < 3:
        return False
    losses = [loss for _, loss in points]
    lowest = min(losses[:-2])
    bar = max(lowest + (guess.loss - guess.floor) / 2, guess.loss)
    return min(losses[-2:]) > bar


def remembers_only(rows, chance, videos):
    """Whether what was trained on is known, and of what was held out no more than chance would give, for some epochs.

    Args:
        rows: history, dicts with `accuracy` and `val_accuracy`.
        chance: float. Accuracy of the best answer that is the same for every held-out video.
        videos: int. Held-out videos; of few, chance may give more.

    >>> remembers_only([{"accuracy": 0.95, "val_accuracy": 0.27}] * 3, chance=0.25, videos=100)
    True
    """
    return near_chance(rows, chance, videos) and luckiest(chance, videos) < HIGH and all(
        row.get("accuracy", 0) >= HIGH for row in rows[-EPOCHS:])


def near_chance(rows, chance, videos):
    """Whether the held-out accuracy was for some epochs so near to the largest class's as luck may bring it; then the
    answers are worth counting."""
    last = rows[-EPOCHS:]
    return len(last) == EPOCHS and all(row.get("val_accuracy", 1) <= luckiest(chance, videos) for row in last)


def luckiest(chance, videos):
    """The accuracy that is two standard errors above `chance` on so many videos."""
    return chance + 2 * math.sqrt(chance * (1 - chance) / max(videos, 1))


def swallowing_class(answers, truth):
    """The class that has nearly all answers though not nearly all videos, or None.

    Args:
        answers, truth: counts, one a class, of answers and of videos.

    >>> swallowing_class([0, 19, 1], [7, 7, 6])
    1
    """
    answers, truth = np.asarray(answers, "float64"), np.asarray(truth, "float64")
    if answers.sum() < 10 or np.count_nonzero(truth) < 2:
        return None
    largest = int(answers.argmax())
    share, own = answers[largest] / answers.sum(), truth[largest] / truth.sum()
    return largest if share >= SWALLOWED and share - own > (1 - own) / 2 else None


def _entropy(share):
    share = np.asarray(share, "float64")
    return -share * np.log(np.where(share > 0, share, 1))
