"""`predictions.csv`: per video the truth, the answer and every score, with all digits."""

import csv
import dataclasses

import numpy as np

from res3d.atomic import writing
from res3d.evaluation.metrics import are_numbers
from res3d.joined import join, split


@dataclasses.dataclass
class Predictions:
    """Scores of a set of videos.

    Args:
        videos: names, one a video; a part of a file is `path@start-end` in seconds.
        labels: label names; the position is the id.
        truth: per video a tuple of label ids.
        scores: (videos, labels) float64 probabilities.
    """

    videos: list
    labels: list
    truth: list
    scores: np.ndarray

    @property
    def predicted(self):
        """The best label id per video; -1 where the scores are no numbers."""
        return np.where(are_numbers(self.scores), self.scores.argmax(axis=1), -1)

    @property
    def single(self):
        """The one true label id per video."""
        return np.array([ids[0] for ids in self.truth], "int64")

    @property
    def hot(self):
        """(videos, labels) of 0 and 1."""
        rows = np.zeros((len(self.truth), len(self.labels)), "int64")
        for row, ids in zip(rows, self.truth):
            row[list(ids)] = 1
        return rows

    def save(self, path):
        """Writes `video,truth,predicted,score:LABEL...`, aside and renamed; several true labels are joined by `|`."""
        with writing(path, "w", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["video", "truth", "predicted", *(f"score:{label}" for label in self.labels)])
            for video, ids, best, scores in zip(self.videos, self.truth, self.predicted, self.scores):
                writer.writerow([video, join(self.labels[i] for i in ids), self.labels[best] if best >= 0 else "",
                                 *(repr(float(score)) for score in scores)])

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote."""
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *rows = csv.reader(file)
        labels = [name.removeprefix("score:") for name in header[3:]]
        ids = {label: i for i, label in enumerate(labels)}
        truth = [(ids[row[1]],) if row[1] in ids else _several(row[1], ids) for row in rows]
        scores = np.array([[float(cell) for cell in row[3:]] for row in rows]).reshape(len(rows), len(labels))
        return cls([row[0] for row in rows], labels, truth, scores)


def _several(text, ids):
    return tuple(ids[name] for name in split(text))
