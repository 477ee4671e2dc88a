"""Figures of spans against plain implementations written another way, and the corners of the published rules."""

import itertools

import numpy as np
import pytest

from res3d.evaluation import spans as figures
from res3d.spans import Span


def overlap_of(a, b):
    shared = max(0.0, min(a.end, b.end) - max(a.start, b.start))
    union = (a.end - a.start) + (b.end - b.start) - shared
    return shared / union if union > 0 else 0.0


def plain_average_precision(detections, truths, finds):
    """One label: every detection walks over the truths; precision and recall as lists; area by steps of recall."""
    taken, marks = set(), []
    for span in sorted(detections, key=lambda span: -span.score):
        order = finds(span, [(place, truth) for place, truth in enumerate(truths) if truth.video == span.video])
        place = next((place for place in order if place not in taken), None)
        taken |= {place} - {None}
        marks.append(place is not None)
    precision = [sum(marks[:n]) / n for n in range(1, len(marks) + 1)]
    recall = [sum(marks[:n]) / len(truths) for n in range(1, len(marks) + 1)]
    area, before = 0.0, 0.0
    for n, reached in enumerate(recall):
        area += (reached - before) * max(precision[n:])
        before = reached
    return area


def plain_map(detections, truths, finds):
    labels = sorted({truth.label for truth in truths})
    unique = list(dict.fromkeys(truths))
    found = [plain_average_precision([d for d in detections if d.label == label],
                                     [t for t in unique if t.label == label], finds) for label in labels]
    return sum(found) / len(found) if found else 0.0


def random_spans(rng, count, instants=False, scores=True):
    starts = rng.uniform(0, 30, count)
    ends = starts if instants else starts + rng.uniform(0.2, 6, count)
    return [Span(float(s), float(e), "abc"[rng.integers(3)], float(rng.uniform()) if scores else 1.0,
                 f"v{rng.integers(3)}") for s, e in zip(starts, ends)]


@pytest.mark.parametrize("seed", range(8))
def test_span_map_equals_a_plain_walk(seed):
    rng = np.random.default_rng(seed)
    truths = random_spans(rng, 25, scores=False)
    near = [t._replace(start=t.start + rng.normal(0, .3), end=t.end + .3 + rng.uniform(0, .5), score=rng.uniform())
            for t in truths]
    detections = random_spans(rng, 20) + near
    found = figures.span_map(detections, [*truths, truths[0]], [0.1, 0.5, 0.75])
    for threshold, value in found["at"].items():
        def finds(span, own, threshold=threshold):
            pairs = sorted(((-overlap_of(span, truth), place) for place, truth in own))
            return [place for minus, place in pairs if -minus >= threshold]

        assert value == pytest.approx(plain_map(detections, truths, finds), abs=1e-9)
    assert found["map"] == pytest.approx(np.mean(list(found["at"].values())))
    assert 0 < found["map"] < 1


@pytest.mark.parametrize("seed", range(8))
def test_spotting_map_equals_a_plain_walk(seed):
    rng = np.random.default_rng(seed)
    truths = random_spans(rng, 30, instants=True, scores=False)
    detections = random_spans(rng, 80, instants=True)
    found = figures.spotting_map(detections, truths, [0.2, 1.0, 3.0])
    for tolerance, value in found["at"].items():
        def finds(span, own, tolerance=tolerance):
            pairs = sorted((abs(span.start - truth.start), place) for place, truth in own)
            return [place for away, place in pairs if away <= tolerance]

        assert value == pytest.approx(plain_map(detections, truths, finds), abs=1e-9)
    assert 0 < found["map"] < 1


def test_a_second_detection_takes_the_next_free_truth_and_a_third_none():
    truths = [Span(0, 10, "a"), Span(1, 11, "a")]
    twice = [Span(0, 10, "a", 0.9), Span(0, 10, "a", 0.8)]
    assert figures.span_map(twice, truths, [0.5])["map"] == 1.0  # the second takes what it overlaps by 9/11
    assert figures.span_map([*twice, Span(0, 10, "a", 0.95)], truths, [0.5])["map"] == 1.0
    assert figures.span_map([Span(0, 10, "a", 0.9, "other")], truths, [0.5])["map"] == 0.0


def test_nothing_found_and_nothing_to_find():
    assert figures.span_map([], [Span(0, 1, "a")], "activitynet")["map"] == 0.0
    assert figures.span_map([Span(0, 1, "a")], [], "thumos14") == {
        "map": 0.0, "at": dict.fromkeys((0.3, 0.4, 0.5, 0.6, 0.7), 0.0), "labels": {}}
    found, truth = [Span(0, 1, "a"), Span(0, 1, "b")], [Span(0, 1, "a")]
    assert figures.span_map(found, truth, [0.5])["map"] == 1.0
    assert figures.span_map(found, truth, [0.5], count_absent=True)["map"] == 0.5


