"""The page of spans: worst videos first, every truth and answer in its lane, safe with any names."""

import re

import numpy as np
import pytest

from res3d.evaluation.report.spans import advice, video_rows, write_span_report
from res3d.looks.pictures import film
from res3d.spans import Span
from tests.res3d.evaluation.report.test_writing import HOSTILE, Page

TRUTHS = [Span(0, 2, "run", video="good"), Span(1, 3, "run", video="bad"), Span(5, 6, "jump", video="bad"),
          Span(4, 4, "hit", video="good")]
FOUND = [Span(0, 2, "run", 0.9, "good"), Span(4.5, 4.5, "hit", 0.8, "good"), Span(7, 9, "run", 0.7, "bad")]
METRICS = {"map": 0.5, "map_at": {"0.3": 0.6, "0.5": 0.4}, "labels": {"run": 0.5, "jump": 0.0, "hit": 1.0},
           "threshold": 0.3, "alarms_per_hour": 12.0, "hours": 0.01, "spans": 4, "skipped": [("x.mp4", "it is empty")],
           "errors": {"right": 2, "doubled": 0, "wrong_class": 0, "misplaced": 0, "background": 1, "missed": 2}}


def strip(video):
    return film(np.zeros((12, 20, 30, 3), "uint8"), 72, 12), 10.0


def page_of(path, truths=TRUTHS, found=FOUND, videos=("good", "bad", "still"), **options):
    write_span_report(path, found, truths, METRICS, list(videos), strip, **options)
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def test_the_worst_video_stands_first_and_one_without_anything_is_right():
    rows = video_rows(FOUND, TRUTHS, ["good", "still", "bad"])
    assert [(row["video"], row["right"], row["missed"], row["wrong"]) for row in rows] == [
        ("bad", 0, 2, 1), ("good", 2, 0, 0), ("still", 0, 0, 0)]
    assert rows[0]["parts"] == [
        ("jump", [("truth", "missed", 5, 6, "missed: jump, 0:05.0 to 0:06.0")]),
        ("run", [("truth", "missed", 1, 3, "missed: run, 0:01.0 to 0:03.0"),
                 ("answer", "wrong", 7, 9, "answer, background: run, 0:07.0 to 0:09.0, score 0.70")])]
    assert rows[1]["parts"][0] == ("hit", [("truth", "told", 4, 4, "truth: hit, 0:04.0"),
                                           ("answer", "right", 4.5, 4.5, "answer, right: hit, 0:04.5, score 0.80")])


def test_the_page_has_its_parts(tmp_path):
    text, page = page_of(tmp_path / "r.html", history=[{"epoch": 1, "loss": 1.0, "val_map": 0.5}], recipe="task: spans")
    for heading in ("Why to believe the figure", "Timelines, the worst first", "Videos", "Training", "Recipe"):
        assert re.search(f"<h[23]>{heading}</h", text), heading
    said = page.headings()
    assert "Mean average precision of 50.0 % over 4 spans in 3 videos; “jump” is found worst" in said
    assert "Most are missed." in said
    assert said.index("0 right, 2 missed, 1 wrong") < said.index("2 right, 0 missed, 0 wrong")
    assert page.tags.count("img") == 3
    assert "it is empty" in said
    assert "left: 70.0; --wide: 20.0" in text  # from 7 s to 9 s of 10


def test_only_some_timelines_are_drawn_and_all_videos_listed(tmp_path):
    _, page = page_of(tmp_path / "r.html", videos=["good", "bad", *(f"v{i}" for i in range(30))], examples=2)
    assert page.tags.count("img") == 2
    assert page.text.count("100 %") >= 31


@pytest.mark.parametrize("gone", [False, True])
def test_hostile_names_are_dead_and_a_video_that_has_gone_keeps_its_lanes(tmp_path, gone):
    truths, found = ([one._replace(label=HOSTILE + one.label, video=HOSTILE + one.video) for one in spans]
                     for spans in (TRUTHS, FOUND))
    path = tmp_path / "r.html"
    write_span_report(path, found, truths, METRICS, [HOSTILE + name for name in ("good", "bad")],
                      (lambda video: (None, 0.0)) if gone else strip, title=HOSTILE, recipe=HOSTILE)
    page = Page(path.read_text())
    assert page.tags.count("script") == 1
    assert page.tags.count("img") == (0 if gone else 2)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert page.tags.count("i") >= 7


def test_without_errors_there_is_no_advice():
    assert advice({"right": 3}) is None
