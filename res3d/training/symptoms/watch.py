"""Looks at a run while it goes, and says once what is wrong with it."""

import keras
import numpy as np

from res3d.training.symptoms import advice, signs

STRETCH = 50  # steps whose losses make one point
COUNTED = 256  # held-out clips whose answers are counted, at the most


class Watch(keras.callbacks.Callback):
    """A callback of all calls of `fit` of a run, asked after each epoch what there is to say.

    Args:
        recipe: `Recipe`.
        trained: counts, one a class, of the clips that are trained on.
        held: counts of the held-out videos, or None.
        labels: label names.
        sizes: `EpochSizes`.
    """

    def __init__(self, recipe, trained, held, labels, sizes):
        super().__init__()
        self.recipe, self.labels, self.sizes = recipe, labels, sizes
        self.trained, several = np.asarray(trained, "float64"), recipe.loss.multi_label
        total = self.trained.sum()
        even = recipe.data.balanced or recipe.loss.class_weight is not None
        shares = np.full(len(labels), 1 / len(labels)) if even else self.trained / max(total, 1)
        self.guess = signs.guess_of(shares, recipe.loss.label_smoothing, several)
        self.held = None if held is None or several else np.asarray(held, "float64")
        self.judged_after = signs.steps_to_judge(self.sizes.before(recipe.epochs),
                                                 round(recipe.schedule.warmup_length * self.sizes.steps(0)))
        self.points, self.said, self._first, self._done = [], set(), 0, 0
        self._seen = None  # (steps of the epoch, sum of their losses) at the last point

    def resume(self, rows):
        """Takes in the history of a run that goes on; what it had to say was said then."""
        self.points = [(self.sizes.before(row["epoch"]), row["loss"]) for row in rows]
        for end in range(1, len(rows) + 1):
            self.said.update(kind for kind, _ in self._signs(rows[:end], self.points[:end]))

    def begin(self, epoch, first_step):
        """Before each `fit`: the epoch, from 0, and the step of it that is first."""
        self._first, self._seen = self.sizes.before(epoch), (0, 0.0) if first_step == 0 else None
        self._done = first_step

    def on_train_batch_end(self, batch, logs=None):
        self._done += 1
        if self._done % STRETCH or not logs or "loss" not in logs:
            return
        # What Keras gives is the mean since the epoch began: out of two of them comes that of a stretch.
        now = self._done, float(logs["loss"]) * self._done
        if self._seen is not None:
            self.points.append((self._first + now[0], (now[1] - self._seen[1]) / (now[0] - self._seen[0])))
        self._seen = now

    def after_epoch(self, rows, answers=None):
        """Lines to say now.

        Args:
            rows: the history, the epoch just ended being the last.
            answers: function () -> counts, one a class, of answers to held-out clips; asked where it may matter. None
                where they cannot be counted.
        """
        done = self.sizes.before(rows[-1]["epoch"])
        if self.sizes.steps(rows[-1]["epoch"] - 1) < STRETCH:
            self.points.append((done, rows[-1]["loss"]))
        found = self._signs(rows, self.points)
        if self.held is not None and answers is not None and "swallows" not in self.said and signs.near_chance(
                rows, self.chance, int(self.held.sum())):
            found += self._swallowed(answers())
        new = [(kind, line) for kind, line in found if kind not in self.said]
        self.said.update(kind for kind, _ in new)
        return [line for _, line in new]

    @property
    def chance(self):
        """Accuracy of the best answer that is the same for all held-out videos."""
        return float(self.held.max() / max(self.held.sum(), 1))

    def _signs(self, rows, points):
        found = []
        if signs.diverges(points, self.guess):
            found.append(("diverges", advice.diverging(self.recipe, points)))
        elif signs.does_not_learn(points, self.guess, self.judged_after):
            found.append(("does not learn", advice.no_learning(self.recipe, points[-1][1], self.guess, points[-1][0])))
        if self.held is not None and signs.remembers_only(rows, self.chance, int(self.held.sum())):
            found.append(("remembers", advice.remembering(self.recipe, rows[-1], self.chance)))
        return found

    def _swallowed(self, answers):
        place = signs.swallowing_class(answers, self.held)
        if place is None:
            return []
        there = self.trained[self.trained > 0]
        share, own = answers[place] / answers.sum(), self.held[place] / self.held.sum()
        return [("swallows", advice.swallowing(self.recipe, self.labels[place], share, own, there.max() / there.min()))]


def count_answers(model, validation, classes, most=COUNTED):
    """How often each class is the best of a model, over the first `most` held-out clips or a batch more: int64."""
    counts = np.zeros(classes, np.int64)
    for batch in validation:
        clips = np.asarray(batch[0])  # Keras's trainer on JAX takes no tensor of TensorFlow's here
        best = np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(clips))).argmax(axis=-1)
        counts += np.bincount(best, minlength=classes)
        if counts.sum() >= most:
            break
    return counts
