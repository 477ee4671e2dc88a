"""How long things last decides how often a long video is looked at."""

import pytest

from res3d.choosing.span_rules import SPAN_RULES, SpanFacts, recipe_name


@pytest.mark.parametrize(("short", "middle", "gpu", "expected"), [
    (1.0, 1.5, None, {"clip.fps": 10.0, "clip.frames": 32}),
    (0.25, 0.5, None, {"clip.fps": 16.0, "clip.frames": 32}),  # four steps of a sixteenth
    (0.05, 4.0, "H100", {"clip.fps": 25.0, "clip.frames": 64}),  # both at their most
    (None, None, None, {"clip.fps": 10.0, "clip.frames": 32}),
])
def test_rate_and_window_follow_from_durations(short, middle, gpu, expected):
    facts = SpanFacts(4, 20, short, middle, gpu, 30.0)
    choices = [rule(facts) for rule in SPAN_RULES]
    found = {place: value for choice in choices for place, value in choice.settings.items()}
    assert found == {**expected, "stop.max_minutes": 30.0}
    assert recipe_name(facts) == ("spans_default" if gpu else "spans_small")
    assert all(len(str(choice).splitlines()) == 1 and choice.reason for choice in choices)
