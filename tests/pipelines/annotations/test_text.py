"""Text in other clothes: encodings, separators, quotes, accents; read where it is plain, else named by its line."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.annotations import reading, text
from pipelines.annotations.labels import load_labels, save_labels, sort_labels
from pipelines.manifest import read_manifest
from tests.pipelines.empty_files import make, read

NFC, NFD = "Caf\u00e9", "Cafe\u0301"


def refusal(call):
    """What a ValueError says, or nothing."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("name", "content"), [
    ("clips.csv", "path,label\na.avi,Café\n"), ("clips.csv", '"path";"label"\r\n"a.avi";"Café"\r\n'),
    ("clips.tsv", "path\tlabel\na.avi\tCafé\n"), ("clips.txt", "a.avi Café\n"),
    ("clips.csv", "sep=;\nclass;file\nCafé;a.avi"),
    ("clips.csv", 'path, label\n"a.avi", "Café"\n'), ("clips.csv", "label, path\n Café, a.avi \n"),
    ("clips.csv", "path,label\n a.avi , Café\n"), ("clips.csv", "\n\npath,label\n\na.avi,Café\n"),
    ("clips.csv", "path,label\ra.avi,Café\r"),
])
def test_plain_texts_are_read(tmp_path, encoding, name, content):
    found = read(make(tmp_path, "a.avi"), content.encode(encoding), name)
    assert found.labels == ["Café"]
    assert [os.path.basename(entry.path) for entry in found] == ["a.avi"]


@pytest.mark.parametrize(("name", "content", "line"), [
    ("clips.csv", "path,label\na.avi,run\nb.avi,Café\n", 3), ("clips.csv", "path,label,group\na.avi,run,Zoë\n", 2),
    ("clips.txt", "a.avi run\n\nb.avi Café\n", 3), ("x.json", '{\n"é": {"annotations": []}}', 2),
    ("clips.csv", "path,label\na.avi,run\né.avi,run\n", 3),
    ("k.csv", "youtube_id,time_start,time_end,label\nabc,1,2,é\n", 2), ("labels-test-answers.csv", "1;run\n2;é\n", 2),
    ("jester-v1-train.csv", "1;Stop\n2;Z\xe9\n", 2),
])
def test_other_encodings_are_refused_by_file_and_line(tmp_path, name, content, line):
    make(tmp_path, "a.avi", "b.avi")
    with pytest.raises(ValueError, match=rf"Expected text in UTF-8 in '.*{name}'\. Line {line} is not: .*Windows-1252"):
        read(tmp_path, content.encode("cp1252"), name)


def test_labels_in_another_encoding(tmp_path):
    (tmp_path / "labels.txt").write_bytes("run\nCafé\n".encode("cp1252"))
    with pytest.raises(ValueError, match=r"in '.*labels\.txt'\. Line 2 is not: b'Caf\\xe9', .* reads 'Café'\. Save"):
        load_labels(tmp_path / "labels.txt")


def test_a_class_folder_whose_name_is_no_text(tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), b"Caf\xe9")
    os.mkdir(folder)
    with open(os.path.join(folder, b"a.avi"), "wb"):
        pass
    with pytest.raises(ValueError, match=r"Expected class names that are text .* Received b'Caf\\xe9'.*Rename"):
        read_manifest(tmp_path)
    assert len(read_manifest(tmp_path, strict=False)) == 1


@pytest.mark.parametrize("listed", [NFC, NFD])
@pytest.mark.parametrize("there", [NFC, NFD])
def test_accents_are_one_class_and_one_file(tmp_path, listed, there):
    make(tmp_path, f"{there}/{there}.avi", "run/b.avi")
    found = read(tmp_path, f"path,label\n{listed}/{listed}.avi,{listed}\nrun/b.avi,{there}\n".encode())
    assert found.labels == [NFC]
    assert found.entries[0].path == str(tmp_path / there / f"{there}.avi")
    assert not found.missing
    assert read_manifest(tmp_path, labels=[listed, "run"], format="folders").entries[0].label == (0 if there else 1)
    make(tmp_path, f"split/train/{listed}/a.avi", f"split/val/{there}/b.avi")
    assert read_manifest(tmp_path / "split").labels == [NFC]
    database = f'{{"{listed}": {{"annotations": [{{"label": "x", "segment": [0, 1]}}]}}}}'
    found = read(tmp_path, database.encode(), "a.json")
    assert [entry.path for entry in found] == [str(tmp_path / there / f"{there}.avi")]


def test_the_two_spellings_in_one_list_of_labels(tmp_path):
    (tmp_path / "labels.txt").write_text(f"{NFC}\n{NFD}\n")
    with pytest.raises(ValueError, match="Expected every label once"):
        load_labels(tmp_path / "labels.txt")


@pytest.mark.parametrize(("names", "file"), [
    (["1 finger", "2 fingers"], "labels.txt"), (["0 a", "1 b"], "labels.txt"), (["1, a", "2; b"], "l.lst"),
    (["1 a"], "labels.json"), (["10 km", "5 km"], "labels.txt"), (["0 0 x"], "labels.txt"),
    (["a\x85b", "c\u2028d"], "l.txt"),
    (["\ufeffa", "b"], "labels.txt"), (["1\tx", "2 \ufeff"], "labels.txt"), (["[", "{"], "labels.json"),
])
def test_labels_come_back_as_they_were(tmp_path, names, file):
    save_labels(tmp_path / file, names)
    assert load_labels(tmp_path / file) == names
    (tmp_path / "clip.json").write_text("{}")  # a run's own list
    save_labels(tmp_path / file, names)
    assert load_labels(tmp_path / file) == names


