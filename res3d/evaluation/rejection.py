"""When a network of clips answers "none of these": a temperature that makes scores chances, and the least of them."""

import dataclasses
import json
import math
import os
from numbers import Real

import numpy as np

from res3d.atomic import write_aside
from res3d.evaluation.metrics import sigmoid, softmax

NONE = "none"  # a class of this name is no answer either
COLDEST, HOTTEST = 0.1, 10.0
KEEP = 0.95  # share of right answers that are kept where nothing else is asked for


@dataclasses.dataclass(frozen=True)
class Rejection:
    """Which answers count, as saved beside a model.

    Args:
        temperature: float. Logits are divided by it.
        threshold: float. A best score below it is "none of these".
        chosen: str. What the threshold was chosen for, such as "keep=0.95" or "alarms=10".
        videos: int. How many, held out, both were chosen on.
        model: str. Digest of the network that they belong to.
        on: str. Digest of the names of the videos that the threshold was chosen on, of background for "alarms".

    Raises:
        ValueError: for a temperature that is not above 0, or a threshold below 0.

    >>> rejection = Rejection(1.5, 0.6)
    >>> rejection.refuses([{"label": "run", "score": 0.59}]), rejection.refuses([{"label": "run", "score": 0.6}])
    (True, False)
    """

    temperature: float
    threshold: float
    chosen: str = ""
    videos: int = 0
    model: str = ""
    on: str = ""

    def __post_init__(self):
        for name, least in (("temperature", "above 0"), ("threshold", "0 or more")):
            value = getattr(self, name)
            valid = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
            if not valid or value < 0 or (value == 0 and name == "temperature"):
                raise ValueError(f"`{name}` of a rejection must be a number, {least}. Received: {name}={value!r}.")

    def refuses(self, top: list) -> bool:
        """Whether an answer, [{"label", "score"}] by falling score, is "none of these"."""
        return top[0]["label"] == NONE or top[0]["score"] < self.threshold

    def reached(self, top: list) -> list:
        """Of a network of several labels a video those of [{"label", "score"}] that are answers.

        >>> Rejection(1.0, 0.5).reached([{"label": "run", "score": 0.9}, {"label": "sit", "score": 0.2}])
        ['run']
        """
        return [row["label"] for row in top if row["label"] != NONE and row["score"] >= self.threshold]

    def judge(self, scores: list, top: int, multi_label: bool) -> dict:
        """An answer as it is told.

        Args:
            scores: [{"label", "score"}] by falling score; of several labels a video all of them.
            top: int. How many to tell.
            multi_label: bool.

        Returns:
            {"top", "none": whether it is "none of these"}; of several labels a video also "labels", all that reach the
            threshold, and none of these is that there is no such label.

        >>> Rejection(1.0, 0.5).judge([{"label": "run", "score": 0.9}, {"label": "sit", "score": 0.2}], 1, True)
        {'top': [{'label': 'run', 'score': 0.9}], 'labels': ['run'], 'none': False}
        """
        if not multi_label:
            return {"top": scores[:top], "none": self.refuses(scores)}
        labels = self.reached(scores)
        return {"top": scores[:top], "labels": labels, "none": not labels}

    def save(self, path: str | os.PathLike) -> None:
        """Writes the fields as JSON, aside and renamed."""
        write_aside(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Rejection":
        """Reads what `save` wrote."""
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(fields, dict) or set(fields) - set(known) or not {"temperature", "threshold"} <= set(fields):
            raise ValueError(f"'{path}' must have the fields {', '.join(known)}. Received: {str(fields)[:200]!r}. "
                             "Write it anew: res3d evaluate --calibrate.")
        return cls(**fields)


def from_card(card):
    """The `Rejection` of an export's model card, or None; the temperature is in its network already."""
    return Rejection(**card["rejection"]) if card.get("rejection") else None


def fit_temperature(logits, labels, former=1.0):
    """The temperature at which `(videos, classes)` logits are likeliest to give the labels, from 0.1 to 10 in all.

    The truth counts for a little less than all, as if one more video had been seen of every other class: without that,
    the scores of a network that is right on the few videos there are would have to be 1.

    Args:
        logits: (videos, classes), any number added to a row.
        labels: (videos,) ints.
        former: float. What the logits were divided by already.

    References: Guo et al., 2017 (arXiv 1706.04599); Platt, 1999, for the targets.

    >>> fit_temperature(np.array([[4.0, 0.0]] * 4), [0, 0, 0, 1]) > 2
    True
    """
    logits, labels = np.asarray(logits, "float64"), np.asarray(labels, int)
    videos, classes = logits.shape
    targets = np.full(logits.shape, 1.0 / (videos + classes))
    targets[np.arange(videos), labels] += videos / (videos + classes)

    def loss(scaled):
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float(-(targets * (scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)))).sum())

    return _likeliest(loss, logits, former)


