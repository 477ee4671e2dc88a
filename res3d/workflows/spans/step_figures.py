"""Figures of the steps of long videos, as those who score frames or cut videos up report them."""

import numpy as np

from pipelines.dataset.windows.targets import step_targets
from res3d.evaluation.spans import edit_score, frame_map, segment_f1, step_accuracy

OVERLAPS = (0.1, 0.25, 0.5)


class Steps:
    """The scores of the steps of videos beside what was labelled at them, video by video.

    Args:
        spans: `SpanSet` of the truth.
        spec: SpanSpec.
    """

    def __init__(self, spans, spec):
        self.spans, self.spec = spans, spec
        self.ids = {label: place for place, label in enumerate(spec.labels)}
        self.scores, self.truths = [], []

    def add(self, video, scores):
        """Takes the scores (steps, classes) of a video."""
        self.scores.append(np.asarray(scores, np.float32))
        self.truths.append(step_targets(self.spans.of(video), self.ids, self.spec.rate, 0, len(scores),
                                        self.spec.none_class))

    def figures(self):
        """{"frame_map"}, and where each step has one class {"right", "edit", "f1": {overlap: value}}.

        `right` is the mean over videos of the share of their steps, as `edit` is of their scores. An instant lasts for
        its step. {} where no video was added.
        """
        if not self.scores:
            return {}
        first = int(self.spec.none_class)
        found = {"frame_map": frame_map(np.concatenate(self.scores)[:, first:], np.concatenate(self.truths)[:, first:])}
        if not first:
            return found
        pairs = [(scores.argmax(axis=1), truth.argmax(axis=1)) for scores, truth in zip(self.scores, self.truths)]
        return found | {"right": float(np.mean([step_accuracy(*pair) for pair in pairs])),
                        "edit": float(np.mean([edit_score(*pair, background=0) for pair in pairs])),
                        "f1": {f"{overlap:g}": segment_f1(pairs, overlap, background=0) for overlap in OVERLAPS}}