NAMES = st.lists(st.text(st.one_of(st.sampled_from("0123 ,;ab\ufeff\x85"), st.characters(codec="utf-8")), min_size=1,
                         max_size=8), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(NAMES)
@example(["1 a", "2 b"])
def test_labels_come_back_or_are_refused(tmp_path_factory, names):
    path = tmp_path_factory.getbasetemp() / "labels.txt"
    refused = refusal(lambda: save_labels(path, names))
    assert refused.startswith("Expected ") if refused else load_labels(path) == names


def test_labels_that_a_run_wrote_are_not_numbered(tmp_path):
    (tmp_path / "labels.txt").write_text("1 finger\n2 fingers\n")
    assert load_labels(tmp_path / "labels.txt") == ["finger", "fingers"]
    (tmp_path / "clip.json").write_text("{}")
    assert load_labels(tmp_path / "labels.txt") == ["1 finger", "2 fingers"]


@pytest.mark.parametrize("content", ['{"a": 0, "b": 5}', '{"a": 0, "b": 0}', '{"a": "x"}', "3", "[1, 2]", "null",
                                     "[" * 100_000])
def test_json_that_is_no_list_of_labels(tmp_path, content):
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ValueError, match=r"Expected a JSON list of names, or an object of names with their ids from 0"):
        load_labels(tmp_path / "labels.json")


def test_class_folders_that_begin_with_a_number(tmp_path):
    found = read_manifest(make(tmp_path, "1 finger/a.avi", "2 fingers/b.avi"))
    found.save(tmp_path / "manifest.csv")
    assert read_manifest(tmp_path) == found
    assert found.labels == ["1 finger", "2 fingers"]


ODD = {
    "empty.csv": b"", "empty.txt": b"", "empty.json": b"", "blank.csv": b"\n \n", "list.json": b"[]",
    "items.json": b"[1, null]", "ids.json": b'[{"id": 1}]', "label.json": b'[{"label": 1}]', "object.json": b"{}",
    "number.json": b"3", "null.json": b"null", "inner.json": b'{"database": []}', "nested.json": b"[" * 100_000,
    "deeper.json": b'{"database": {"v": {"annotations": 3}}}',
    "names.json": b'{"labels": {"a": 1}, "database": {"v": {"subset": 3, "annotations": []}}}',
    "header.csv": b"path,label\n", "bytes.csv": bytes(range(256)), "nul.csv": b"a\0b\0\n\0",
    "picture.txt": b"\xff\xd8\xff\xe0" + bytes(100), "short.csv": b'"path","label"\n"a.avi"\n',
    "open.csv": b'"path","label\n"a.avi",x\n', "times.csv": b"label,youtube_id,time_start,time_end\nx\n",
    "typed.json": b'[{"filename": 3, "label": 1}]', "tags.json": b'[{"filename": "a", "label": {"x": 3}}]',
    "deep.json": b'[{"frame_dir": "a", "label": [[1]], "total_frames": "x"}]', "hello.txt": b"hello\n",
    "long.csv": b"path,label\n" + b"x" * 200_000 + b",a\n", "separators.txt": b";;;\n,,,\n",
    "half.csv": "path,label\na".encode("utf-16")[:-1],
}


@pytest.mark.parametrize("name", ODD)
def test_every_format_refuses_what_it_is_not_in_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(ODD[name])
    for format in (None, *reading.FORMATS):
        with pytest.raises(ValueError, match=r"^Expected ") as caught:
            read_manifest(tmp_path / name, format=format)
        assert type(caught.value) is ValueError
        assert name in str(caught.value)


@pytest.mark.parametrize("format", [name for name in reading.FORMATS if name != "folders"])
def test_a_folder_where_a_file_is_expected(tmp_path, format):
    make(tmp_path, "run/a.avi")
    with pytest.raises(ValueError, match=r"^Expected .*(Name another format|Pass fold=)"):
        read_manifest(tmp_path, format=format)


@pytest.mark.parametrize(("content", "held"), [
    (b"", "an empty file"), (b"[1]", "a JSON list"), (b"{}", "a JSON object"),
    (b"\nhello\n", "text that begins 'hello'")])
def test_what_a_file_holds(tmp_path, content, held):
    (tmp_path / "x").write_bytes(content)
    assert text.held_in(str(tmp_path / "x")).startswith(held)
    assert text.held_in(str(tmp_path)) == "a folder"


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text('path,label;\t\n\r"a.avi 0123:{}[]', max_size=80).map(str.encode),
                 st.text('"\n\r,;x', max_size=40).map(lambda rows: f"path,label\n{rows}".encode())),
       st.sampled_from(["x.csv", "x.txt", "x.json", "x.tsv"]), st.sampled_from([None, *reading.FORMATS]), st.booleans())
def test_no_text_does_more_than_be_refused(tmp_path_factory, content, name, format, strict):
    path = tmp_path_factory.getbasetemp() / "any"
    path.mkdir(exist_ok=True)
    (path / name).write_bytes(content)
    refused = refusal(lambda: read_manifest(path / name, format=format, strict=strict))
    assert not refused or refused.startswith("Expected ")


def test_labels_sort_as_they_did():
    assert sort_labels(["10 a", "9 a"]) == ["10 a", "9 a"]
