"""Annotation layouts on made-up lists: separators, names that almost match, formats that nobody knows."""

import os

import pytest

from pipelines.annotations import reading
from pipelines.annotations.reading import ReadOptions
from pipelines.manifest import read_manifest


def test_ucf101_index_must_agree_with_the_folder(tmp_path):
    (tmp_path / "classInd.txt").write_text("1 A\r\n2 B\r\n")
    (tmp_path / "trainlist01.txt").write_text("A/v_A_g01_c01.avi 1\r\nB/v_B_g01_c01.avi 1\r\n")
    with pytest.raises(ValueError, match=r"Expected the index of 'B', counted from 1 in classInd\.txt, in '.*', "
                                         r"line 2\. Received: 1\. Use"):
        read_manifest(tmp_path / "trainlist01.txt")


@pytest.mark.parametrize(("text", "entries", "labels"), [
    ("my clip.mp4 3\nb.mp4 0\n", [("my clip.mp4", (3,)), ("b.mp4", (0,))], ["0", "1", "2", "3"]),
    ("my clip.mp4,1\nb.mp4,0\n", [("my clip.mp4", (1,)), ("b.mp4", (0,))], ["0", "1"]),
    ("my clip.mp4\trun\nb.mp4\tjump\n", [("my clip.mp4", (1,)), ("b.mp4", (0,))], ["jump", "run"]),
    ("b.mp4 run\n", [("b.mp4", (0,))], ["run"]),
])
def test_path_label_lists(tmp_path, text, entries, labels):
    for name in ("my clip.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "clips.txt").write_text(text)
    found = read_manifest(tmp_path / "clips.txt")
    assert [(os.path.basename(entry.path), entry.labels) for entry in found] == entries
    assert found.labels == labels


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.json", '{"v": {"annotations": [{"segment": [0, 1]}]}}', "Expected annotations with a `label` and, if any, a "
     "`segment` of start < end, in seconds, in 'a.json'. Received {'segment': [0, 1]} for 'v'. Correct it."),
    ("a.json", '{"v": {"annotations": [{"label": "a", "segment": [3, 1]}]}}', "Received {'label': 'a', 'segment': "),
    ("a.json", '{"v": {"annotations": [{"label": "a", "segment": [1]}]}}', "Received {'label': 'a', 'segment': [1]}"),
    ("a.json", '{"v": {"annotations": ["a"]}}', "Received 'a' for 'v'. Correct it."),
    ("a.json", '[{"video_dir": "v", "label": 1}]', "and `positive_clip_inds` beside a video_dir. Received: "),
    ("a.json", '[{"filename": "v", "label": 1}, 7]', "Expected `label` and one of filename, frame_dir, video_dir in "),
    ("test-answers.csv", "1;Moving up\n2 Down\n", "Expected `id;class` in 'test-answers.csv', line 2. Received: "
     "'2 Down'. Correct the line."),
    ("k.csv", "youtube_id,time_start,time_end\na,9,4\n", "Expected time_start < time_end (seconds) in 'k.csv', line "
     "2. Received: 9, 4. Swap or correct them."),
])
def test_rows_that_cannot_be_are_named(tmp_path, monkeypatch, name, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError) as caught:
        reading.parse(name)
    assert message in str(caught.value)


def test_jester_folder_takes_the_first_list_of_each_split(tmp_path):
    (tmp_path / "jester-v1-labels.csv").write_text("Swiping\nStop\n")
    for name, text in (("a-train.csv", "1;Stop\n"), ("b-train.csv", "2;Stop\n"), ("a-validation.csv", "3;Swiping\n")):
        (tmp_path / name).write_text(text)
    rows = reading.parse(tmp_path, "jester").rows
    assert sorted((row.names, row.split) for row in rows) == [(("1",), "train"), (("3",), "val")]


def test_positive_parts_are_below_their_count(tmp_path):
    (tmp_path / "parts.txt").write_text("v 1 2 0 1\n")
    assert [row.names for row in reading.parse(tmp_path / "parts.txt", "mmaction").rows] == [("v/part_0.mp4",),
                                                                                             ("v/part_1.mp4",)]
    (tmp_path / "parts.txt").write_text("v 1 2 0 2\n")
    with pytest.raises(ValueError, match=r"positive ones below `parts`, in '.*'\. Received: 'v 1 2 0 2'"):
        reading.parse(tmp_path / "parts.txt", "mmaction")


