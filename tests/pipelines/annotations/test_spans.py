"""Spans: read, saved and written in every form, and read back."""

import json

import numpy as np
import pytest

from pipelines.annotations.entries import Missing
from pipelines.annotations.spans import Span, Spans, told
from pipelines.annotations.writing import WRITERS
from pipelines.manifest import read_manifest
from pipelines.spans import read_spans, write_spans
from pipelines.video import write_video
from res3d.commands import main

ROWS = [Span("a.mp4", 1.5, 4.25, "run | fast", "Ann", "day 1", "me", "train", 0.75), Span("a.mp4", 2.0, 3.0, "jump"),
        Span("b.mp4", 5.0, 5.0, "goal", annotator="you"), Span("b.mp4", 0.0, 1.0 / 3.0, "jump")]
WHOLE = Span("c.mp4", None, None, "walk")


def test_the_plain_table_is_read_back_identically(tmp_path):
    Spans([*ROWS, WHOLE]).save(tmp_path / "spans.csv")
    assert (tmp_path / "spans.csv").read_text().startswith(
        "video,start,end,label,subject,group,annotator,split,score\n"
        "a.mp4,1.5,4.25,run \\| fast,Ann,day 1,me,train,0.75\n")
    assert read_spans(tmp_path / "spans.csv").rows == [*ROWS, WHOLE]
    Spans(ROWS[1:2]).save(tmp_path / "spans.csv")
    assert (tmp_path / "spans.csv").read_text() == "video,start,end,label\na.mp4,2.0,3.0,jump\n"


def test_files_that_are_there_are_read_back_wherever_the_table_lies(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"")
    Spans(ROWS).save(tmp_path / "spans.csv")
    found = read_spans(tmp_path / "spans.csv", videos=tmp_path / "videos")
    assert found.rows[0].video == str(tmp_path / "videos" / "a.mp4")
    assert [row.path for row in found.unfound] == ["b.mp4"]
    (tmp_path / "lists").mkdir()
    found.save(tmp_path / "lists" / "spans.csv")
    assert "../videos/a.mp4,1.5" in (tmp_path / "lists" / "spans.csv").read_text()
    assert read_spans(tmp_path / "lists" / "spans.csv").rows == found.rows


KEPT = {  # what each form keeps of (video, start, end, label, subject, annotator)
    "label_studio": ("video", "start", "end", "label"),
    "via": ("video", "start", "end", "label", "subject", "annotator"),
    "activitynet": ("stem", "start", "end", "label"), "boris": ("video", "start", "end", "label", "subject"),
}


@pytest.mark.parametrize("form", KEPT)
def test_what_is_written_is_read_back(tmp_path, form):
    path = tmp_path / f"a.{'csv' if form == 'boris' else 'json'}"
    rows = [*ROWS, WHOLE]
    left = write_spans(rows, path, format=form, rate=1000.0)
    found = read_spans(path, rate=1000.0 if form == "label_studio" else None)
    timed = rows if form in ("label_studio", "via") else ROWS
    assert len(left) == len(rows) - len(timed)

    def seen(row, field):
        if field == "stem":
            return row.video.removesuffix(".mp4")
        value = getattr(row, field)
        return pytest.approx(value, abs=1e-3) if isinstance(value, float) else value

    assert [[getattr(row, "video" if field == "stem" else field) for field in KEPT[form]] for row in found] == [
        [seen(row, field) for field in KEPT[form]] for row in timed]
    assert all(row.is_instant == other.is_instant for row, other in zip(found, timed))


def test_predictions_are_marked_as_such(tmp_path):
    write_spans(Spans(ROWS, empty=["d.mp4"]), tmp_path / "a.json", format="label_studio", model="r3d_18",
                address="/data/local-files/?d=videos")
    tasks = json.loads((tmp_path / "a.json").read_text())
    assert [task["data"]["video"] for task in tasks][::2] == [
        "/data/local-files/?d=videos/a.mp4", "/data/local-files/?d=videos/d.mp4"]
    assert tasks[0]["predictions"][0]["model_version"] == "r3d_18"
    assert tasks[0]["predictions"][0]["score"] == 0.75
    first = tasks[0]["predictions"][0]["result"][0]
    assert first["value"] == {"ranges": [{"start": 37, "end": 102}], "timelinelabels": ["run | fast"]}
    assert tasks[2]["predictions"][0]["result"] == []


@pytest.mark.parametrize("form", ["activitynet", "label_studio"])
def test_a_video_that_one_row_calls_empty_keeps_the_labels_of_another(tmp_path, form):
    (tmp_path / "a.csv").write_text("video,start,end,label\na.mp4,1,2,run\na.mp4,,,\nb.mp4,,,\n")
    found = read_spans(tmp_path / "a.csv")
    assert (len(found), found.empty) == (1, ["b.mp4"])
    for spans in (found, Spans(found.rows, empty=["a.mp4"])):
        write_spans(spans, tmp_path / "a.json", format=form)
        assert read_spans(tmp_path / "a.json").labels == ["run"]


