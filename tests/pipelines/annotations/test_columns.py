"""What columns are called: names that are known are used, others are said, and none is dropped in silence."""

import logging

import pytest

from pipelines.annotations import columns
from pipelines.manifest import read_manifest


@pytest.fixture
def table(tmp_path):
    """Writes a CSV beside two videos and a folder of frames, and returns its path."""
    for name in ("a.avi", "b.avi", "f/1.jpg", "f/2.jpg", "f/3.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def write(text, name="clips.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize(("header", "start", "end"), [
    ("path,label,start,end", 1.5, 4.0),
    ("path,label,time_start,time_end", 1.5, 4.0),
    ("path,label,segment_start,segment_end", 1.5, 4.0),
    ("Path,Label,Start Time,End-Time", 1.5, 4.0),
    ("video,action,t_start,t_end", 1.5, 4.0),
    ("VideoName,ClassName,StartTime,EndTime", 1.5, 4.0), ("path,label,start (s),end [sec]", 1.5, 4.0),
])
def test_times_by_their_common_names(table, header, start, end):
    (entry,) = read_manifest(table(f"{header}\na.avi,run,1.5,4\n"))
    assert (entry.start, entry.end) == (start, end)


@pytest.mark.parametrize("header", ["filename,class", "video,label", "class,file_name", "Video_Path,Class Name"])
def test_paths_and_labels_by_their_common_names(table, header):
    cells = ("a.avi", "run") if header.split(",")[0].casefold() != "class" else ("run", "a.avi")
    found = read_manifest(table(f"{header}\n{','.join(cells)}\n"))
    assert found.labels == ["run"]
    assert found.entries[0].path.endswith("/a.avi")


@pytest.mark.parametrize("names", ["start_frame,stop_frame", "start_frame,end_frame", "begin,stop", "t_begin,t_stop",
                                   "frame_start,frame_end", "start_ms,end_ms", "first_frame_number,last_frame_number",
                                   "from,to", "t0,t1", "first,last"])
def test_a_part_told_in_another_way_is_refused(table, names):
    with pytest.raises(ValueError, match=rf"Received {names.replace(',', ', ')}, which may tell a part of a video"):
        read_manifest(table(f"path,label,{names}\na.avi,run,3,9\n"))


def test_a_length_is_the_parts_where_a_start_is_told(table):
    with pytest.raises(ValueError, match="Received duration, which may tell a part of a video"):
        read_manifest(table("path,label,start,duration\na.avi,run,3,9\n"))
    assert read_manifest(table("path,label,duration\na.avi,run,9\n")).entries[0].start is None


def test_a_part_told_twice_is_taken_in_seconds(table, caplog):
    with caplog.at_level(logging.WARNING):
        (entry,) = read_manifest(table("path,label,start,end,start_frame,stop_frame\na.avi,run,1,2,25,50\n"))
    assert (entry.start, entry.end) == (1.0, 2.0)
    assert "not known and not used: start_frame, stop_frame" in caplog.text


@pytest.mark.parametrize(("header", "message"), [
    ("path,label,label", r"Expected every column once in '.*'\. Received twice: label"),
    ("path,label,class", r"Expected one column of `label` in '.*'\. Received label and class\. Remove or rename one"),
    ("path,label,labels", "Received label and labels"),
])
def test_two_columns_for_one_thing(table, header, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(table(f"{header}\na.avi,run,walk\n"))


def test_two_columns_of_times(table):
    with pytest.raises(ValueError, match="Received start and time_start"):
        read_manifest(table("path,label,start,end,time_start\na.avi,run,1,2,3\n"))


def test_unknown_columns_are_said(table, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(read_manifest(table("path,label,fps,camera\na.avi,run,25,left\n"))) == 1
    assert "has columns that are not known and not used: fps, camera (known are path, label, start" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        read_manifest(table("path,label,start,end,group\na.avi,run,,,anna\n"))
    assert not caplog.records


def test_a_column_that_names_the_split_is_known(table, caplog):
    path = table("path,label,Fold A,start\na.avi,run,train,\nb.avi,run,val,\n")
    with caplog.at_level(logging.WARNING):
        assert read_manifest(path, split_by="fold a").splits == {"train": 1, "val": 1}
    assert not caplog.records


def test_frames_of_a_file(table, caplog):
    with pytest.raises(ValueError, match=r"Expected a folder of frames for `first_frame`=3 in .* Received 'a\.avi'"):
        read_manifest(table("path,label,first_frame,num_frames\na.avi,run,3,2\n"))
    found = read_manifest(table("path,label,first_frame,num_frames\na.avi,run,3,2\nf,run,1,2\n"), strict=False)
    assert [(entry.first_frame, entry.num_frames) for entry in found] == [(1, 2)]
    assert "a video file with `first_frame`" in found.missing[0].reason
    with caplog.at_level(logging.WARNING):
        found = read_manifest(table("path,label,num_frames\na.avi,run,20\nb.avi,run,20\nf,run,2\n"))
    assert [entry.num_frames for entry in found] == [None, None, 2]
    assert "gives `num_frames` to 2 video files, the first 'a.avi'" in caplog.text


def test_a_split_filled_in_part(table, caplog):
    with caplog.at_level(logging.WARNING):
        read_manifest(table("path,label,split\na.avi,run,train\nb.avi,run,\n"))
    assert "1 of 2 rows of" in caplog.text
    assert "name no split and are in none, the first 'b.avi'" in caplog.text


@pytest.mark.parametrize(("text", "count"), [
    ("a.avi 20 0\nb.avi 30 1\n", 2), ("a.avi,20,0\n", 2), ("a.avi 0 20 1\nb.avi 3 20 1\n", 3)])
def test_numbers_that_may_be_frames_or_labels(table, text, count):
    path = table(text, "clips.txt")
    with pytest.raises(ValueError, match=r"numbers after every video, as in 'a\.avi.*Pass multi_label=True"):
        read_manifest(path)
    assert len(read_manifest(path, multi_label=True).entries[0].labels) == count


def test_frames_and_label_of_files(table):
    found = read_manifest(table("a.avi 20 0\nb.avi 30 1\n", "clips.txt"), multi_label=False)
    assert [entry.labels for entry in found] == [(0,), (1,)]
    assert read_manifest(table("a.avi 0 1\nb.avi 1\n", "clips.txt")).multi_label  # of differing numbers: labels


def test_names_are_compared_plainly():
    assert columns.plain_column("  Start-Time ") == "start_time"
    assert not columns.knows(["path", "start"])


def test_weights_are_read_and_saved(table, tmp_path):
    found = read_manifest(table("path,label,Sample Weight\na.avi,run,2.5\nb.avi,run,\n"))
    assert [entry.weight for entry in found] == [2.5, None]
    (tmp_path / "again").mkdir()
    found.save(tmp_path / "again" / "m.csv")
    assert [entry.weight for entry in read_manifest(tmp_path / "again" / "m.csv")] == [2.5, None]
    with pytest.raises(ValueError, match=r"Expected `weight` to be a number from 0, or empty, .* Received: '-1'"):
        read_manifest(table("path,label,weight\na.avi,run,-1\n"))
