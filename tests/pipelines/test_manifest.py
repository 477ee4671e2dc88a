"""One table for every layout: folders per class, splits, CSV manifests, label ids, and the text of each error."""

import os
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.annotations.entries import Entry, Manifest
from pipelines.annotations.labels import load_labels, plain_name
from pipelines.manifest import read_manifest
from tests.pipelines.empty_files import make


def test_folder_per_class(tmp_path):
    data = make(tmp_path, "run/b.mp4", "run/a.avi", "Jump/c", "Jump/.hidden.mp4", "run/README.md", "notes.txt",
                ".cache/x.mp4")
    found = read_manifest(data)
    assert found.labels == ["Jump", "run"]
    assert [(os.path.relpath(entry.path, data), entry.labels, entry.split) for entry in found] == [
        ("Jump/c", (0,), None), ("run/a.avi", (1,), None), ("run/b.mp4", (1,), None)]
    assert not found.multi_label
    assert found.summary() == "3 videos, 2 labels"


def test_any_suffix_is_tried_but_plain_others(tmp_path):
    make(tmp_path, "a/x.bin", "a/x.MP4", "a/x", "a/x.mp3", "a/x.csv", "a/x.json", "a/x.JPG", "a/Thumbs.db")
    assert [os.path.basename(entry.path) for entry in read_manifest(tmp_path)] == ["x", "x.MP4", "x.bin", "x.mp3"]


def test_classes_may_be_nested_and_hold_frame_folders(tmp_path):
    make(tmp_path, "run/2020/a.mp4", "run/clip7/0001.jpg", "run/clip7/0002.jpg", "jump/b.mp4")
    found = {os.path.relpath(entry.path, tmp_path): entry for entry in read_manifest(tmp_path)}
    assert set(found) == {"run/2020/a.mp4", "run/clip7", "jump/b.mp4"}
    assert found["run/clip7"].num_frames == 2
    assert found["run/2020/a.mp4"].num_frames is None


def test_splits_above_classes(tmp_path):
    make(tmp_path, "train/run/a.mp4", "train/jump/b.mp4", "validation/run/c.mp4", "test/d.mp4", "logs/e.txt")
    found = read_manifest(tmp_path)
    assert found.splits == {"train": 2, "val": 1, "test": 1}
    assert found.labels == ["jump", "run"]
    assert [entry.labels for entry in found.select("test")] == [()]
    assert found.select("valid").counts() == {"jump": 0, "run": 1}
    assert read_manifest(tmp_path, "val") == found.select("val")


def test_classes_named_like_splits(tmp_path):
    make(tmp_path, "train/a.mp4", "plane/b.mp4")  # means of transport
    assert read_manifest(tmp_path).labels == ["plane", "train"]


def test_a_link_to_a_folder_above_ends(tmp_path):
    make(tmp_path, "run/a.mp4")
    (tmp_path / "run" / "again").symlink_to(tmp_path / "run")
    assert len(read_manifest(tmp_path)) == 1


def test_a_link_to_the_folder_of_classes_gives_no_class_the_videos_of_another(tmp_path):
    make(tmp_path, "train/run/a.mp4", "train/jump/b.mp4", "val/run/c.mp4", "elsewhere/d.mp4")
    (tmp_path / "train" / "run" / "all").symlink_to(tmp_path)
    (tmp_path / "train" / "run" / "more").symlink_to(tmp_path / "elsewhere")
    found = read_manifest(tmp_path / "train")
    assert [(os.path.relpath(entry.path, tmp_path), found.labels[entry.label]) for entry in found] == [
        ("train/jump/b.mp4", "jump"), ("train/run/a.mp4", "run"), ("train/run/more/d.mp4", "run")]


def test_a_link_to_itself_is_a_video_that_cannot_be_opened(tmp_path):
    make(tmp_path, "run/a.mp4")
    (tmp_path / "run" / "b.mp4").symlink_to("b.mp4")
    assert [os.path.basename(entry.path) for entry in read_manifest(tmp_path)] == ["a.mp4", "b.mp4"]


