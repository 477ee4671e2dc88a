"""What `doctor` says of labels in time, on one small video."""

import json

import numpy as np
import pytest

from pipelines.doctor import checks, labels
from pipelines.video import write_video
from res3d.commands import main
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=1, height=32, width=32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    frames = np.random.default_rng(0).integers(0, 255, (50, 32, 32, 3), np.uint8)
    write_video(folder / "a.avi", frames, fps=24)
    return folder


def seen(folder, name, seconds=50 / 24, fps=24.0, **options):
    """(facts, {kind: warning}) of a file of labels and of its one video, as it would be found."""
    spans = labels.spans_of(folder / name, **options)
    facts, warnings = labels.looks(spans, {str(folder / "a.avi"): {"duration_seconds": seconds, "fps": fps}})
    return facts, {warning["kind"]: warning for warning in warnings}


def warned(folder, rows):
    (folder / "spans.csv").write_text("video,start,end,label,annotator,subject\n" + "".join(f"{row}\n" for row in rows))
    return seen(folder, "spans.csv")


def test_labels_beyond_the_end_and_a_little_late(folder):
    _, found = warned(folder, ["a.avi,0,1,run,,", "a.avi,1,2.5,run,,", "a.avi,2,9,run,,", "a.avi,8,8,jump,,"])
    assert found["labels beyond the end"]["message"] == "2 labels end after their video, by up to 6.92 s"
    assert found["labels end late"]["details"][0].endswith("a.avi: 'run' from 1 s to 2.5 s ends 0.42 s after it")


def test_instants_alone_are_looked_at(folder, capsys):
    warned(folder, ["a.avi,1,1,goal,,", "a.avi,9,9,Goal,,"])
    assert main.main(["doctor", str(folder / "spans.csv"), "--noleaks", "--workers=1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 of 1 videos is usable")
    for kind in ("labels beyond the end: 1 label ends after", "two spellings: 1 class is spelt in several ways"):
        assert f"  {kind}" in told


def test_the_report_has_the_facts(folder):
    warned(folder, ["a.avi,1,1,goal,x,", "a.avi,0,1,run,,"])
    report = checks.check(folder / "spans.csv", CLIP, workers=1, leaks=False)
    assert json.loads(json.dumps(report["spans"])) == {"spans": 1, "instants": 1, "videos": 1, "agreement": None}
    assert (report["files"], report["usable"]) == (1, 1)


def test_overlaps_of_one_label_of_several_and_of_several_people(folder):
    _, found = warned(folder, ["a.avi,0,1,run,,", "a.avi,0.5,1.5,run,,", "a.avi,1.2,1.8,jump,,", "a.avi,1.8,2,jump,,"])
    assert found["one label twice"]["details"][0].endswith("'run' 0 to 1 s and 'run' 0.5 to 1.5 s")
    assert found["labels overlap"]["message"] == "1 pair of spans overlaps"
    _, found = warned(folder, ["a.avi,0,1,run,x,", "a.avi,0.5,1.5,run,y,", "a.avi,0,1,run,x,Bob"])
    assert not {"one label twice", "labels overlap"} & set(found)


def test_agreement_of_annotators(folder):
    facts, found = warned(folder, ["a.avi,0,1,run,x,", "a.avi,0,1,run,y,", "a.avi,1,2,jump,x,"])
    assert facts["agreement"]["classes"]["run"]["tiou"] == 1.0
    assert "2 annotators of 1 video: Cohen's kappa over time 0." in found["agreement of annotators"]["message"]
    assert found["agreement of annotators"]["details"][0].startswith("'jump': kappa ")


def test_spellings(folder):
    [found] = labels.spelt(["pick up", "Pick_up", "run"])
    assert "'Pick_up' = 'pick up'" in found["message"]
    assert labels.spellings(["a", "b", "!", "?"]) == []


def test_unpaired_starts_and_what_was_passed_over(folder):
    (folder / "b.csv").write_text("Observation id,Media file,FPS,Time,Subject,Behavior,Status\n"
                                  "o,a.avi,23.976,1,,run,START\no,a.avi,23.976,0,,jump,START\n"
                                  "o,a.avi,23.976,1,,jump,STOP\n")
    _, found = seen(folder, "b.csv")
    assert found["unpaired starts"]["details"] == ["a.avi: 'run' starts at 1 s and never stops"]
    assert "drift of rates" not in found  # a thousandth of two seconds


def test_drift_of_rates(folder):
    (folder / "d.csv").write_text("Observation id,Media file,FPS,Subject,Behavior,Behavior type,Start (s),Stop (s)\n"
                                  "o,a.avi,23.976,,run,STATE,0,1\n")
    _, found = seen(folder, "d.csv", 3600.0)
    assert found["drift of rates"]["message"].endswith("up to 3.6 s an hour")
    assert "23.976 against 24 frames a second, 3.60 s at its end" in found["drift of rates"]["details"][0]


def test_labels_read_at_the_wrong_rate_are_told_the_right_one(folder):
    task = {"data": {"video": "a.avi"}, "annotations": [{"result": [{"type": "timelinelabels", "value": {
        "timelinelabels": ["run"], "ranges": [{"start": 1, "end": 100}]}}]}]}
    (folder / "c.json").write_text(json.dumps([task]))
    _, found = seen(folder, "c.json", 2.0, 50.0)
    assert found["labels beyond the end"]["advice"].endswith(
        "the tool counted 24 frames a second, the video has 50; try --rate=50.")
    assert not seen(folder, "c.json", 2.0, 50.0, rate=50)[1]
