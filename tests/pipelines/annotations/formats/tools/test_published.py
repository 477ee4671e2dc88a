"""Files of data sets and of trainers: Create ML, E2E-Spot, SoccerNet, ActivityNet, Charades."""

import json

import pytest

from pipelines.manifest import read_manifest
from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told


def test_create_ml_has_seconds_or_minutes_and_labels_of_whole_videos(tmp_path):
    found = spans_of(tmp_path, "a.json", [
        {"video": "a.mov", "label": "run", "start": 1.5, "end": "01:02.5"}, {"video": "b.mov", "label": "jump"}])
    assert told(found) == [("a.mov", 1.5, 62.5, "run"), ("b.mov", None, None, "jump")]
    found = spans_of(tmp_path, "a.csv", "video,label,start,end\na.mov,run,00:01.5,01:02\nb.mov,jump,3,4\n")
    assert told(found) == [("a.mov", 1.5, 62.0, "run"), ("b.mov", 3.0, 4.0, "jump")]
    for broken in ({"video": "a.mov", "label": "run", "start": 1}, {"video": 7, "label": "run"},
                   {"video": "a.mov", "label": "run", "start": "1:2", "end": 9}):
        with pytest.raises(ValueError, match=r"^Expected .*c\.json'\. Received"):
            spans_of(tmp_path, "c.json", [{"video": "a", "label": "x"}, broken])


def test_e2e_spot_counts_frames_at_its_own_rate(tmp_path):
    (tmp_path / "class.txt").write_text("goal\nfoul\n")
    events = [{"frame": 50, "label": "goal", "comment": ""}]
    for split in ("train", "val"):
        (tmp_path / f"{split}.json").write_text(json.dumps([
            {"video": f"{split}_game", "num_frames": 1000, "fps": 25.0, "events": events if split == "train" else []}]))
    found = read_spans(tmp_path)
    assert told(found) == [("train_game", 2.0, 2.0, "goal")]
    assert (found.rows[0].split, found.empty, found.rates) == ("train", ["val_game"], {"train_game": 25.0})
    with pytest.raises(ValueError, match=r"Expected `fps` above 0 in '.*x\.json'"):
        spans_of(tmp_path, "x.json", [{"video": "a", "fps": 0, "events": []}])


def test_soccernet_has_two_halves(tmp_path):
    for match in ("one", "two"):
        (tmp_path / match).mkdir()
        (tmp_path / match / "2_720p.mkv").write_bytes(b"")
    content = {"UrlLocal": "league/one/", "annotations": [
        {"gameTime": "1 - 03:24", "label": "Goal", "position": "204500", "team": "home"},
        {"gameTime": "2 - 00:10", "label": "Corner", "position": "", "team": "not applicable"}]}
    found = spans_of(tmp_path / "two", "Labels-v2.json", content)
    assert told(found) == [("1_720p.mkv", 204.5, 204.5, "Goal"), ("2_720p.mkv", 10.0, 10.0, "Corner")]
    assert found.rows[1].video == str(tmp_path / "two" / "2_720p.mkv")
    assert [row.path for row in found.unfound] == ["1_720p.mkv"]
    assert [row.subject for row in found] == ["home", None]
    found = spans_of(tmp_path, "clips.json", {"videos": [
        {"path": "two/2_720p.mkv", "annotations": [{"gameTime": "1 - 00:01", "label": "Pass", "position": 1500}]}]})
    assert [(row.video, row.start) for row in found] == [(str(tmp_path / "two" / "2_720p.mkv"), 1.5)]


def test_half_that_no_time_tells(tmp_path):
    content = {"annotations": [{"gameTime": "1 - 00:01", "label": "Goal", "position": "1000"},
                               {"gameTime": "soon", "label": "Goal", "position": "1000"}]}
    with pytest.raises(ValueError, match=r"Expected a `gameTime` such as '1 - 03:24', which tells the half in "):
        spans_of(tmp_path, "Labels.json", content)


def test_activitynet_keeps_all_segments_and_instants(tmp_path):
    parts = [{"label": "run", "segment": [1, 2]}, {"label": "jump", "segment": [3, 3]}]
    found = spans_of(tmp_path, "a.json", {"database": {"x": {"subset": "validation", "annotations": parts}}})
    assert told(found) == [("x", 1, 2, "run"), ("x", 3, 3, "jump")]
    assert {row.split for row in found} == {"val"}


def test_charades_has_actions_in_one_cell_and_persons(tmp_path):
    head = "id,subject,scene,actions,length\n"
    found = spans_of(tmp_path, "Charades_v1_train.csv",
                     head + "46GP8,HR43,Kitchen,c092 11.90 21.20;c147 0.00 12.60,24.8\nN11GT,0KZ7,Stairs,,18\n")
    assert told(found) == [("46GP8", 11.9, 21.2, "c092"), ("46GP8", 0.0, 12.6, "c147")]
    assert {(row.subject, row.group, row.split) for row in found} == {("HR43", "HR43", "train")}
    assert found.empty == ["N11GT"]
    (tmp_path / "Charades_v1_classes.txt").write_text("c092 Sitting\nc147 Standing up\n")
    assert read_spans(tmp_path / "Charades_v1_train.csv").labels == ["Sitting", "Standing up"]
    (tmp_path / "46GP8.mp4").write_bytes(b"")
    manifest = read_manifest(tmp_path / "Charades_v1_train.csv")
    assert [entry.group for entry in manifest] == ["HR43", "HR43"]
    assert [row.reason for row in manifest.missing] == ["nothing in it has a label"]
    with pytest.raises(ValueError, match=r"Expected `class start end` in line 2 in "):
        spans_of(tmp_path, "b.csv", head + "a,b,c,c092 11.90,24.8\n")
    found = read_spans(tmp_path / "b.csv", strict=False)
    assert len(reasons(found)) == 1