def test_csv_manifest(tmp_path):
    make(tmp_path, "videos/a, b.mp4", "videos/c.mp4")
    table = tmp_path / "clips.csv"
    table.write_text('\ufefflabel,path,start,end,split\r\nrun,"videos/a, b.mp4",1.5,4,training\r\n'
                     'jump|run,videos/c.mp4,,,val\r\n\r\n,videos/gone.mp4,,,test\r\n', encoding="utf-8")
    found = read_manifest(table)
    assert found.labels == ["jump", "run"]
    assert found.multi_label
    assert found.entries == [Entry(str(tmp_path / "videos/a, b.mp4"), (1,), 1.5, 4.0, "train"),
                             Entry(str(tmp_path / "videos/c.mp4"), (0, 1), split="val")]
    assert [(row.path, row.split) for row in found.missing] == [("videos/gone.mp4", "test")]
    assert found.missing[0].reason == f"no such file in '{tmp_path}'"
    assert found.summary() == "2 of 3 rows matched a file, 2 labels, train: 1, val: 1; 1 missing"


def test_a_given_label_list_fixes_the_ids(tmp_path):
    make(tmp_path, "Thumb_Up/a.mp4", "stop/b.mp4")
    found = read_manifest(tmp_path, labels=["Stop", "walk", "Thumb Up"])
    assert [entry.label for entry in found] == [2, 0]
    assert found.labels == ["Stop", "walk", "Thumb Up"]
    with pytest.raises(ValueError, match=r"Expected one of the 1 labels of the given label list \(stop\)\. Received "
                                         r"label 'Thumb_Up'\. Add it"):
        read_manifest(tmp_path, labels=["stop"])


def test_labels_beside_the_data_keep_ids_stable(tmp_path):
    make(tmp_path, "train/run/a.mp4", "train/jump/a.mp4", "val/run/a.mp4")
    assert read_manifest(tmp_path / "val").entries[0].label == 0
    read_manifest(tmp_path / "train").save_labels(tmp_path / "labels.txt")
    assert (tmp_path / "labels.txt").read_text() == "jump\nrun\n"
    assert read_manifest(tmp_path / "val").entries[0].label == 1
    assert read_manifest(tmp_path).labels == ["jump", "run"]
    make(tmp_path, "other/walk/a.mp4")
    assert read_manifest(tmp_path / "other").labels == ["walk"]  # not a split: the list above is of something else


def test_relabel_maps_by_name():
    found = read_manifest(Manifest([Entry("a", (0,)), Entry("b", (1,))], ["x", "y"]), labels=["y", "x", "z"])
    assert [entry.label for entry in found] == [1, 0]


def test_numbers_sort_by_value(tmp_path):
    make(tmp_path, "10/a.mp4", "9/b.mp4")
    assert read_manifest(tmp_path).labels == ["9", "10"]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text == text.strip() and text.strip(string.whitespace))


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique_by=plain_name), st.data())
def test_saving_and_reading_loses_nothing(tmp_path_factory, labels, data):
    folder = tmp_path_factory.mktemp("round")
    make(folder, "v/a.mp4", 'v/b "c", d|e.mp4', "v/f#[1](2)!.mp4", "g/0.jpg", "g/1.jpg")
    several = data.draw(st.booleans())
    ids = st.lists(st.integers(0, len(labels) - 1), max_size=3 if several else 1, unique=True).map(tuple)
    times = st.sampled_from([(None, None), (0.0, 0.1), (1e-3, None)])
    entries = [Entry(str(folder / name), data.draw(ids), *data.draw(times),
                     split=data.draw(st.sampled_from([None, "train", "fold 7"])))
               for name in ("v/a.mp4", 'v/b "c", d|e.mp4', "v/f#[1](2)!.mp4")]
    entries.append(Entry(str(folder / "g"), data.draw(ids), num_frames=1, first_frame=data.draw(st.integers(0, 1))))
    before = Manifest(entries, labels, multi_label=several)
    before.save(folder / "manifest.csv")
    assert read_manifest(folder / "manifest.csv") == before
    assert read_manifest(folder) == before  # a folder with a manifest.csv is read by it
    assert not list(folder.glob("*.part"))


def test_save_refuses_labels_of_something_else(tmp_path):
    (tmp_path / "labels.txt").write_text("x\n")
    with pytest.raises(ValueError, match=r"labels\.txt', or one with the same 1 labels\. The one there differs\. Save"):
        Manifest([Entry("a.mp4", (0,))], ["y"]).save(tmp_path / "clips.csv")
    assert not (tmp_path / "clips.csv").exists()


