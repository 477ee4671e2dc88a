"""Scores of steps beside the labels of the same steps."""

import numpy as np
import pytest

from pipelines.annotations.spans import Span
from pipelines.dataset.windows.span_set import SpanSet
from res3d.spans import SpanSpec
from res3d.workflows.spans.step_figures import Steps

SPANS = SpanSet([Span("a", 0.2, 0.5, "run"), Span("a", 0.7, 0.7, "hit"), Span("b", 0.0, 0.4, "run")],
                labels=["hit", "run"])
TRUTH = {"a": [0, 0, 2, 2, 2, 0, 0, 1, 0, 0], "b": [2, 2, 2, 2]}


def test_what_is_right_at_every_step_has_all_figures_at_their_best():
    steps = Steps(SPANS, SpanSpec(("hit", "run"), rate=10, window=4, instants=("hit",)))
    for video, classes in TRUTH.items():
        steps.add(video, np.eye(3)[classes])
    assert steps.figures() == {"frame_map": 1.0, "right": 1.0, "edit": 100.0,
                               "f1": {"0.1": 100.0, "0.25": 100.0, "0.5": 100.0}}


def test_figures_are_of_steps_and_of_stretches():
    steps = Steps(SPANS, SpanSpec(("hit", "run"), rate=10, window=4, instants=("hit",)))
    steps.add("a", np.eye(3)[[0, 0, 2, 0, 0, 0, 0, 1, 0, 0]])  # a third of the run
    steps.add("b", np.eye(3)[[0] * 4])
    found = steps.figures()
    assert found["right"] == pytest.approx((0.8 + 0) / 2)
    assert found["edit"] == pytest.approx((100 + 0) / 2)
    assert found["f1"] == {"0.1": pytest.approx(80.0), "0.25": pytest.approx(80.0), "0.5": pytest.approx(40.0)}


def test_labels_that_share_time_have_scores_of_their_own():
    steps = Steps(SPANS, SpanSpec(("hit", "run"), rate=10, window=4, none_class=False))
    steps.add("a", np.eye(3)[TRUTH["a"]][:, 1:])
    assert steps.figures() == {"frame_map": 1.0}
    assert Steps(SPANS, steps.spec).figures() == {}
