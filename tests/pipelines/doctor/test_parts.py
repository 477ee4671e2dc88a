"""Parts of videos in a check: those past the end, rows that contradict each other, and what is kept of a list."""

import logging

import numpy as np
import pytest

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.quarantine import Quarantine, load
from pipelines.doctor import checks, page
from pipelines.manifest import read_manifest
from pipelines.video import writer
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=16, width=16)


@pytest.fixture
def data(tmp_path):
    """Two videos of 2 s, and a list of six parts, of which two lie past the end."""
    for name, shade in (("a.avi", 40), ("b.avi", 90)):
        frames = [np.full((24, 32, 3), shade + number, np.uint8) for number in range(20)]
        writer.write_video(tmp_path / name, frames, fps=10.0, codec="MJPG")
    rows = ["path,label,start,end", "a.avi,run,0,1", "a.avi,jump,1,1.9", "a.avi,run,2.5,3", "b.avi,run,0,0.3",
            "b.avi,jump,7,9", "b.avi,jump,,"]
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "clips.csv"


def kinds(report):
    return {warning["kind"]: warning for warning in report["warnings"]}


def test_parts_past_the_end_are_counted_and_named(data, tmp_path):
    manifest = read_manifest(data)
    report = checks.check(manifest, CLIP, workers=1)
    assert (report["files"], report["usable"], report["rows"], report["usable_rows"]) == (2, 2, 6, 4)
    assert [(row["path"], row["start"], row["end"]) for row in report["bad_parts"]] == [
        (str(tmp_path / "a.avi"), 2.5, 3.0), (str(tmp_path / "b.avi"), 7.0, 9.0)]
    assert report["bad_parts"][0]["reason"].startswith("wanted the part from 2.5 s to 3 s, but the video has 20 frames")
    assert report["classes"] == {"jump": 2, "run": 2}
    assert "2 of 2 videos are usable, 4 of 6 rows of the list" in page.as_text(report)
    assert "parts without frames (2):" in page.as_text(report)
    assert kinds(report)["short"]["paths"] == [str(tmp_path / "b.avi")]  # its part of 3 frames
    kept = checks.usable(manifest, report)
    assert [(entry.start, entry.end) for entry in kept] == [(0, 1), (1, 1.9), (0, 0.3), (None, None)]
    page.write_page(tmp_path / "page.html", report, data)
    assert "4 of 6 rows of the list" in (tmp_path / "page.html").read_text()


@pytest.mark.slow
def test_rows_that_contradict_each_other(data, tmp_path):
    a, b = str(tmp_path / "a.avi"), str(tmp_path / "b.avi")
    entries = [Entry(a, (0,)), Entry(a, (1,)), Entry(b, (0,), 0.0, 1.0), Entry(b, (1,), 1.0, 2.0)]
    found = kinds(checks.check(Manifest(entries, ["x", "y"]), CLIP, workers=1))
    assert found["contradicting rows"]["paths"] == [a]
    assert "multi_label=True" in found["contradicting rows"]["advice"]
    assert "contradicting rows" not in kinds(checks.check(Manifest(entries, ["x", "y"], (), True), CLIP, workers=1))
    assert "contradicting rows" not in kinds(checks.check(Manifest(entries[1:], ["x", "y"]), CLIP, workers=1))


def test_a_split_filled_in_part(data, tmp_path):
    entries = [Entry(str(tmp_path / "a.avi"), (0,), split="train"), Entry(str(tmp_path / "b.avi"), (0,))]
    found = kinds(checks.check(Manifest(entries, ["x"]), CLIP, workers=1))
    assert found["no split"]["message"] == "1 of 2 rows names no split, and is in none"


def test_a_bad_row_does_not_stop_the_check(data, tmp_path):
    with open(data, "a") as file:
        file.write("a.avi,run,soon,\n")
    report = checks.check(data, CLIP, workers=1)
    assert report["usable_rows"] == 4
    assert "line 8. Received: 'soon'" in report["missing"][0]["reason"]
    assert kinds(report)["missing"]["message"] == "1 of 7 rows of the annotations has no file or cannot be read"


def test_every_bad_part_is_quarantined(data, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        views = pipelines.evaluation_views(data, CLIP, "centre", quarantine_csv=tmp_path / "q.csv")
        assert sum(1 for _ in views) == 4
    assert len(views.quarantine) == 2
    with open(data, "a") as file:
        file.write("a.avi,jump,30,40\n")
    views = pipelines.evaluation_views(data, CLIP, "centre", quarantine_csv=tmp_path / "q.csv")
    assert sum(1 for _ in views) == 4
    assert [path.rpartition("/")[2] for path, _ in load(tmp_path / "q.csv")] == ["a.avi", "a.avi", "b.avi"]


def test_a_quarantine_knows_parts():
    quarantine = Quarantine()
    assert quarantine.add("a.avi", "wanted the part from 3 s to 4 s", "3 s to 4 s")
    assert quarantine.add("a.avi", "no frame decodes", "5 s to the end")
    assert not quarantine.add("a.avi", "another reason", "3 s to 4 s")
    assert "a.avi" in quarantine
    assert quarantine.reason("a.avi") == "wanted the part from 3 s to 4 s"
    assert (len(quarantine), quarantine[0]) == (2, ("a.avi", "no frame decodes (the part from 5 s to the end)"))
    assert quarantine.reason("b.avi") is None


def test_every_part_of_a_file_that_does_not_decode_is_counted(data, tmp_path):
    (tmp_path / "b.avi").write_bytes(b"")
    views = pipelines.evaluation_views(data, CLIP, "centre")
    assert sum(1 for _ in views) == 2
    assert [reason for path, reason in views.quarantine if path.endswith("b.avi")] == [
        "the file is empty", "the file is empty (the part from 0 s to 0.3 s)",
        "the file is empty (the part from 7 s to 9 s)"]


def test_an_address_that_nothing_reads_is_one_row_without_a_file(data):
    data.write_text("path,label\na.avi,run\nfoo://x,jump\nfoo://b/1.avi,jump\nfoo://b/2.avi,jump\n")
    report = checks.check(data, CLIP, workers=1)
    assert report["usable"] == 1
    assert [row["path"] for row in report["missing"]] == ["foo://x", "foo://b/1.avi", "foo://b/2.avi"]
    assert all("Nothing here reads foo:// addresses" in row["reason"] for row in report["missing"][1:])
    with pytest.raises(OSError, match=r"Nothing here reads foo:// addresses"):
        read_manifest(data)