def test_thresholds_are_those_of_the_data_sets():
    assert figures.THRESHOLDS["activitynet"] == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    assert figures.THRESHOLDS["multithumos"] == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_a_tolerance_of_nothing_takes_what_is_exactly_there():
    frames = [Span(n / 25, n / 25, "hit", 0.9) for n in range(100)]
    assert figures.spotting_map(frames, [Span(0.04 * 7, 0.04 * 7, "hit")], [0])["map"] == pytest.approx(1 / 8)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: figures.span_map([], [], "kinetics"), "activitynet, thumos14"),
    (lambda: figures.span_map([], [], [1.5]), "at most 1"),
    (lambda: figures.span_map([Span(2, 1, "a")], []), "not before the start"),
    (lambda: figures.span_map([Span(0, 1, "a", float("nan"))], []), "numbers for scores"),
    (lambda: figures.spotting_map([], [], [-1]), "0 or more"),
    (lambda: figures.alarms_per_hour([], [], 0), "above 0"),
    (lambda: figures.edit_score([0, 1], [0]), "same steps"),
])
def test_what_is_no_input_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def plain_edit(a, b):
    """Every way to align, by recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(plain_edit(a[1:], b) + 1, plain_edit(a, b[1:]) + 1, plain_edit(a[1:], b[1:]) + (a[0] != b[0]))


@pytest.mark.parametrize("seed", range(5))
def test_edit_score_equals_every_alignment(seed):
    rng = np.random.default_rng(seed)
    predicted, truth = (np.repeat(rng.integers(0, 3, 5), rng.integers(1, 4, 5))[:8] for _ in range(2))
    length = min(len(predicted), len(truth))
    predicted, truth = predicted[:length], truth[:length]
    a, b = ([key for key, _ in itertools.groupby(steps.tolist()) if key != 0] for steps in (predicted, truth))
    expected = 100 * (1 - plain_edit(a, b) / max(len(a), len(b), 1))
    assert figures.edit_score(predicted, truth, background=0) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_segment_f1_equals_a_plain_count_over_sets_of_steps(seed):
    rng = np.random.default_rng(seed)
    videos = [(np.repeat(rng.integers(0, 3, 20), 3), np.repeat(rng.integers(0, 3, 20), 3)) for _ in range(3)]
    right = wrong = missed = 0
    for predicted, truth in videos:
        def stretches(steps):
            places = iter(range(len(steps)))
            grouped = [(key, {next(places) for _ in group}) for key, group in itertools.groupby(steps.tolist())]
            return [item for item in grouped if item[0] != 0]

        mine, theirs, used = stretches(predicted), stretches(truth), set()
        for label, places in mine:
            overlaps = [len(places & other) / len(places | other) * (label == name) for name, other in theirs]
            best = int(np.argmax(overlaps))
            hit = overlaps[best] >= 0.25 and best not in used
            used |= {best} if hit else set()
            right, wrong = right + hit, wrong + (not hit)
        missed += len(theirs) - len(used)
    expected = 200 * right / (2 * right + wrong + missed)
    assert figures.segment_f1(videos, 0.25, background=0) == pytest.approx(expected)


def test_figures_of_steps_without_anything():
    assert figures.edit_score([0, 0], [0, 0], background=0) == 100.0
    assert figures.segment_f1([([0, 0], [0, 0])], background=0) == 0.0
    assert figures.step_accuracy([0, 1, 1], [0, 1, 0]) == pytest.approx(2 / 3)
    assert figures.frame_map(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[1, 0], [0, 0]])) == 1.0


def test_errors_by_kind_and_false_alarms():
    truths = [Span(0, 10, "a"), Span(20, 30, "b"), Span(40, 50, "a"), Span(60, 70, "b")]
    found = [Span(0, 10, "a", 0.9), Span(0, 9, "a", 0.8), Span(20, 30, "a", 0.7), Span(44, 52, "a", 0.6),
             Span(47, 60, "a", 0.5), Span(80, 90, "b", 0.4), Span(60, 62, "a", 0.3)]
    assert figures.count_errors(found, truths) == {"right": 2, "doubled": 1, "wrong_class": 2, "misplaced": 1,
                                                   "background": 1, "missed": 2}
    assert sum(figures.count_errors(found, truths, threshold=0.65).values()) == 3 + 3
    assert figures.alarms_per_hour(found, truths, hours=0.5) == 10.0  # of seven, those two that found a truth are none
    assert figures.alarms_per_hour(found, truths, hours=0.5, threshold=0.65) == 4.0


def test_errors_of_instants_go_by_how_near_they_are():
    truths = [Span(5, 5, "hit"), Span(9, 9, "bounce"), Span(20, 20, "hit")]
    found = [Span(time, time, "hit", score) for time, score in ((5.5, 0.9), (4.5, 0.8), (9.2, 0.7), (15, 0.6))]
    assert figures.count_errors(found, truths) == {"right": 1, "doubled": 1, "wrong_class": 1, "misplaced": 0,
                                                   "background": 1, "missed": 2}
    assert figures.count_errors(found[:1], truths[:1], tolerance=0.4)["missed"] == 1


@pytest.mark.parametrize("most", [0, 1, 2.5, 100])
def test_the_threshold_is_the_least_that_keeps_to_the_number_of_alarms(most):
    rng = np.random.default_rng(3)
    truths, found = random_spans(rng, 20, scores=False), random_spans(rng, 60)
    threshold = figures.threshold_for(found, truths, hours=2, most_per_hour=most)
    assert figures.alarms_per_hour(found, truths, 2, threshold) <= most
    lower = [span.score for span in found if span.score < threshold]
    if lower:
        assert figures.alarms_per_hour(found, truths, 2, max(lower)) > most
