"""VIA 3: what an attribute's value stands for, spans apart from boxes, and CSV whose header is a comment."""

import pytest

from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told


def project(metadata, attribute=None):
    attribute = attribute or {
        "1": {"aname": "action", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": {"0": "run", "1": "jump"}},
        "2": {"aname": "note", "anchor_id": "FILE1_Z2_XY0", "type": 1, "options": {"default": "Default"}},
        "3": {"aname": "subject", "anchor_id": "FILE1_Z2_XY0", "type": 1, "options": {}},
        "4": {"aname": "more", "anchor_id": "FILE1_Z2_XY0", "type": 2, "options": {"a": "wet", "b": "dark"}}}
    return {"project": {}, "config": {}, "attribute": attribute,
            "file": {"7": {"fid": 7, "fname": "b.mp4", "type": 4, "loc": 1}, "8": {"fid": 8, "fname": "a.mp4"}},
            "view": {"1": {"fid_list": [8]}, "2": {"fid_list": [7]}},
            "metadata": {f"m{number}": {"vid": "1", "flg": 0, "xy": []} | item for number, item in enumerate(metadata)}}


def test_a_key_is_an_option_and_text_is_the_label(tmp_path):
    found = spans_of(tmp_path, "a.json", project([
        {"z": [1.5, 2.25], "av": {"1": "1"}}, {"z": [3, 4], "av": {"2": " free text "}, "vid": "2"}]))
    assert told(found) == [("a.mp4", 1.5, 2.25, "jump"), ("b.mp4", 3.0, 4.0, "free text")]


def test_several_options_subjects_instants_and_whole_files(tmp_path):
    found = spans_of(tmp_path, "a.json", project([
        {"z": [1, 2], "av": {"4": "a,b", "3": "Ann"}}, {"z": [5], "av": {"1": "0"}}, {"z": [], "av": {"1": "0"}}]))
    assert [row[1:] for row in told(found)] == [(1, 2, "wet"), (1, 2, "dark"), (5, 5, "run"), (None, None, "run")]
    assert [row.subject for row in found] == ["Ann", "Ann", None, None]


def test_boxes_and_parts_without_a_label_are_passed_over(tmp_path):
    found = spans_of(tmp_path, "a.json", project([
        {"z": [1.5], "xy": [2, 10, 10, 50, 50], "av": {"1": "0"}}, {"z": [1, 2], "av": {}},
        {"z": [1, 2], "av": {"1": "9"}}]))
    assert not found.rows
    assert reasons(found) == ["a box or another shape in the picture, which is no label in time",
                              "a part without a label", "a part without a label"]


HEAD = "# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)\n"
COLUMNS = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"
OPTIONS = '# ATTRIBUTE = {"1":{"aname":"action","type":4,"options":{"0":"run","1":"jump"}}}\n'
ROWS = ('"1_a","[""a.mp4""]",0,"[1.5,2.25]","[]","{""1"":""1""}"\n'
        '"1_b","[""a.mp4""]",0,"[2.5]","[2,1,2,3,4]","{""1"":""0""}"\n')


@pytest.mark.parametrize("header", [f"# CSV_HEADER = {COLUMNS}\n", f"{COLUMNS}\n", f"# {COLUMNS}\n"])
def test_the_header_of_a_csv_may_be_a_comment(tmp_path, header):
    found = spans_of(tmp_path, "a.csv", HEAD + OPTIONS + header + ROWS)
    assert told(found) == [("a.mp4", 1.5, 2.25, "jump")]
    assert len(found.missing) == 1


def test_a_csv_without_options_has_its_values_as_labels(tmp_path):
    found = spans_of(tmp_path, "a.csv", f'{HEAD}# ATTRIBUTES = {{"1":"action"}}\n# CSV_HEADER = {COLUMNS}\n' + ROWS)
    assert told(found) == [("a.mp4", 1.5, 2.25, "1")]


@pytest.mark.parametrize("item", [{"z": [2, 1], "av": {"1": "0"}}, {"z": ["x", 1], "av": {"1": "0"}},
                                  {"z": [1, 2, 3], "av": {"1": "0"}}, {"z": [1, 2], "av": {"1": "0"}, "vid": "9"},
                                  {"av": {}}])
def test_what_cannot_be_read(tmp_path, item):
    with pytest.raises(ValueError, match=r"^Expected .*a\.json'?.* Received"):
        spans_of(tmp_path, "a.json", project([item, {"z": [1, 2], "av": {"1": "0"}}]))
    found = read_spans(tmp_path / "a.json", strict=False)
    assert len(found) == len(found.missing) == 1
