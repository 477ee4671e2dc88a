"""Tools that count frames of the video: CVAT, DeepEthogram, FiftyOne; by a rate, and by the times of the frames."""

import numpy as np
import pytest

from pipelines.spans import read_spans
from pipelines.video import probe, write_video
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told


def box(frame, outside=0, action=None):
    attribute = "" if action is None else f'<attribute name="Action">{action}</attribute>'
    return (f'<box frame="{frame}" keyframe="1" outside="{outside}" xtl="1" ytl="1" xbr="9" ybr="9">{attribute}</box>')


def cvat(body, meta="<task><name>t</name><start_frame>0</start_frame></task><source>a.avi</source>"):
    return f"<?xml version='1.0'?><annotations><version>1.1</version><meta>{meta}</meta>{body}</annotations>"


def track(*boxes, label="person", identity="3"):
    return f'<track id="{identity}" label="{label}">{"".join(boxes)}</track>'


def test_a_track_is_a_span_until_it_is_outside(tmp_path):
    found = spans_of(tmp_path, "a.xml", cvat(track(box(10), box(15), box(20, 1), box(40), box(49))), rate=10)
    assert told(found) == [("a.avi", 1.0, 2.0, "person"), ("a.avi", 4.0, 5.0, "person")]
    assert {row.subject for row in found} == {"3"}


def test_an_attribute_of_action_is_the_label_and_ends_with_its_value(tmp_path):
    found = spans_of(tmp_path, "a.xml", cvat(track(
        box(0, 0, "run"), box(10, 0, "run"), box(20, 0, "none"), box(30, 0, "jump"), box(40, 1, "jump"))), rate=10)
    assert [row[1:] for row in told(found)] == [(0, 2, "run"), (3, 4, "jump")]


def test_numbers_are_the_videos_where_a_task_starts_late_and_steps(tmp_path):
    """The export numbers the frames of the video, not those of the task; the last box lasts until the next step."""
    meta = ("<task><start_frame>100</start_frame><frame_filter>step=5</frame_filter></task><source>a.avi</source>")
    found = spans_of(tmp_path, "a.xml", cvat(track(box(100), box(145)), meta), rate=10)
    assert told(found) == [("a.avi", 10.0, 15.0, "person")]


def test_tags_of_images_in_a_row_are_a_span(tmp_path):
    images = "".join(f'<image id="{number}" name="f{number}"><tag label="{label}"/></image>'
                     for number, label in enumerate(["run", "run", "jump", "run"]))
    found = spans_of(tmp_path, "a.xml", cvat(images), rate=1)
    assert [row[1:] for row in told(found)] == [(0, 2, "run"), (2, 3, "jump"), (3, 4, "run")]


@pytest.mark.parametrize("broken", [track('<box outside="0"/>'), track(box("x")), track(box(1), label="")])
def test_tracks_that_cannot_be_read(tmp_path, broken):
    with pytest.raises(ValueError, match=r"^Expected .*a\.xml'\. "):
        spans_of(tmp_path, "a.xml", cvat(broken + track(box(1))), rate=1)
    found = read_spans(tmp_path / "a.xml", rate=1, strict=False)
    assert len(found) == len(found.missing) == 1
    with pytest.raises(ValueError, match=r"Expected the video in `meta/source`"):
        spans_of(tmp_path, "a.xml", cvat(track(box(1)), ""))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "a.avi"
    write_video(path, np.zeros((12, 32, 32, 3), np.uint8), fps=8)
    return path


def test_without_a_rate_the_videos_own_times_count(tmp_path, film):
    found = spans_of(tmp_path, "a.xml", cvat(track(box(2), box(9), box(10, 1))), videos=film.parent)
    times = probe(film).times_us / 1e6
    assert [(row.start, row.end) for row in found] == [(times[2], times[10])]
    assert found.rows[0].end == pytest.approx(10 / 8)
    found = spans_of(tmp_path, "a.xml", cvat(track(box(2), box(15))), videos=film.parent)
    assert found.rows[0].end == pytest.approx(16 / 8)  # beyond the end, as labelled: `doctor` tells


def test_without_a_rate_and_a_video_nothing_is_guessed(tmp_path):
    found = spans_of(tmp_path, "a.xml", cvat(track(box(2), box(9))))
    assert not found.rows
    assert "its times are numbers of frames, and no file of its video tells when those are shown" in reasons(found)[0]
    (tmp_path / "a.avi").write_bytes(b"no video")
    assert "its video does not tell when those are shown" in reasons(read_spans(tmp_path / "a.xml"))[0]


def test_deepethogram_has_a_row_a_frame(tmp_path):
    rows = ["1,0,0", "0,1,0", "0,1,1", "1,0,0", "-1,-1,-1", "0,0,1"]
    found = spans_of(tmp_path, "day1_labels.csv", ",background,run,rear\n" + "".join(
        f"{number},{row}\n" for number, row in enumerate(rows)), rate=2)
    assert told(found) == [("day1", 0.5, 1.5, "run"), ("day1", 1.0, 1.5, "rear"), ("day1", 2.5, 3.0, "rear")]
    assert reasons(found) == ["1 frames from 4 on are not labelled for 'run'",
                              "1 frames from 4 on are not labelled for 'rear'"]
    with pytest.raises(ValueError, match=r"Expected 0, 1 or -1 in each column in "):
        spans_of(tmp_path, "b.csv", "background,run\n0,2\n")
    assert spans_of(tmp_path, "c.csv", "background,run\n1,0\n", rate=2).empty == ["c"]


def test_fiftyone_has_seconds_or_frames_from_one(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "u1.mp4").write_bytes(b"")
    content = {"classes": ["run", "jump"], "labels": {
        "u1": [{"label": 1, "timestamps": [1.5, 2.5], "confidence": 0.5}, {"label": "run", "support": [11, 20]}],
        "u2": None}}
    found = spans_of(tmp_path, "labels.json", content, rate=10)
    assert told(found) == [("u1.mp4", 1.5, 2.5, "jump"), ("u1.mp4", 1.0, 2.0, "run")]
    assert found.rows[0].video == str(tmp_path / "data" / "u1.mp4")
    assert [row.score for row in found] == [0.5, None]
    assert found.empty == ["u2"]


@pytest.mark.parametrize("detection", [{"label": 7, "timestamps": [1, 2]}, {"label": "run", "support": [0, 2]},
                                       {"label": "run", "timestamps": [2, 1]}, {"label": "run"}])
def test_detections_that_cannot_be_read(tmp_path, detection):
    content = {"classes": ["run"], "labels": {"u1": [detection], "u2": [{"label": 0, "timestamps": [1, 2]}]}}
    with pytest.raises(ValueError, match=r"^Expected .*labels\.json'\. Received"):
        spans_of(tmp_path, "labels.json", content)
    found = read_spans(tmp_path / "labels.json", strict=False)
    assert len(found) == len(found.missing) == 1
