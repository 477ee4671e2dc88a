"""Rows of manifests: those read are right, those spoilt are named and stop nothing that does not ask for all."""

import json
import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.manifest import read_manifest
from tests.pipelines.empty_files import make, read


def test_decimal_commas_where_semicolons_separate(tmp_path):
    (entry,) = read(make(tmp_path, "a.avi"), b"path;label;start;end\na.avi;run;1,5;2\n")
    assert (entry.start, entry.end) == (1.5, 2.0)


@pytest.mark.parametrize(("name", "data", "good"), [
    ("a.json", b'{"a": {"annotations": [{"label": "x", "segment": [3, 1]}, {"label": "x", "segment": [0, 2]}]}, '
               b'"b": {"annotations": 7}, "c": {"annotations": [{"label": "x", "segment": [0, 0]}]}}', 1),
    ("k.csv", b"label,youtube_id,time_start,time_end\nx,a,4,2\nx,a,soon,2\nx,a,1,2\n", 1),
    ("clips.csv", b"path,label,start,end\na.avi,x,4,2\na.avi,x,soon,\na.avi\n,x,,\na.avi,x,1,2\n", 1),
    ("clips.csv", b"path,label\na.avi,Caf\xe9\na.avi,x\n", 1),
])
def test_one_bad_row_does_not_stop_a_check(tmp_path, name, data, good):
    make(tmp_path, "a.avi", "b.avi", "c.avi")
    found = read(tmp_path, data, name, strict=False)
    assert len(found) == good
    assert found.missing
    assert all(row.reason for row in found.missing)


def test_parts_of_no_length_are_left_out_and_named(tmp_path):
    make(tmp_path, "v_a.mp4", "b.mkv")
    parts = [{"label": "x", "segment": [0, 0]}, {"label": "x", "segment": [1, 2]}]
    videos = {"a": {"subset": "training", "annotations": parts},
              "b": {"subset": "validation", "annotations": [{"label": "y", "segment": [0.5, 2]}]}}
    found = read(tmp_path, json.dumps({"database": videos}).encode(), "activity.json")
    assert [(os.path.basename(entry.path), entry.start, entry.end) for entry in found] == [
        ("v_a.mp4", 1, 2), ("b.mkv", 0.5, 2)]
    assert [(row.path, row.reason, row.split) for row in found.missing] == [
        ("a", "its part from 0 s to 0 s, 'x', has no length", "train")]


def test_rows_of_one_video_are_joined_where_several_labels_are_asked_for(tmp_path):
    make(tmp_path, "a.avi", "b.avi")
    data = b"path,label,start,end\na.avi,run,,\nb.avi,run,,\na.avi,jump,,\na.avi,run,1,2\na.avi,jump,2,3\n"
    assert [entry.labels for entry in read(tmp_path, data)] == [(1,), (1,), (0,), (1,), (0,)]
    assert [entry.labels for entry in read(tmp_path, data, multi_label=True)] == [(1, 0), (1,), (1,), (0,)]


CELL = st.text(st.one_of(st.sampled_from('ab,;\t"| 0\u00e9'), st.characters(codec="utf-8", exclude_characters="\0\r\n/",
                                                                      exclude_categories=["Cc", "Cs", "Zl", "Zp"])),
               min_size=1, max_size=8).filter(lambda cell: cell == cell.strip() and cell not in (".", ".."))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_row_read_is_right_or_named(tmp_path_factory, data):
    """Manifests of any encoding, separator, quotes, spaces, columns and times, of which some rows are spoilt."""
    folder = tmp_path_factory.mktemp("rows")
    separator = data.draw(st.sampled_from(",;\t"))
    columns = data.draw(st.permutations(["path", "label", *data.draw(st.sampled_from([
        [], ["start", "end"], ["time_start", "time_end", "split"], ["camera"]]))]))
    rows, expected, spoilt = [], [], 0

    def padded(cell):
        return data.draw(st.sampled_from(["{}", "{}", " {}", "{}  "])).format(cell)

    for number in range(data.draw(st.integers(1, 5))):
        label = data.draw(CELL.filter(lambda cell: not set(cell) & set("|\\")))
        start = data.draw(st.sampled_from([None, 0, 1.5, 1e-3]))
        path = data.draw(st.sampled_from(["{}.avi", "my clip {}.avi", "{} a;b.avi", "{} a,b.avi"])).format(number)
        row = {"path": path, "label": label, "camera": data.draw(CELL), "split": "train",
               **dict.fromkeys(("start", "time_start"), "" if start is None else str(start)),
               **dict.fromkeys(("end", "time_end"), "" if start is None else str(start + 2))}
        cells = [row[name] for name in columns]
        fault = data.draw(st.sampled_from([None, None, None, "short", "path", "time"]))
        if fault == "time" and "start" not in columns:
            fault = None
        if fault == "short":
            cells = cells[:-1]
        elif fault == "path":
            cells[columns.index("path")] = ""
        elif fault == "time":
            cells[columns.index("start")] = data.draw(st.sampled_from(["soon", "-1", "nan", "inf", "1:2", "1.2.3"]))
        make(folder, path)
        cells = [cell if name == "path" else padded(cell) for name, cell in zip(columns, cells)]
        rows.append(cells)
        if fault and any(cell.strip() for cell in cells):
            spoilt += 1
        elif not fault:
            timed = {"start", "time_start"} & set(columns)
            expected.append((path, unicodedata.normalize("NFC", label), start if timed else None))
    quote = data.draw(st.booleans())
    ends = data.draw(st.sampled_from(["\n", "\r\n"]))

    def written(cell):
        return '"' + cell.replace('"', '""') + '"' if quote or set(cell) & set(',;\t"') else cell

    content = ends.join(separator.join(map(written, cells)) for cells in [[*map(padded, columns)], *rows]) + ends
    found = read(folder, content.encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))),
                 strict=False)
    assert [(os.path.basename(entry.path), found.labels[entry.label], entry.start) for entry in found] == expected
    assert len(found.missing) == spoilt
    if spoilt:
        with pytest.raises(ValueError, match=r"^Expected .*line \d+"):
            read_manifest(folder / "clips.csv")
