"""The check of a data set: bad files by name, wrong headers, duplicates, balance, cost, and every form of output."""

import argparse
import html.parser
import json
import os
import shutil
import sys

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.commands import doctor as command
from pipelines.commands import flags
from pipelines.doctor import checks
from pipelines.doctor.examine import examine, examine_all
from pipelines.manifest import read_manifest
from pipelines.prepare.run import prepare
from pipelines.video import opencv, writer
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, stride=2, height=32, width=32)


def write(path, num_frames=20, size=48, seed=0, codec="MJPG", fps=25.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 200, (size, size, 3), dtype=np.uint8)
    writer.write_video(path, [start + np.uint8(i % 50) for i in range(num_frames)], fps=fps, codec=codec)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two splits of two classes with one of everything that can be wrong."""
    folder = tmp_path_factory.mktemp("doctor") / "data"
    for seed in range(3):
        write(folder / f"train/run/{seed}.avi", seed=seed)
    write(folder / "train/jump/long.mp4", num_frames=300, seed=10, codec="mp4v")
    write(folder / "train/jump/short.avi", num_frames=5, seed=11)
    write(folder / "train/jump/tiny.avi", size=16, seed=12)
    write(folder / "val/run/other.avi", seed=13)
    shutil.copy(folder / "train/run/0.avi", folder / "val/run/seen.avi")
    shutil.copy(folder / "train/run/1.avi", folder / "train/jump/again.mp4")
    (folder / "train/run/broken [1].mp4").write_bytes(b"")
    (folder / "train/run/page.mp4").write_bytes(b"<html>not found</html>")
    (folder / "train/empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def report(data):
    return checks.check(data, CLIP, workers=2)


def warnings_of(report):
    return {warning["kind"]: warning for warning in report["warnings"]}


def names(warning):
    return {os.path.basename(path) for path in warning["paths"]}


def test_counts_and_bad_files(report, data):
    assert (report["files"], report["usable"]) == (11, 9)
    assert [row["path"] for row in report["bad"]] == [
        str(data / "train/run/broken [1].mp4"), str(data / "train/run/page.mp4")]
    assert report["bad"][0]["reason"] == "the file is empty"
    assert "web page" in report["bad"][1]["reason"]
    assert report["classes"] == {"empty": 0, "jump": 4, "run": 5}
    assert report["splits"] == {"train": {"empty": 0, "jump": 4, "run": 3}, "val": {"empty": 0, "jump": 0, "run": 2}}
    assert report["sizes"] == {"48x48": 8, "16x16": 1}
    assert report["rates"] == {"25": 9}
    assert report["containers"] == {"avi": 8, "mp4": 1}
    assert report["frames"] == {"least": 5, "median": 20, "most": 300}


def test_warnings(report):
    found = warnings_of(report)
    assert names(found["duplicates across splits"]) == {"0.avi", "seen.avi"}
    assert names(found["duplicates"]) == {"1.avi", "again.mp4"}
    assert [sorted(map(os.path.basename, group)) for group in found["duplicates"]["groups"]] == [["1.avi", "again.mp4"]]
    assert found["duplicates"]["details"] == [" = ".join(found["duplicates"]["groups"][0])]
    assert names(found["contradicting labels"]) == {"1.avi", "again.mp4"}
    assert names(found["suffix"]) == {"again.mp4"}
    assert found["suffix"]["details"][0].endswith("again.mp4: is avi")
    assert names(found["short"]) == {"short.avi"}
    assert names(found["small pictures"]) == {"tiny.avi"}
    assert names(found["cost"]) == {"long.mp4"}
    assert found["empty classes"]["message"] == "1 of 3 labels has no usable video: empty"
    assert found["absent from a split"]["message"] == "1 label has no usable video in split 'val': jump"
    assert all(warning["advice"] for warning in report["warnings"])


def test_balance():
    entries = [Entry(f"{i}.mp4", (int(i == 0),)) for i in range(12)]
    sound = {"num_frames": 50, "fps": 25.0, "width": 64, "height": 64, "container": "mp4", "codec": "h264",
             "steady": True, "duration_seconds": 2.0, "times_trusted": True, "damaged": False, "claimed_frames": 50,
             "claimed_fps": 25.0, "key_frames": [0]}
    found = [checks.weigh(sound | {"path": entry.path, "hash": entry.path}, CLIP) for entry in entries]
    report = checks.report(Manifest(entries, ["run", "jump"]), found, CLIP)
    assert [warning["kind"] for warning in report["warnings"]] == ["class balance"]
    assert report["warnings"][0]["message"] == "classes range from 1 video ('jump') to 11 ('run')"
    assert report["splits"] == {}


def test_a_folder_of_frames(tmp_path):
    for number in range(4):
        path = tmp_path / "run/clip" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(opencv.encode_image(np.full((40, 40, 3), number, np.uint8), ".png"))
    report = checks.check(tmp_path, CLIP, workers=1)
    assert (report["files"], report["usable"], report["containers"]) == (1, 1, {"frames": 1})
    assert examine(str(tmp_path / "run/clip"))["key_frames"] == [0, 1, 2, 3]


def test_a_frame_that_does_not_decode(tmp_path):
    for number in range(4):
        picture = opencv.encode_image(np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8), ".png")
        (tmp_path / f"{number}.png").write_bytes(picture[:30] if number == 2 else picture)
    assert examine(str(tmp_path)) == {"path": str(tmp_path), "reason": "its frame '2.png': no image can be decoded "
                                                                      "from its 30 bytes"}


CRASHING = """
import json, os, signal, sys, time
for line in sys.stdin:
    path = json.loads(line)
    if path == "kills": os.kill(os.getpid(), signal.SIGSEGV)
    if path == "exits": sys.exit(7)
    if path == "hangs": time.sleep(60)
    print(json.dumps({"path": path, "pid": os.getpid()}), flush=True)
