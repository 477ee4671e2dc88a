"""Answers on a page, and drawn on a video."""

import numpy as np
import pytest

from pipelines.video import reading
from res3d.workflows.showing import answers, spans, strips

TOP = [{"label": "<script>", "score": 1.0}, {"label": "down", "score": 0.25}, {"label": "left", "score": 0.0}]


def test_a_page_shows_each_video_with_its_answer_or_its_error(motion, tmp_path):
    video = next((motion / "val").rglob("*.avi"))
    (tmp_path / "bad.mp4").write_bytes(b"")
    videos = [str(video), str(tmp_path / "bad.mp4")]
    results = [{"video": videos[0], "top": TOP}, {"video": videos[1], "error": "the file is empty"}]
    assert answers.show(str(tmp_path / "a.html"), videos, results, "runs/first")
    text = (tmp_path / "a.html").read_text()
    assert "1 of 2 videos are answered" in text
    assert text.count("data:image/jpeg") == 1
    assert "&lt;script&gt;</span>" in text
    assert "the file is empty" in text


def test_bars_are_as_long_as_scores_and_the_picture_above_is_the_video():
    frame = np.full((60, 80, 3), 200, "uint8")
    picture = answers.drawn(frame, TOP)
    assert picture.shape == (360, 480, 3)
    row = 25
    assert (picture[:360 - 3 * row] == 200).all()
    edges = [360 - row * (3 - place) + row // 8 for place in range(3)]  # above the words that stand on the bars
    bars = [(picture[edge, :, 2].astype(int) - picture[edge, :, 0] > 40).mean() for edge in edges]
    np.testing.assert_allclose(bars, [1.0, 0.25, 0.0], atol=0.05)  # the words' edges reach up here and there


@pytest.mark.parametrize("videos", [["a.avi", "b.avi"], ["gone.avi"], ["."]])
def test_a_video_is_drawn_of_one_file(videos):
    with pytest.raises(ValueError, match=r"`--output` of a video takes one video file\. .* or write a page: "
                                         r"--output=out\.html\."):
        answers.check_output("out.mp4", videos)


def test_the_video_keeps_its_frames_and_its_rate(motion, tmp_path):
    video = str(next((motion / "val").rglob("*.avi")))
    assert answers.show(str(tmp_path / "out.avi"), [video], [{"video": video, "top": TOP}], "x")
    before, after = reading.probe(video), reading.probe(str(tmp_path / "out.avi"))
    assert (after.num_frames, after.height) == (before.num_frames, 360)
    assert after.fps == pytest.approx(before.fps)


def test_without_an_answer_no_video_is_written(motion, tmp_path):
    video = str(next((motion / "val").rglob("*.avi")))
    assert not answers.show(str(tmp_path / "out.avi"), [video], [{"video": video, "error": "x"}], "x")
    assert not (tmp_path / "out.avi").exists()


def test_a_page_of_spans_has_a_timeline_or_an_error_for_each_video(motion, tmp_path):
    video = str(next((motion / "val").rglob("*.avi")))
    span = {"video": video, "start": 0.25, "end": 0.5, "label": "<b>", "score": 0.75}
    found = [{"video": video, "spans": [span, span | {"start": 0.3, "end": 0.3, "label": "hit"}]},
             {"video": "gone.avi", "error": "there is no such file"}, {"video": video, "spans": []}]
    spans.show_spans(tmp_path / "a.html", found, "runs/<first>")
    text = (tmp_path / "a.html").read_text()
    assert "2 spans in 3 videos" in text
    assert text.count("data:image/jpeg") == 2
    assert "&lt;b&gt;, 0:00.2 to 0:00.5, score 0.75" in text
    assert "there is no such file" in text
    assert "Nothing was found that reaches the threshold." in text
    assert "<b>," not in text


def test_a_strip_goes_by_the_times_of_the_frames(motion):
    video = str(next((motion / "val").rglob("*.avi")))
    film, seconds = strips.strip_of(video)
    assert film["frames"] == 12
    assert seconds == pytest.approx(reading.probe(video).duration_seconds)
    assert strips.strip_or_none("gone.avi") == (None, 0.0)