def fit_sigmoid_temperature(logits, hot, former=1.0):
    """The same for several labels a video, each with a sigmoid of its own.

    Args:
        logits: (videos, classes).
        hot: (videos, classes) of 0 and 1.
        former: as of `fit_temperature`.

    >>> fit_sigmoid_temperature(np.array([[4.0], [4.0], [-4.0]]), [[1], [0], [0]]) > 2
    True
    """
    logits, hot = np.asarray(logits, "float64"), np.asarray(hot, "float64")
    right = hot.sum()
    targets = np.where(hot > 0, (right + 1) / (right + 2), 1 / (hot.size - right + 2))

    def loss(scaled):
        return float((np.logaddexp(0, scaled) - targets * scaled).sum())

    return _likeliest(loss, logits, former)


def _likeliest(loss, logits, former):
    """The temperature of least `loss(logits / temperature)`."""
    low, high = math.log(COLDEST / former), math.log(HOTTEST / former)  # between which the loss has one valley
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        first, second = high - golden * (high - low), low + golden * (high - low)
        better = loss(logits / math.exp(first)) <= loss(logits / math.exp(second))
        low, high = (low, second) if better else (first, high)
    return math.exp((low + high) / 2)


def cooled_scores(scores, temperature, multi_label=False):
    """Probabilities `(..., classes)` as a softmax, or sigmoids, of the same logits divided by `temperature` give them.

    >>> cooled_scores(np.array([0.8, 0.2]), 2.0).round(3).tolist()
    [0.667, 0.333]
    """
    return (sigmoid if multi_label else softmax)(logits_of(scores, multi_label) / temperature)


def logits_of(scores, multi_label=False):
    """Logits, of a softmax but for a number added to a row, of probabilities `(..., classes)`."""
    scores = np.asarray(scores, "float64")
    logits = np.log(np.maximum(scores, 1e-30))
    return logits - np.log(np.maximum(1 - scores, 1e-30)) if multi_label else logits


def threshold_keeping(scores, right, share=KEEP):
    """The greatest threshold that at least `share` of the right answers reach.

    Args:
        scores: (videos,). Of the best label.
        right: (videos,) bool. Whether it is the truth.

    Raises:
        ValueError: for a share that is none, or without a right answer.

    >>> threshold_keeping([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.6)
    0.8
    """
    if not 0 < share <= 1:
        raise ValueError(f"`keep` must be a share of the right answers, above 0 and at most 1. Received: {share!r}.")
    own = np.sort(np.asarray(scores, "float64")[np.asarray(right, bool)])[::-1]
    if not len(own):
        raise ValueError("A threshold keeps a share of the right answers. Received none that is right: train longer "
                         "first.")
    return float(own[min(math.ceil(share * len(own) - 1e-9), len(own)) - 1])


def count_alarms(windows, threshold):
    """How often something is answered: neighbouring windows with one answer are one alarm.

    Args:
        windows: (video, label, score) of the best label of each window, in the order of time.
        threshold: float.

    >>> count_alarms([("a", "run", 0.9), ("a", "run", 0.8), ("a", "none", 1.0), ("a", "run", 0.7)], 0.75)
    1
    """
    return int(_alarms(*_columns(windows), threshold))


def threshold_of_alarms(windows, seconds, per_hour):
    """The least threshold at which, and above which, windows of background give at most `per_hour` alarms an hour.

    Args:
        windows: as of `count_alarms`; all of them are of background.
        seconds: float. That they cover.
        per_hour: float.

    Raises:
        ValueError: for a number below 0, or no time.

    >>> threshold_of_alarms([("a", "run", 0.9), ("a", "jump", 0.4), ("a", "run", 0.3)], 3600, 1)
    0.9
    """
    if not per_hour >= 0 or not seconds > 0:
        raise ValueError("`alarms` must be 0 or more an hour, and `seconds` of background above 0. Received: "
                         f"alarms={per_hour!r}, seconds={seconds!r}.")
    scores, begins = _columns(windows)
    allowed, threshold = math.floor(per_hour * seconds / 3600 + 1e-9), None
    for score in np.unique(scores[np.isfinite(scores)])[::-1]:
        if _alarms(scores, begins, score) > allowed:
            return float(np.nextafter(score, np.inf)) if threshold is None else threshold
        threshold = float(score)
    return 0.0


def _columns(windows):
    """(scores, -inf for none; whether a window begins another answer than the one before)."""
    names = [(video, label) for video, label, _ in windows]
    scores = np.array([-np.inf if label == NONE else score for _, label, score in windows], "float64")
    return scores, np.array([i == 0 or name != names[i - 1] for i, name in enumerate(names)], bool)


def _alarms(scores, begins, threshold):
    accepted = scores >= threshold
    before = np.concatenate([[False], accepted[:-1]])
    return (accepted & (begins | ~before)).sum()
