"""Charts put points where their numbers say, and the colours can be told apart from their ground."""

import html
import itertools
import json
import re

import pytest

from res3d.looks import charts, rendering


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.13, 0.92), (5, 5), (0, 0), (-3, 70), (1e-6, 2e-5), (12, 900)])
def test_ticks_enclose_what_they_measure_at_even_steps(low, high):
    ticks = charts.nice_ticks(low, high)
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 8
    steps = [b - a for a, b in itertools.pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps))


def test_a_line_goes_through_its_points_and_tells_them():
    text = charts.line_chart("Loss", [("loss", 0, False, [(1, 0.0), (2, 1.0), (3, float("nan"))])])
    points = re.search(r'points="([^"]+)"/>', text)[1]
    assert points == "44.0,196.0 392.0,10.0"  # the corners of the field: 0 at the bottom left, 1 at the top right
    told = json.loads(html.unescape(re.search(r'data-points="([^"]*)"', text)[1]))
    assert (told["x"], told["series"]) == ([1, 2], [{"name": "loss", "y": [0.0, 1.0]}])


def test_a_single_epoch_and_names_that_are_markup():
    text = charts.line_chart("<b>", [("<i>", 0, True, [(1, 0.5)])])
    assert "<circle" in text
    assert "<i>" not in text.replace("<i class", "")
    assert "<b>" not in text


def test_every_value_of_a_histogram_is_in_one_bar():
    text = charts.histogram("Lengths", [1.0, 1.0, 2.5, 9.0, 10.0], "s")
    assert sum(int(n) for n in re.findall(r"s: (\d+)</title>", text)) == 5
    assert charts.histogram("Lengths", [], "s") is None


def luminance(color):
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(share * (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4)
               for share, x in zip((0.2126, 0.7152, 0.0722), parts))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "soft", "right", "wrong", "warn", "good",
                                  *(f"series-{i}" for i in range(1, 7))])
def test_words_can_be_read_on_paper_and_on_cards(scheme, name):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    blocks = re.findall(r":root \{(.*?)\}", rendering.style(), re.DOTALL)
    palette = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme]))
    for ground in ("paper", "surface"):
        light, dark = sorted((luminance(palette[name]), luminance(palette[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, ground


def test_each_class_of_the_stylesheet_that_a_template_names_is_there():
    used = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"\{[^}]*\}", "", rendering.style())))
    assert {"card", "bar", "matrix", "clip", "chart", "trust", "scroll", "tools", "parts"} <= used
