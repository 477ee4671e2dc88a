"""One bad item costs itself alone, in every tool's file: the rest of its video is read, and it is named."""

import json

import pytest

from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import told


def cvat(*images):
    return ("<?xml version='1.0'?><annotations><meta><task><name>t</name></task><source>a.avi</source></meta>"
            f"{''.join(images)}</annotations>")


def images(*numbers):
    return [f'<image id="{number}"><tag label="run"/></image>' for number in numbers]


def elan(*slots):
    parts = "".join(f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{i}" TIME_SLOT_REF1="{first}" '
                    f'TIME_SLOT_REF2="{last}"><ANNOTATION_VALUE>run</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
                    '</ANNOTATION>' for i, (first, last) in enumerate(slots))
    return ('<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///a.avi" MIME_TYPE="video/x"/></HEADER>'
            '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="1000"/>'
            f'</TIME_ORDER><TIER TIER_ID="t">{parts}</TIER></ANNOTATION_DOCUMENT>')


def timeline(start, end):
    return {"type": "timelinelabels", "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": ["run"]}}


def label_studio(*results):
    return json.dumps([{"data": {"video": "a.avi"}, "annotations": [{"result": list(results)}]}])


def soccer(*times):
    return json.dumps({"videos": [{"path": "a.avi", "annotations": [
        {"label": "run", "gameTime": "1 - 00:01", "position": time} for time in times]}]})


def spot(*frames):
    return json.dumps([{"video": "a.avi", "num_frames": 9, "fps": 1, "events": [
        {"label": "run", "frame": frame} for frame in frames]}])


def fiftyone(*parts):
    return json.dumps({"classes": ["run"], "labels": {"a.avi": [{"label": 0, **part} for part in parts]}})


def via(*times):
    rows = {f"1_{i}": {"vid": "1", "z": time, "xy": [], "av": {"1": "run"}} for i, time in enumerate(times)}
    return json.dumps({"metadata": rows, "attribute": {"1": {"aname": "what", "type": 1}},
                       "view": {"1": {"fid_list": ["1"]}}, "file": {"1": {"fname": "a.avi"}}})


FILES = {  # a file with a good item, a bad one and a good one; which spans are read of it, at a frame a second
    "a.xml": (cvat(*images(0, "x", 5)), [(0, 1), (5, 6)]),
    "b.xml": (cvat(*images(0, 1), '<image><tag label="run"/></image>'), [(0, 2)]),
    "a.eaf": (elan(("t1", "t2"), ("t1", "t9"), ("t1", "t1")), [(0, 1), (0, 0)]),
    "ls.json": (label_studio(timeline(1, 2), timeline("x", 3), timeline(4, 5)), [(0, 2), (3, 5)]),
    "kind.json": (label_studio(timeline(1, 2), 7, timeline(4, 5)), [(0, 2), (3, 5)]),
    "Labels.json": (soccer("1000", "soon", "3000"), [(1, 1), (3, 3)]),
    "test.json": (spot(1, -1, 3), [(1, 1), (3, 3)]),
    "labels.json": (fiftyone({"timestamps": [0, 1]}, {"timestamps": [2]}, {"support": [4, 5]}), [(0, 1), (3, 5)]),
    "via.json": (via([0, 1], [3, 2], [4]), [(0, 1), (4, 4)]),
    "ml.json": (json.dumps([{"video": "a.avi", "label": "run", "start": start, "end": 4} for start in (1, 5, 2)]),
                [(1, 4), (2, 4)]),
    "charades.csv": ("id,subject,actions\na.avi,p,run 0 1;run 3;run 4 5\n", [(0, 1), (4, 5)]),
    "a.avi_labels.csv": (",background,run\n0,0,1\n1,0,2\n2,0,1\n3,1,0\n", [(0, 1), (2, 3)]),
    "boris.csv": ("Media file name,Behavior,Behavior type,Start (s),Stop (s)\n"
                  "a.avi,run,STATE,0,1\na.avi,run,STATE,now,2\na.avi,run,STATE,4,5\n", [(0, 1), (4, 5)]),
    "activitynet.json": (json.dumps({"database": {"a.avi": {"subset": "training", "annotations": [
        {"label": "run", "segment": part} for part in ([0, 1], [3], [4, 5])]}}}), [(0, 1), (4, 5)]),
    "table.csv": ("video,start,end,label\na.avi,0,1,run\na.avi,x,2,run\na.avi,4,5,run\n", [(0, 1), (4, 5)]),
}


@pytest.mark.parametrize("name", FILES)
def test_one_bad_item_costs_itself_alone(tmp_path, name):
    content, spans = FILES[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=r"^Expected "):
        read_spans(tmp_path / name, rate=1)
    found = read_spans(tmp_path / name, rate=1, strict=False)
    assert [(video.removesuffix(".avi"), start, end, label) for video, start, end, label in told(found)] == [
        ("a", start, end, "run") for start, end in spans]
    assert any(row.reason.startswith("Expected ") for row in found.missing)
    assert not found.empty


@pytest.mark.parametrize(("name", "content"), [
    ("a.xml", cvat(*images("x"))), ("ls.json", label_studio(timeline("x", 3))), ("Labels.json", soccer("soon")),
    ("test.json", spot(-1)), ("labels.json", fiftyone({})), ("a.avi_labels.csv", "background,run\n0,7\n")])
def test_a_video_of_which_nothing_could_be_read_is_not_one_without_labels(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    found = read_spans(tmp_path / name, rate=1, strict=False)
    assert not found.empty
    assert found.missing
