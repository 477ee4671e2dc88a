"""Label Studio's export: frames at the tool's rate, inclusive ends, names of uploads, and what is no label."""

import pytest

from pipelines.manifest import read_manifest
from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told


def timeline(labels, *ranges, **more):
    return {"type": "timelinelabels", "value": {"timelinelabels": list(labels), "ranges": [
        {"start": start, "end": end} for start, end in ranges]}} | more


def task(*results, video="/data/upload/3/0a1b2c3d-my%20clip.mp4", data=None, **more):
    return {"id": 1, "data": {"video": video} | (data or {}),
            "annotations": [{"completed_by": 7, "result": list(results)} | more]}


def test_ends_are_inside_and_frames_begin_at_one(tmp_path):
    found = spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 24), (49, 60)))])
    assert told(found) == [("my clip.mp4", 0.0, 1.0, "run"), ("my clip.mp4", 2.0, 2.5, "run")]
    assert found.rows[0].annotator == "7"
    found = read_spans(tmp_path / "a.json", first_frame=0)
    assert told(found)[0] == ("my clip.mp4", round(1 / 24, 6), round(25 / 24, 6), "run")


def test_the_rate_is_the_projects_and_not_the_videos(tmp_path):
    """A video of 641 frames at 30 a second shows as 535 at 25, and is as long by either count."""
    found = spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 535)))], rate=25)
    assert found.rows[0].end == pytest.approx(641 / 30, abs=1 / 25)
    assert found.rates == {"my clip.mp4": 25}
    assert read_spans(tmp_path / "a.json").rows[0].end == pytest.approx(535 / 24)


def test_the_rate_may_stand_in_the_task(tmp_path):
    found = spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 30)), data={"fps": "30"})])
    assert found.rows[0].end == 1.0
    box = {"type": "videorectangle", "value": {"framesCount": 120, "duration": 4.0, "sequence": [], "labels": ["x"]}}
    found = spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 30)), box)])
    assert found.rows[0].end == 1.0
    assert reasons(found) == ["a result of type 'videorectangle', which is no label in time"]


def test_several_labels_of_several_ranges(tmp_path):
    found = spans_of(tmp_path, "a.json", [task(timeline(["run", " jump "], (1, 24), (25, 48)))])
    assert [row[1:] for row in told(found)] == [(0, 1, "run"), (0, 1, "jump"), (1, 2, "run"), (1, 2, "jump")]


def test_a_range_of_one_frame_is_an_instant(tmp_path):
    found = spans_of(tmp_path, "a.json", [task(timeline(["goal"], (49, 49)))])
    assert told(found) == [("my clip.mp4", 2.0, 2.0, "goal")]
    assert found.rows[0].is_instant


def test_a_copy_of_a_box_and_a_cancelled_annotation_are_passed_over(tmp_path):
    copy = {"type": "timelinelabels", "value": {"timelinelabels": ["run"]}}
    found = spans_of(tmp_path, "a.json", [task(copy, timeline(["run"], (1, 24))),
                                          task(timeline(["run"], (1, 24)), was_cancelled=True)])
    assert len(found) == 1
    assert reasons(found) == ["a timeline label without ranges, the copy of a box", "an annotation that was cancelled"]
    assert "2 entries passed over" in found.summary()


def test_choices_label_the_whole_video(tmp_path):
    found = spans_of(tmp_path, "a.json", [task({"type": "choices", "value": {"choices": ["walking"]}})])
    assert told(found) == [("my clip.mp4", None, None, "walking")]


@pytest.mark.parametrize(("video", "name"), [
    ("/data/upload/3/0a1b2c3d-my%20clip.mp4", "my clip.mp4"), ("/data/local-files/?d=sets/day%201/b.mp4", "b.mp4"),
    ("C:\\videos\\0a1b2c3d-c.mp4", "c.mp4")])
def test_names_of_videos(tmp_path, video, name):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / name).write_bytes(b"")
    found = spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 24)), video=video)])
    assert found.rows[0].video == str(tmp_path / "sets" / name)
    assert not found.unfound


def test_annotators_stay_apart_and_tasks_without_labels_are_told(tmp_path):
    both = task(timeline(["run"], (1, 24)))
    both["annotations"].append({"completed_by": {"id": 2, "email": "b@example.org"},
                                "result": [timeline(["run"], (2, 24))]})
    found = spans_of(tmp_path, "a.json", [both, task(video="/data/upload/3/empty.mp4")])
    assert [row.annotator for row in found] == ["7", "b@example.org"]
    assert found.empty == ["empty.mp4"]
    assert "1 video without any" in found.summary()


@pytest.mark.parametrize(("broken", "words"), [
    (timeline(["run"], (24, 1)), "Expected start <= end in '.*a.json'. Received: start=24, end=1"),
    (timeline(["run"], ("soon", 2)), "Expected the number of a frame, from 0 in "),
    (timeline([""], (1, 2)), "Expected a list of labels that are not empty in "),
    ({"type": "timelinelabels"}, "Expected tasks with `data` and `annotations`, .* Received {"),
    (7, "Expected tasks with `data`")])
def test_what_cannot_be_read_is_one_sentence_or_a_named_entry(tmp_path, broken, words):
    tasks = [task(broken), task(timeline(["run"], (1, 24)))]
    with pytest.raises(ValueError, match=words):
        spans_of(tmp_path, "a.json", tasks)
    found = read_spans(tmp_path / "a.json", strict=False)
    assert len(found) == len(found.missing) == 1


def test_clips_for_training_are_the_spans(tmp_path):
    """`res3d train --data=labels.json` takes each span as a clip; instants are named among what is missing."""
    (tmp_path / "my clip.mp4").write_bytes(b"")
    spans_of(tmp_path, "a.json", [task(timeline(["run"], (1, 24)), timeline(["jump"], (49, 49)))])
    manifest = read_manifest(tmp_path / "a.json")
    assert [(entry.start, entry.end, entry.labels) for entry in manifest] == [(0.0, 1.0, (1,))]
    assert manifest.labels == ["jump", "run"]
    assert [row.reason for row in manifest.missing] == ["its part from 2 s to 2 s, 'jump', has no length"]


def test_json_min_has_a_field_for_each_control(tmp_path):
    part = {"ranges": [{"start": 1, "end": 24}], "timelinelabels": ["run"]}
    found = spans_of(tmp_path, "a.json", [{"id": 1, "video": "/data/upload/1/0a1b2c3d-b.mp4", "annotator": 4},
                                          {"id": 2, "video": "/data/upload/1/0a1b2c3d-a.mp4", "annotator": 3,
                                           "label": [part]}])
    assert told(found) == [("a.mp4", 0.0, 1.0, "run")]
    assert (found.rows[0].annotator, found.empty) == ("3", ["b.mp4"])