def test_indices_take_names_from_a_label_list(tmp_path):
    (tmp_path / "b.mp4").write_bytes(b"")
    (tmp_path / "clips.txt").write_text("b.mp4 1\n")
    found = read_manifest(tmp_path / "clips.txt", labels=["jump", "run"])
    assert found.labels[found.entries[0].label] == "run"
    with pytest.raises(ValueError, match=r"Expected label ids below 1, the number of labels of the given label list\. "
                                         r"Received 1 for 'b\.mp4'\. Pass the label list"):
        read_manifest(tmp_path / "clips.txt", labels=["jump"])


def test_same_name_in_several_folders(tmp_path):
    for folder in ("other", "riding a bike"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x_000001_000002.mp4").write_bytes(b"")
    (tmp_path / "list.csv").write_text("label,youtube_id,time_start,time_end,split\nriding_a_bike,x,1,2,val\n")
    assert "riding a bike" in read_manifest(tmp_path / "list.csv").entries[0].path


def test_a_file_of_another_class_is_no_match(tmp_path):
    (tmp_path / "jump").mkdir()
    (tmp_path / "jump/1.mp4").write_bytes(b"")
    (tmp_path / "clips.csv").write_text("path,label\nrun/1.mp4,run\njump/1.mp4,jump\n")
    found = read_manifest(tmp_path / "clips.csv")
    assert [row.path for row in found.missing] == ["run/1.mp4"]
    (tmp_path / "jump_test_split1.txt").write_text("1.mp4 1 \n")
    (tmp_path / "run_test_split1.txt").write_text("1.mp4 1 \n")
    found = read_manifest(tmp_path, format="hmdb51")
    assert [row.path for row in found.missing] == ["run/1.mp4"]


def test_dots_in_names(tmp_path):
    for name in ("Mr. Bean_0.mkv", "clip.mp4"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "laugh_test_split1.txt").write_text("Mr. Bean_0.avi 1 \nMr. Bean_1.avi 1 \nclip.7 1 \n")
    found = read_manifest(tmp_path / "laugh_test_split1.txt")
    assert [os.path.basename(entry.path) for entry in found] == ["Mr. Bean_0.mkv"]


def test_names_differing_in_case(tmp_path):
    (tmp_path / "V_A_G01_C01.AVI").write_bytes(b"")
    (tmp_path / "testlist01.txt").write_text("A/v_A_g01_c01.avi\r\n")
    assert len(read_manifest(tmp_path / "testlist01.txt")) == 1


def test_unknown_formats(tmp_path):
    (tmp_path / "a.txt").write_text("hello\n")
    with pytest.raises(ValueError, match=r"Expected a folder per class, a CSV manifest .* Name one with format="):
        read_manifest(tmp_path / "a.txt")
    with pytest.raises(ValueError, match=r"An annotation format is one of label_studio, .*kinetics.* Received: 'coco'"):
        read_manifest(tmp_path / "a.txt", format="coco")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match=r"Expected JSON in '.*a\.json'\. Received text that is not"):
        read_manifest(tmp_path / "a.json")
    (tmp_path / "b.txt").write_text("x.mp4 0\n")
    with pytest.raises(FileNotFoundError, match=r"Expected a folder of videos\. Received '.*/gone', which is not"):
        read_manifest(tmp_path / "b.txt", videos=tmp_path / "gone")


def test_every_format_says_what_it_reads():
    for name in reading.FORMATS:
        module = reading.module(name)
        assert module.__doc__
        assert not module.knows("no such file.xyz")
    assert ReadOptions().fold == 1


@pytest.mark.parametrize(("name", "text"), [
    ("a.txt", "a.mp4 0\nb.mp4 99999999999999999999\n"), ("val.txt", "a.mp4 0 \nb.mp4 1000000\n")])
def test_an_id_that_would_make_millions_of_classes_is_refused_at_once(tmp_path, name, text):
    for video in "ab":
        (tmp_path / f"{video}.mp4").write_bytes(b"")
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=r"Expected label ids below 1000000 in '.*'. Received \d+ for 'b.mp4'"):
        read_manifest(tmp_path / name)


def test_thousands_of_columns_are_not_all_named(tmp_path, caplog):
    (tmp_path / "a.mp4").write_bytes(b"")
    wide = ",".join(f"c{number}" for number in range(3_000))
    (tmp_path / "a.csv").write_text(f"path,label,{wide}\na.mp4,x{',1' * 3_000}\n")
    assert len(read_manifest(tmp_path / "a.csv")) == 1
    (warning,) = caplog.messages
    assert len(warning) < 1000
    assert "c19 and 2980 more" in warning
    (tmp_path / "a.csv").write_text(f"path,label,{wide}\na.mp4,x\n")
    with pytest.raises(ValueError, match=r"Expected 3002 fields \(path, .* and 2982 more\)") as caught:
        read_manifest(tmp_path / "a.csv")
    assert len(str(caught.value)) < 1000