def test_captions_of_one_video_and_of_several(tmp_path):
    left = write_spans([*ROWS, WHOLE], tmp_path / "captions", format="webvtt")
    assert [row.reason for row in left] == ["'walk' is of the whole video, and a cue has times"]
    assert (tmp_path / "captions" / "a.vtt").read_text() == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:04.250\nAnn: run | fast (0.75)\n\n00:00:02.000 --> 00:00:03.000\njump\n")
    assert "00:00:05.000 --> 00:00:06.000\ngoal" in (tmp_path / "captions" / "b.vtt").read_text()
    with pytest.raises(ValueError, match=r"Expected labels of one video for .*Name a folder"):
        write_spans(ROWS, tmp_path / "a.vtt")


def test_videos_of_one_name_are_not_mixed(tmp_path):
    rows = [Span("x/a.mp4", 1.0, 2.0, "run"), Span("y/a.mp4", 1.0, 2.0, "run")]
    for form in ("activitynet", "webvtt"):
        with pytest.raises(ValueError, match=r"Expected videos of different names"):
            write_spans(rows, tmp_path / "out", format=form)
    assert not list(tmp_path.iterdir())


def test_instants_of_a_table_are_no_clips(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    Spans([*ROWS[:2], Span("a.mp4", 5.0, 5.0, "goal")]).save(tmp_path / "spans.csv")
    manifest = read_manifest(tmp_path / "spans.csv")
    assert [(entry.start, entry.end) for entry in manifest] == [(1.5, 4.25), (2.0, 3.0)]
    assert [row.reason for row in manifest.missing] == ["its part from 5 s to 5 s, 'goal', has no length"]
    Spans([Span("a.mp4", 5.0, 5.0, "goal")]).save(tmp_path / "spans.csv")
    with pytest.raises(ValueError, match=r"Expected labels that last, as clips, in .* Received 1 instants alone"):
        read_manifest(tmp_path / "spans.csv")


def test_parts_without_an_end_ask_the_video(tmp_path):
    write_video(tmp_path / "a.avi", np.zeros((12, 32, 32, 3), np.uint8), fps=8)
    (tmp_path / "a.csv").write_text("video,start,end,label\na.avi,0.5,,run\na.avi,,1,run\nb.avi,1,,run\na.avi,9,,run\n")
    found = read_spans(tmp_path / "a.csv")
    assert [(row.start, row.end) for row in found] == [(0.5, pytest.approx(1.5)), (0.0, 1.0)]
    assert [row.path for row in found.missing] == ["b.avi", "a.avi"]


def test_half_a_character_is_no_text(tmp_path):
    for name, refused in (("\\ud83d\\ude00", False), ("\\ud83d", True)):
        (tmp_path / "a.json").write_text(f'[{{"video": "a.mp4", "label": "{name}"}}]')
        if refused:
            with pytest.raises(ValueError, match=r"^Expected JSON in '.*a\.json'"):
                read_spans(tmp_path / "a.json")
        else:
            assert read_spans(tmp_path / "a.json").labels == ["\N{GRINNING FACE}"]


def test_forms_are_known_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"written as one of csv, json, label_studio, .* Received: format='xls'"):
        write_spans(ROWS, tmp_path / "a.xls", format="xls")
    with pytest.raises(ValueError, match=r"Expected a name that ends in \.csv, \.json, \.vtt, or a format\."):
        write_spans(ROWS, tmp_path / "a.txt")
    assert set(KEPT) | {"csv", "json", "webvtt"} == set(WRITERS)


def test_summaries():
    found = Spans([*ROWS, WHOLE], [Missing("a", "x"), Missing("b", "x"), Missing("c", "y")], empty=["d.mp4"])
    assert found.summary() == ("3 spans and 1 instant and 1 label of a whole video of 4 labels in 3 videos; 1 video "
                               "without any; 3 entries passed over")
    assert found.counts() == {"goal": 1, "jump": 2, "run | fast": 1, "walk": 1}
    assert told(found.missing) == [("x", 2, "a"), ("y", 1, "c")]


def test_the_command_converts_counts_and_names_what_it_passed_over(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("video,start,end,label\na.mp4,1,2,run\na.mp4,3,3,jump\na.mp4,5,4,run\n"
                                    "d.mp4,,,\n")
    assert main.main(["labels", str(tmp_path / "a.csv"), "--to=boris", f"--output={tmp_path / 'b.csv'}"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 span and 1 instant of 2 labels in 1 video; 1 video without any; 2 videos without a file; "
                           "1 entry passed over\n       1  jump\n       1  run\npassed over (1):\n"
                           "  1 x Expected start <= end")
    assert "1 x nothing in it has a label, and a row stands for one (d.mp4)" in told
    assert (tmp_path / "b.csv").read_text().count("\n") == 3
    assert main.main(["labels", str(tmp_path / "a.csv"), "--strict"]) == 1
    assert "line 4" in capsys.readouterr().err


def test_blanks_around_labels_go_and_empty_labels_are_named(tmp_path):
    parts = [{"label": " run ", "segment": [1, 2]}, {"label": " ", "segment": [2, 3]}]
    (tmp_path / "a.json").write_text(json.dumps({"results": {"x": parts}}))
    found = read_spans(tmp_path / "a.json")
    assert (found.labels, [row.reason for row in found.missing]) == (["run"], ["an empty label"])
