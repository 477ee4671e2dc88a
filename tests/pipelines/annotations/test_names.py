"""What a row calls its video, as other systems and programs write it; folders and ids that are not what they seem."""

import os

import pytest

from pipelines.doctor.checks import check
from pipelines.manifest import read_manifest
from res3d.geometry import ClipSpec
from tests.pipelines.empty_files import make


@pytest.fixture(params=["clips.csv", "clips.txt"])
def read(request, tmp_path):
    """A function of a row's path that gives what is read of a list with that one row; a home lies in the folder."""
    def read(name, *, strict=True):
        row = f"path,label\n{name},run\n" if request.param.endswith(".csv") else f"{name} run\n"
        (tmp_path / request.param).write_text(row, encoding="utf-8")
        return read_manifest(tmp_path / request.param, strict=strict)

    make(tmp_path, "lists/run/a.avi", "home/run/b.avi", "lists/run/c d.avi")
    return read


@pytest.mark.parametrize(("name", "there"), [
    ("lists\\run\\a.avi", "lists/run/a.avi"), (".\\lists\\run\\a.avi", "lists/run/a.avi"),
    ("lists/run\\a.avi", "lists/run/a.avi"), ("~/run/b.avi", "home/run/b.avi"), ("~\\run\\b.avi", "home/run/b.avi"),
    ("file://{here}/lists/run/a.avi", "lists/run/a.avi"), ("FILE://{here}/lists/run/a.avi", "lists/run/a.avi"),
    ("file://localhost{here}/lists/run/a.avi", "lists/run/a.avi"),
    ("file:{here}/lists/run/a.avi", "lists/run/a.avi"), ("file:{here}/lists/run/c%20d.avi", "lists/run/c d.avi"),
    ("file://{here}/lists/run/c%20d.avi", "lists/run/c d.avi"),
    ("file://{here}/lists/run/c d.avi", "lists/run/c d.avi"),
])
def test_a_path_as_others_write_it(read, tmp_path, monkeypatch, name, there):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found, = read(name.format(here=tmp_path))
    assert found.path == str(tmp_path / there)


@pytest.mark.parametrize("name", ["odd\\name.avi", "~odd.avi", "file:/odd.avi"])
def test_a_name_that_is_there_as_it_stands_comes_first(read, tmp_path, name):
    make(tmp_path, name, "odd/name.avi")
    found, = read(name)
    assert os.path.samefile(found.path, tmp_path / name)


def test_a_drive_of_windows_is_named(read):
    (missing,) = read("C:\\clips\\a.avi", strict=False).missing
    assert missing.reason.endswith("C: is a drive of Windows: write paths from the folder of the list on")


def test_a_layout_that_searches_knows_backslashes(tmp_path):
    make(tmp_path, "videos/Run/v_Run_g01_c01.avi")
    (tmp_path / "trainlist01.txt").write_text("Run\\v_Run_g01_c01.avi 1\n")
    (tmp_path / "classInd.txt").write_text("1 Run\n")
    found, = read_manifest(tmp_path / "trainlist01.txt", videos=tmp_path / "videos")
    assert found.path == str(tmp_path / "videos/Run/v_Run_g01_c01.avi")


def said(log):
    return [record.getMessage() for record in log.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(("names", "warned"), [
    (["ucf/run/a.avi", "ucf/jump/b.avi"], "'{}' holds one folder, 'ucf', which is read as one class. If the 2 folders "
                                          "in it are the classes, pass '{}/ucf'"),
    (["ucf/train/run/a.avi", "ucf/val/run/b.avi"], "'{}' holds one folder, 'ucf', which is read as one class. If the 2 "
                                                   "folders in it are the classes, pass '{}/ucf'"),
    (["run/train/a.avi", "run/val/b.avi", "jump/train/c.avi"], "class folders of '{}' hold folders named like splits, "
     "which are read as parts of the class. Splits are told by SPLIT/CLASS/video, or by a column `split` of a CSV "
     "manifest"),
    (["data/ucf/run/a.avi", "data/ucf/jump/far/b.avi"], "'{}' holds one folder, 'data', which is read as one class. If "
                                                        "the 2 folders in it are the classes, pass '{}/data/ucf'"),
    (["ucf/run/a.avi", "ucf/jump/b.avi", "hmdb/run/c.avi", "hmdb/jump/d.avi"], "each of the 2 folders of '{}', which "
     "are read as classes, holds folders of the same names, such as 'jump'. If those are the classes, pass one of the "
     "2, or write a CSV manifest"),
    (["run/ann/a.avi", "jump/ann/b.avi"], None), (["data/run/a.avi"], None), (["data/run/a.avi", "data/b.avi"], None),
    (["run/ann/a.avi", "run/bob/b.avi", "jump/ann/c.avi"], None), (["run/a.avi", "run/b.avi"], None),
    (["run/a.avi", "run/more/b.avi", "run/other/c.avi"], None), (["run/one/1.jpg", "run/two/1.jpg"], None),
])
def test_folders_that_may_be_more_than_a_class_are_named(tmp_path, caplog, names, warned):
    make(tmp_path, *names)
    assert len(read_manifest(tmp_path)) == len(names)
    assert said(caplog) == ([] if warned is None else [warned.format(tmp_path, tmp_path)])


def test_ids_counted_from_one_are_told_to_those_who_check(tmp_path):
    make(tmp_path, "a.avi", "b.avi")
    (tmp_path / "clips.txt").write_text("a.avi 1\nb.avi 2\n")
    found = check(tmp_path / "clips.txt", ClipSpec(), workers=1)
    advice, = (warning["advice"] for warning in found["warnings"] if warning["kind"] == "empty classes")
    assert "Add videos" in advice  # both videos are empty files, so all three classes are
    assert read_manifest(tmp_path / "clips.txt").labels == ["0", "1", "2"]


def test_ids_counted_from_one_beside_a_list_of_names(tmp_path):
    make(tmp_path, "a.avi", "b.avi")
    (tmp_path / "clips.txt").write_text("a.avi 1\nb.avi 2\n")
    with pytest.raises(ValueError, match=r"Expected label ids below 2.* Received 2 .*ids that begin at 1 must be"):
        read_manifest(tmp_path / "clips.txt", labels=["jump", "run"])
    (tmp_path / "clips.csv").write_text("path,label\na.avi,1\nb.avi,2\n")
    assert read_manifest(tmp_path / "clips.csv").labels == ["1", "2"]
    with pytest.raises(ValueError, match=r"Received label '1'. Write names in the place of ids"):
        read_manifest(tmp_path / "clips.csv", labels=["jump", "run"])
