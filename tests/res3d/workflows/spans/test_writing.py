"""Spans that a network found, in the forms that its answers are written in."""

import json

import pytest

from pipelines.spans import read_spans
from res3d.spans import Span
from res3d.workflows.spans.predict import predict_spans
from res3d.workflows.spans.writing import write_found


def test_files_of_spans(tmp_path):
    spans = [Span(3723.5, 3723.5, "a<b", 0.5, "v"), Span(1, 2.25, "walk, slow", 0.25, "v")]
    for name in ("s.csv", "s.json", "s.vtt"):
        write_found(spans, tmp_path / name)
    assert (tmp_path / "s.csv").read_text().splitlines() == [
        "video,start,end,label,score", 'v,1,2.25,"walk, slow",0.25', "v,3723.5,3723.5,a<b,0.5"]
    assert [(row.start, row.label, row.score) for row in read_spans(tmp_path / "s.csv")] == [
        (1.0, "walk, slow", 0.25), (3723.5, "a<b", 0.5)]
    assert "01:02:03.500 --> 01:02:04.500\na&lt;b (0.50)" in (tmp_path / "s.vtt").read_text()
    assert json.loads((tmp_path / "s.json").read_text())[0] == {
        "video": "v", "start": 1, "end": 2.25, "label": "walk, slow", "score": 0.25}
    with pytest.raises(ValueError, match=r"\.csv, \.json, \.vtt"):
        write_found(spans, tmp_path / "s.txt")
    with pytest.raises(ValueError, match="one video"):
        write_found([Span(0, 1, "a", video="x"), Span(0, 1, "a", video="y")], tmp_path / "t.vtt")


def test_a_name_that_tells_no_form_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv, \.json, \.vtt.*s\.txt"):
        predict_spans(tmp_path / "no run", ["a.avi"], tmp_path / "s.txt")