@pytest.mark.parametrize(("name", "text", "labels"), [
    ("labels.txt", "b\na\n", ["b", "a"]),
    ("classInd.txt", "1 b\r\n2 a b\r\n", ["b", "a b"]),
    ("labels.json", '{"a": "1", "b": "0"}', ["b", "a"]),
    ("labels.json", '["b", "a"]', ["b", "a"]),
    ("labels.txt", "3 point\n2 point\n", ["3 point", "2 point"]),
])
def test_label_lists(tmp_path, name, text, labels):
    (tmp_path / name).write_text(text, newline="")
    assert load_labels(tmp_path / name) == labels


@pytest.mark.parametrize(("text", "message"), [
    ("", "Expected a label on every line of .* Received an empty file. Write one name a line."),
    ("a\n\nb\n", "Received an empty line"),
    ("a\nb\na\n", r"Expected every label once in .* Received twice: \['a'\]"),
])
def test_bad_label_lists(tmp_path, text, message):
    (tmp_path / "labels.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_labels(tmp_path / "labels.txt")


def test_no_such_folder(tmp_path):
    message = r"Expected a folder of videos or an annotation file\. Nothing exists at '.*/nowhere'\. Check the path\."
    with pytest.raises(FileNotFoundError, match=message):
        read_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize(("names", "message"), [
    ((), r"Expected a folder per class with videos in it\. '.*' is empty or holds no videos\. Put each video into"),
    (("a.mp4", "b.mp4"), r"Expected a folder per class in '.*'\. Received 2 videos without a class, such as '.*a\.mp"),
    (("run/a.mp4", "jump/notes.txt"), r"Expected videos in every class folder\. 1 hold none: '.*/jump'\. Add videos"),
    (("clip1/0.jpg", "clip2/0.jpg"), r"Received 2 videos without a class"),
])
def test_folders_that_are_not_classes(tmp_path, names, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(make(tmp_path, *names))


@pytest.mark.parametrize(("text", "message"), [
    ("path,label\n", "Expected rows `path,label` in .* It holds a header alone"),
    ("path,label\na.mp4\n", r"Expected 2 fields \(path, label\) in '.*', line 2\. Received 1"),
    ("path,label\n,run\n", "Expected a path in '.*', line 2. Received an empty field"),
    ("path,label,start,end\na.mp4,run,4,2\n", r"Expected start <= end \(seconds\) in .* Received start=4, end=2"),
    ("path,label,start\na.mp4,run,soon\n", "Expected `start` to be a number from 0, or empty, in .* Received: 'soon'"),
    ("path,label\na.mp4,run\n", "Expected at least one of the 1 videos of '.*' to be there. None is below '.*', such "
                                "as 'a.mp4'. Pass the folder with the videos as videos=FOLDER."),
])
def test_csv_errors_name_the_line(tmp_path, text, message):
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path / "clips.csv")


def test_a_split_without_videos(tmp_path):
    make(tmp_path, "train/run/a.mp4")
    with pytest.raises(ValueError, match=r"Expected videos in split 'val'\. The data set has train: 1\. Name one"):
        read_manifest(tmp_path, split="val")
    with pytest.raises(ValueError, match=r"The data set has no splits\. Leave `split` out, or add a `split` column"):
        read_manifest(tmp_path / "train", split="train")


def test_manifest_checks_its_ids():
    with pytest.raises(ValueError, match=r"Label ids must lie in 0\.\.0\. Received \(1,\) for 'a'"):
        Manifest([Entry("a", (1,))], ["x"])
    with pytest.raises(ValueError, match=r"Expected one label a video\. Received 2 for 'a': \['x', 'y'\]"):
        Manifest([Entry("a", (0, 1))], ["x", "y"], multi_label=False)
    with pytest.raises(ValueError, match=r"Expected one label for 'a'\. Received 2"):
        _ = Entry("a", (0, 1)).label
    assert Entry("a").label is None


def test_names_that_are_no_text(tmp_path):
    folder = os.fsencode(tmp_path / "run")
    os.makedirs(folder)
    with open(os.path.join(folder, b"\xff\xfe.mp4"), "wb"):
        pass
    found = read_manifest(tmp_path)
    found.save(tmp_path / "manifest.csv")
    assert read_manifest(tmp_path) == found
    assert os.path.exists(found.entries[0].path)
