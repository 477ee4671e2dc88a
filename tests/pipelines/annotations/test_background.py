"""Parts without a label: where they lie, and what they are refused for."""

import pytest

from pipelines.annotations.background import parts, with_background
from pipelines.annotations.spans import Span, Spans
from pipelines.commands import labels as command
from pipelines.spans import read_spans, write_spans


def test_parts_touch_no_label_and_fit_before_the_end():
    taken, seconds = [(1.0, 1.0), (3.2, 5.0), (4.0, 4.5)], 1.0
    starts = parts(taken, 8.4, seconds)
    assert starts == [0.0, 1.0, 2.0, 5.0, 6.0, 7.0]
    assert not any(start < begin < start + seconds for start in starts for begin, _ in taken)


def test_a_video_gives_parts_of_its_group_and_one_that_is_gone_is_named(clips):
    video = str(sorted(clips.rglob("*.mp4"))[0])
    spans = Spans([Span(video, 0.5, 1.0, "run", subject="anna", group="g1", split="train"),
                   Span("gone.mp4", 0.0, 1.0, "run"), Span("whole.mp4", None, None, "run")])
    found = with_background(spans, 0.5)
    mine = [row for row in found if row.label == "none"]
    assert mine
    assert {(row.video, row.subject, row.group, row.split) for row in mine} == {(video, None, "g1", "train")}
    assert (mine[0].start, mine[0].end) == (0.0, 0.5)
    assert [row.path for row in found.missing] == ["gone.mp4"]
    assert found.rows[:3] == spans.rows


@pytest.mark.parametrize(("spans", "seconds", "says"), [
    (Spans(), 0.0, "above 0"), (Spans([Span("a.mp4", 0.0, 1.0, "none")]), 1.0, "have it already")])
def test_what_is_none_is_refused(spans, seconds, says):
    with pytest.raises(ValueError, match=says):
        with_background(spans, seconds)


def test_the_command_writes_them_for_training_on_clips(clips, tmp_path):
    from res3d.commands.main import main

    assert command.EXAMPLE
    video = str(sorted(clips.rglob("*.mp4"))[0])
    write_spans([Span(video, 0.5, 1.0, "run")], tmp_path / "a.csv")
    assert main(["labels", str(tmp_path / "a.csv"), "--none=0.5", f"--output={tmp_path / 'b.csv'}"]) in (0, None)
    assert read_spans(tmp_path / "b.csv").labels == ["none", "run"]
