"""What a threshold does to answers: to those that it was chosen on, and to such as it has not seen."""

import dataclasses
import hashlib

import numpy as np

from res3d.evaluation.rejection import NONE, count_alarms, threshold_keeping, threshold_of_alarms

KEEPING, ALARMING = "keep=", "alarms="  # how it begins what a rejection says that it was chosen for
OF_VIDEOS, OF_BACKGROUND = ("answered", "right_of_answered", "right_kept"), ("alarms_per_hour",)


@dataclasses.dataclass(frozen=True)
class Judged:
    """Answers that a threshold can refuse: the best label of each video, or of several labels a video each of them.

    Args:
        videos: names, one a video.
        groups: names, one a video, of what it shares with others.
        rows: (answers,) ints, the video of each.
        scores: (answers,).
        right: (answers,) bool.
    """

    videos: list
    groups: list
    rows: np.ndarray
    scores: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, predictions, groups, multi_label):
        """Those of `Predictions`, where there are scores; one of `NONE` is no answer."""
        known = np.flatnonzero(predictions.predicted >= 0)
        videos, groups = [predictions.videos[i] for i in known], [groups[i] for i in known]
        something = np.array([label != NONE for label in predictions.labels])
        if multi_label:
            scores, right = predictions.scores[known][:, something], predictions.hot[known][:, something] > 0
            rows = np.repeat(np.arange(len(known)), something.sum())
            return cls(videos, groups, rows, scores.ravel(), right.ravel())
        answers = predictions.predicted[known]
        rows, named = np.arange(len(known)), something[answers]
        right = (answers == predictions.single[known])[named]
        return cls(videos, groups, rows[named], predictions.scores[known].max(axis=1)[named], right)

    def halves(self):
        """Which answers are of the one half of the groups, bool, or None where there is one group."""
        half = halves(list(map(str, self.groups)))
        return None if half is None else half[self.rows]

    def of_answers(self, some):
        """The same with some of the answers."""
        return dataclasses.replace(self, rows=self.rows[some], scores=self.scores[some], right=self.right[some])

    def figures(self, told):
        """Figures of `OF_VIDEOS`, `told` being which answers are given."""
        return {"answered": len(np.unique(self.rows[told])) / len(self.videos),
                "right_of_answered": float(self.right[told].mean()) if told.any() else None,
                "right_kept": float(told[self.right].mean()) if self.right.any() else None}


def halves(names):
    """Which of some names are of the one half, as bool, so that equal ones are together; None where all are equal.

    >>> halves(["a", "a", "b", "c"]).tolist(), halves(["a", "a"])
    ([False, False, True, True], None)
    """
    counts = {name: names.count(name) for name in sorted(set(names))}
    if len(counts) < 2:
        return None
    sides: dict = {}
    sizes = [0, 0]
    for name in sorted(counts, key=lambda name: -counts[name]):
        sides[name] = side = int(sizes[1] < sizes[0])
        sizes[side] += counts[name]
    return np.array([sides[name] == 1 for name in names])


def said_of(share=None, alarms=None):
    """What a `Rejection` says of a threshold that keeps a share of the right answers, or leaves so many alarms an hour.

    >>> said_of(share=0.95), said_of(alarms=10.0)
    ('keep=0.95', 'alarms=10')
    """
    return f"{KEEPING}{share:.15g}" if alarms is None else f"{ALARMING}{alarms:.15g}"


def threshold_for(chosen, judged, background):
    """The threshold that is `chosen` for what a `Rejection` says.

    Args:
        chosen: str, such as "keep=0.95" or "alarms=10".
        judged: `Judged`.
        background: `Background`, or None where no alarms are asked for.

    Raises:
        ValueError: where nothing is right, for a share of it.
    """
    number = float(chosen.partition("=")[2])
    if chosen.startswith(KEEPING):
        return threshold_keeping(judged.scores, judged.right, number)
    return threshold_of_alarms(background.windows, background.hours * 3600, number)


def digest_of_names(names):
    """A digest of some names, in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(map(str, names))).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def figures(rejection, judged, background=None):
    """What metrics.json says of a rejection.

    Returns:
        dict: `temperature`, `threshold`, `chosen`; `answered`, the share of videos that are; `right_of_answered`, of
        the answers given; `right_kept`, the share of right answers that are given; with background `alarms_per_hour`,
        `background_hours` and `background_skipped`. `chosen_on_these` names those figures whose own data the threshold
        was chosen on, and `held_out` has the same of the one half by a threshold of the other and the other way round,
        halves that keep groups, or of background videos, together; None where there are no halves.
    """
    found = {"temperature": rejection.temperature, "threshold": rejection.threshold, "chosen": rejection.chosen,
             **judged.figures(judged.scores >= rejection.threshold)}
    if background is not None:
        found |= {"alarms_per_hour": count_alarms(background.windows, rejection.threshold) / background.hours,
                  "background_hours": background.hours, "background_skipped": [list(row) for row in background.skipped]}
    keeping = rejection.chosen.startswith(KEEPING)
    on = judged.videos if keeping else () if background is None else background.seconds
    if not on or digest_of_names(on) != rejection.on:
        return found | {"chosen_on_these": [], "held_out": None}
    held_out = _kept_unseen(rejection, judged) if keeping else _alarms_unseen(rejection, background)
    return found | {"chosen_on_these": list(OF_VIDEOS if keeping else OF_BACKGROUND), "held_out": held_out}


def _kept_unseen(rejection, judged):
    """Figures of `OF_VIDEOS` of each half by the threshold of the other, or None."""
    half = judged.halves()
    if half is None or not (judged.right[half].any() and judged.right[~half].any()):
        return None
    told = np.zeros(len(half), bool)
    for mine in (half, ~half):
        told[mine] = judged.scores[mine] >= threshold_for(rejection.chosen, judged.of_answers(~mine), None)
    return judged.figures(told)


def _alarms_unseen(rejection, background):
    """Figures of `OF_BACKGROUND` of each half by the threshold of the other, or None."""
    names = list(background.seconds)
    half = halves(names)
    if half is None:
        return None
    alarms = 0
    for mine in (half, ~half):
        ours, theirs = (background.of({name for name, is_one in zip(names, side) if is_one}) for side in (mine, ~mine))
        if not theirs.hours:
            return None
        alarms += count_alarms(ours.windows, threshold_for(rejection.chosen, None, theirs))
    return {"alarms_per_hour": alarms / background.hours}
