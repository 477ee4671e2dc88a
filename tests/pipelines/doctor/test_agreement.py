"""Agreement of annotators, against the same counted moment by moment."""

import numpy as np
import pytest

from pipelines.annotations.spans import Span
from pipelines.doctor.agreement import agreement, kappa


def test_kappa_of_a_table_that_is_known():
    assert kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}) == pytest.approx(0.4)
    assert kappa({("yes", "yes"): 20}) is None


def test_no_video_of_two_annotators():
    assert agreement([Span("a", 0.0, 1.0, "run", annotator="x"), Span("b", 0.0, 1.0, "run", annotator="y"),
                      Span("c", 0.0, 1.0, "run")]) is None


def test_full_agreement_and_none():
    both = [Span("a", 1.0, 2.0, "run", annotator=who) for who in "xy"]
    found = agreement(both, {"a": 10.0})
    assert (found["kappa"], found["classes"]) == (1.0, {"run": {"kappa": 1.0, "tiou": 1.0, "videos": 1}})
    found = agreement([both[0], Span("a", 5.0, 6.0, "run", annotator="y")], {"a": 10.0})
    assert found["classes"]["run"]["tiou"] == 0.0
    assert found["kappa"] == pytest.approx((0.8 - 0.82) / (1 - 0.82))


def test_it_equals_a_count_of_tenths_of_a_second():
    rng = np.random.default_rng(0)
    spans = []
    for video in "ab":
        for who in "xyz":
            for _ in range(6):
                start, length = rng.integers(0, 80), rng.integers(0, 25)
                spans.append(Span(video, start / 10, (start + length) / 10, str(rng.choice(["run", "jump"])),
                                  annotator=who))
    said = {}
    for video in "ab":
        for who in "xyz":
            for moment in range(120):
                said[video, who, moment] = frozenset(
                    span.label for span in spans if span.video == video and span.annotator == who
                    and round(span.start * 10) <= moment < round(span.end * 10))
    pairs = [(said[video, one, moment], said[video, two, moment]) for video in "ab" for one, two in ("xy", "xz", "yz")
             for moment in range(120)]
    same = np.mean([one == two for one, two in pairs])
    states = {state for pair in pairs for state in pair}
    chance = sum(np.mean([one == state for one, _ in pairs]) * np.mean([two == state for _, two in pairs])
                 for state in states)
    found = agreement(spans, {"a": 12.0, "b": 12.0})
    assert found["kappa"] == pytest.approx((same - chance) / (1 - chance), abs=1e-9)
    assert found["seconds"] == pytest.approx(72.0)
    overlaps = []
    for video in "ab":
        for one, two in ("xy", "xz", "yz"):
            sides = [{moment for moment in range(120) if "run" in said[video, who, moment]} for who in (one, two)]
            overlaps.append(len(sides[0] & sides[1]) / len(sides[0] | sides[1]))
    assert found["classes"]["run"]["tiou"] == pytest.approx(np.mean(overlaps))