"""


def test_a_child_that_dies_costs_one_video():
    paths = ["a", "kills", "b", "exits", "hangs", "c"]
    ticks = []
    found = examine_all(paths, workers=1, timeout=1.0, progress=lambda: ticks.append(1),
                        command=[sys.executable, "-c", CRASHING])
    assert [row["path"] for row in found] == paths
    assert {row["path"]: row.get("reason") for row in found} == {
        "a": None, "b": None, "c": None, "kills": "the decoder crashed (signal 11)",
        "exits": "the decoder crashed (exit code 7)", "hangs": "decoding gave nothing for 1 seconds"}
    assert len({row["pid"] for row in found if "pid" in row}) == 3
    assert len(ticks) == len(paths)


def run(*argv):
    parser = argparse.ArgumentParser()
    command.add_flags(parser)
    return command.run(parser.parse_args([str(arg) for arg in argv]))


def test_json_and_exit_code(data, report, capsys):
    assert run(data, "--json", "--clip=8x2x32", "--workers=2") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == json.loads(json.dumps(report))
    assert printed.err == ""  # no bar where nobody looks


def test_nothing_usable_fails(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.mp4").write_bytes(b"nothing")
    assert run(tmp_path, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["usable"], len(found["bad"])) == (1, 0, 1)
    assert found["cost"]["frames_decoded_per_frame_used"] == {}
    assert run(tmp_path / "a/b.mp4") == 1
    assert "0 of 1 videos are usable" in capsys.readouterr().out


def test_a_working_folder_with_modules_of_these_names(tmp_path, monkeypatch):
    path = write(tmp_path / "run/a.avi")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/__init__.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    assert "reason" not in examine_all([str(path)], workers=1)[0]


def test_records_are_sent_elsewhere(tmp_path):
    write(tmp_path / "videos/run/a.avi")
    prepare(tmp_path / "videos", tmp_path / "out", workers=1)
    with pytest.raises(ValueError, match=r"Expected videos\. Received records, .* `res3d prepare .*out --verify`"):
        checks.manifest_of(tmp_path / "out")


def test_stopping_does_not_wait_for_the_video_at_hand():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # of a timeout of a minute, nothing is waited for
        examine_all(["a", "hangs", "hangs"], workers=2, timeout=60.0, progress=stop,
                    command=[sys.executable, "-c", CRASHING])


class Page(html.parser.HTMLParser):
    """Collects what a page refers to and says."""

    def __init__(self):
        super().__init__()
        self.references, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.references += [value for name, value in attributes if name in ("src", "href", "data", "srcset")]

    def handle_data(self, data):
        self.text += data


def test_text_page_and_manifest(data, tmp_path, capsys):
    page_path, table = tmp_path / "doctor.html", tmp_path / "good/manifest.csv"
    assert run(data, "--clip=8x2x32", f"--report={page_path}", f"--manifest={table}") == 0
    text = capsys.readouterr().out
    for part in ("9 of 11 videos are usable", "broken [1].mp4: the file is empty",
                 "duplicates across splits: 1 video is", "     5  run",
                 "sizes: 48x48 (8), 16x16 (1)", "cost of a clip of 8 frames, stride 2"):
        assert part in text
    page = Page()
    page.feed(page_path.read_text())
    assert all(source.startswith(("data:image/jpeg;base64,", "#")) for source in page.references)  # self-contained
    assert sum(source.startswith("data:") for source in page.references) == 9 + 4  # the wall, and two pairs of copies
    for part in ("9 of 11 videos are usable", "broken [1].mp4", "the file is empty", "duplicates across splits",
                 "train/jump/tiny.avi", "Length of the videos"):
        assert part in page.text
    good = read_manifest(tmp_path / "good")
    assert len(good) == 9
    assert good.labels == ["empty", "jump", "run"]
    assert not list(tmp_path.rglob("*.part"))


def test_page_escapes_names(tmp_path):
    write(tmp_path / "<b>run/a&b.avi", num_frames=2)
    assert run(tmp_path, f"--report={tmp_path / 'page.html'}") == 0
    text = (tmp_path / "page.html").read_text()
    assert "&lt;b&gt;run" in text
    assert "<b>run" not in text


def test_names_that_are_no_text(tmp_path, capsys):
    os.mkdir(tmp_path / "run")
    with open(os.fsencode(tmp_path / "run") + b"/\xff.avi", "wb") as file:
        file.write(write(tmp_path / "a.avi").read_bytes())
    assert run(tmp_path / "run", f"--report={tmp_path / 'page.html'}") == 0
    assert "1 of 1 videos is usable" in capsys.readouterr().out
    assert run(tmp_path / "run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"][-1]["kind"]


def test_missing_rows_and_unlabelled_videos(tmp_path):
    write(tmp_path / "x_000001_000002.avi")
    (tmp_path / "test.csv").write_text("youtube_id,time_start,time_end,split\nx,1,2,test\ny,1,2,test\n")
    report = checks.check(tmp_path / "test.csv", CLIP, workers=1)
    assert [row["path"] for row in report["missing"]] == ["y_000001_000002"]
    found = warnings_of(report)
    assert found["missing"]["message"] == "1 of 2 rows of the annotations has no file"
    assert found["unlabelled"]["message"] == "1 video has no label"
    assert checks.check(tmp_path, CLIP, workers=1)["usable"] == 1  # loose files are checked, too


def test_clip_flag():
    with pytest.raises(ValueError, match=r"`--clip` must be FRAMESxSTRIDExSIZE, such as 16x2x112, or one of .* "
                                         r"Received: '16'\."):
        flags.parse_clip("16")
    assert flags.parse_clip("torchvision_112").fps == 15


@pytest.mark.slow
@pytest.mark.clips
def test_real_clips(clips, capsys):
    assert run(clips / "undecodable", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 14
    assert {os.path.basename(row["path"]) for row in found["bad"]} == {
        path.name for path in (clips / "undecodable").iterdir()} - {"one_of_62.flv", "no_timescale.mp4"}
    assert all(row["reason"] for row in found["bad"])


@pytest.mark.slow
@pytest.mark.clips
def test_what_headers_get_wrong(clips):
    chosen = ["action/baseball.mp4", "action/k400_arm_wrestling.mp4", "derived/baseball_mpeg1.mpg",
              "derived/baseball_really_avi.mp4", "odd/vfr_rotate180_720p.mp4", "odd/corrupted_tail.mp4"]
    manifest = Manifest([Entry(str(clips / name), (0,)) for name in chosen], ["x"])
    report = checks.check(manifest, ClipSpec(), workers=2)
    found = warnings_of(report)
    assert names(found["frame count"]) == {"baseball.mp4", "baseball_mpeg1.mpg", "corrupted_tail.mp4"}
    assert found["frame count"]["details"][0].endswith("baseball.mp4: says 183, has 167")
    assert "baseball.mp4" in names(found["frame rate"])
    assert names(found["suffix"]) == {"baseball_really_avi.mp4"}
    assert "vfr_rotate180_720p.mp4" in names(found["variable rate"])
    assert report["cost"]["longest_key_frame_gap"]["most"] == 187
