"""Scores of steps to spans: each rule on curves whose answer is seen at a glance."""

import numpy as np
import pytest

from res3d.spans import LiveSpans, SpanSpec, WindowAverage, decode, window_starts
from res3d.spans.decoding import smoothed
from res3d.spans.suppression import suppressed
from res3d.spans.windows import probabilities

SPEC = SpanSpec(("a",), rate=10, window=8, none_class=False)


def times(spans):
    return [(span.start, span.end) for span in spans]


def test_spans_stand_where_the_steps_do_and_the_steepest_edges_win():
    curve = np.array([0, 0, .2, .8, .8, .8, .2, 0, 0, 0, 0, .6, .6, 0])[:, None]
    found = decode(curve, SPEC)
    assert times(found) == [(0.3, 0.6), (1.1, 1.3)]
    assert found[0].score == pytest.approx(0.8 - 0.2)
    plain = decode(curve, SPEC.replace(scoring="mean"))
    assert plain[0].score == pytest.approx(0.8)
    assert times(decode(curve, SPEC.replace(least_seconds=0.25))) == [(0.3, 0.6)]


def test_soft_suppression_keeps_what_overlaps_with_less():
    curve = np.array([0, .3, .3, .3, .3, .9, .3, .3, 0])[:, None]
    assert len(decode(curve, SPEC.replace(soft=0.5))) == 2
    spans, scores = np.array([[0, 4], [0, 3], [6, 8]]), np.array([0.9, 0.8, 0.7])
    hard, soft = suppressed(spans, scores), suppressed(spans, scores, soft=0.5)
    assert [place for place, _ in hard] == [0, 2]
    assert dict(soft)[1] == pytest.approx(0.8 * np.exp(-0.75**2 / 0.5))
    assert suppressed(spans[:0], scores[:0]) == []


def test_instants_are_the_highest_steps_and_none_beside_a_higher_one():
    spec = SPEC.replace(instants=("a",), apart_seconds=0.2)
    curve = np.array([0, .5, .9, .5, .7, 0, 0, .4, .4, 0, .005, 0])[:, None]
    assert times(decode(curve, spec)) == [(0.2, 0.2), (0.7, 0.7)]
    assert times(decode(curve, spec.replace(apart_seconds=0))) == [(0.2, 0.2), (0.4, 0.4), (0.7, 0.7)]


def test_the_class_of_nothing_is_no_span():
    spec = SpanSpec(("a", "b"), 10, 8)
    scores = np.tile([0.9, 0.05, 0.05], (6, 1))
    scores[2:5] = [0.1, 0.1, 0.8]
    found = decode(scores, spec, "film.mp4")
    assert found[0][:3] == (0.2, 0.5, "b")
    assert found[0].video == "film.mp4"


def test_a_running_mean_is_of_the_steps_that_there_are():
    curve = np.array([1.0, 0, 0, 4, 0])
    np.testing.assert_allclose(smoothed(curve, SPEC.replace(smooth_seconds=0.3)), [.5, 1 / 3, 4 / 3, 4 / 3, 2])


def test_nothing_gives_nothing_and_no_numbers_are_refused():
    assert decode(np.zeros((0, 1)), SPEC) == []
    assert decode(np.zeros((5, 1)), SPEC) == []
    for scores in (np.zeros((5, 2)), np.full((5, 1), np.nan), np.zeros(5)):
        with pytest.raises(ValueError, match=r"numbers \(steps, 1\)"):
            decode(scores, SPEC)


@pytest.mark.parametrize(("steps", "window", "step"), [(1, 4, 2), (4, 4, 2), (5, 4, 2), (23, 8, 3), (24, 8, 8)])
def test_windows_see_every_step_and_their_mean_is_the_mean(steps, window, step):
    rng = np.random.default_rng(steps)
    starts = window_starts(steps, window, step)
    sums, counts, done, mean = np.zeros((steps, 2)), np.zeros(steps), [], WindowAverage(2)
    for start in starts:
        scores = rng.uniform(size=(min(window, steps - start), 2))
        sums[start:start + window] += scores
        counts[start:start + window] += 1
        done.append(mean.add(start, scores))
    assert counts.min() >= 1
    assert starts[-1] == max(steps - window, 0)
    np.testing.assert_allclose(np.concatenate([*done, mean.rest()]), sums / counts[:, None])


def test_a_window_that_leaves_a_gap_is_refused():
    with pytest.raises(ValueError, match="without a gap"):
        WindowAverage(1).add(2, np.zeros((3, 1)))
    assert window_starts(0, 4, 2) == []


def test_probabilities_are_a_softmax_with_nothing_or_sigmoids():
    logits = np.log([[1.0, 3.0]])
    np.testing.assert_allclose(probabilities(logits, SpanSpec(("a",), 1, 2)), [[0.25, 0.75]])
    both = SpanSpec(("a", "b"), 1, 2, none_class=False, temperature=2.0)
    np.testing.assert_allclose(probabilities(2 * logits, both), [[0.5, 0.75]])
    for wrong in (np.zeros((1, 3)), np.full((1, 2), np.inf)):
        with pytest.raises(ValueError, match=r"scores a step|must give numbers"):
            probabilities(wrong, SpanSpec(("a",), 1, 2))


@pytest.mark.parametrize("cut", [1, 3, 40])
def test_live_spans_are_the_same_however_the_steps_come(cut):
    rng = np.random.default_rng(0)
    scores = np.clip(np.repeat(rng.uniform(0, 1, (20, 2)), 2, axis=0) + rng.normal(0, .05, (40, 2)), 0, 1)
    spec = SpanSpec(("a", "b"), 10, 8, none_class=False, instants=("b",), least_seconds=0.2, on=0.6, off=0.4)
    live, events = LiveSpans(spec), []
    for start in range(0, 40, cut):
        events += live.add(scores[start:start + cut])
    events += live.rest()
    closed = [event.span for event in events if event.kind == "close"]
    expected, since = [], None
    for step, score in enumerate([*scores[:, 0], -1.0]):
        if score >= 0.4 and since is None:
            since = step
        elif score < 0.4 and since is not None:
            if step - since >= 2 and scores[since:step, 0].max() >= 0.6:
                expected.append((since / 10, step / 10))
            since = None
    assert times(closed) == expected
    assert len([event for event in events if event.kind == "open"]) == len(closed) > 2
    assert all(event.span.start == event.span.end for event in events if event.kind == "instant")


def test_a_score_that_wavers_between_the_two_levels_stays_one_span():
    events = LiveSpans(SPEC).add(np.array([.6, .4, .6, .35, .2, .4, .4, .1])[:, None])
    assert [(kind, *span[:2]) for kind, span in events] == [("open", 0.0, 0.1), ("close", 0.0, 0.4)]
