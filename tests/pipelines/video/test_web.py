"""Videos behind a web server are read as those on a disk are; what it refuses and what it lacks is told apart."""

import json

import pytest

import pipelines
from pipelines.doctor import checks
from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.storage import file_systems
from pipelines.video import reading, sources
from pipelines.video.info import UnreachableError, VideoError
from pipelines.video.probe_cache import Probes
from tests.pipelines.video.alike import CLIP, same_batches


def test_the_web_gives_videos_of_a_list(afar, web, tmp_path):
    address, _ = web
    (afar / "some.csv").write_text("path,label\ntrain/up/0000.avi,up\ntrain/left/0000.avi?token=sesame,left\n")
    found = read_manifest(f"{address}/some.csv?token=sesame")
    assert [entry.path for entry in found] == [f"{address}/train/up/0000.avi",
                                               f"{address}/train/left/0000.avi?token=sesame"]
    (tmp_path / "some.csv").write_text(f"path,label\n{afar}/train/up/0000.avi,up\n{afar}/train/left/0000.avi,left\n")
    same_batches(*(pipelines.training_clips(data, CLIP, 2, workers=1) for data in (found, tmp_path / "some.csv")))
    (afar / "some.csv").unlink()


def test_what_the_web_has_not_is_quarantined(web, tmp_path, caplog):
    address, _ = web
    rows = f"path,label\n{address}/none.avi?token=sesame,up\n{address}/val/up/0000.avi,up\n"
    (tmp_path / "some.csv").write_text(rows)
    data = pipelines.training_clips(tmp_path / "some.csv", CLIP, 2, workers=1,
                                    quarantine_csv=tmp_path / "quarantine.csv")
    assert sum(len(labels) for _, labels in data) == 2
    assert list(data.quarantine) == [(f"{address}/none.avi", "there is no such file")]
    assert f"{address}/none.avi?token=sesame" in data.quarantine
    assert "sesame" not in caplog.text + (tmp_path / "quarantine.csv").read_text()


def test_what_is_refused_stops_the_training(web, tmp_path, monkeypatch):
    address, server = web
    server.forbidden.add("/val/up/0000.avi")
    (tmp_path / "some.csv").write_text(f"path,label\n{address}/val/up/0000.avi?token=sesame,up\n")
    with pytest.raises(UnreachableError) as error:
        pipelines.training_clips(tmp_path / "some.csv", CLIP, 1, workers=1)
    assert str(error.value).startswith(f"Cannot read video '{address}/val/up/0000.avi': it cannot be fetched (403")
    assert str(error.value).endswith("check the address, the network, and the credentials that the environment gives "
                                     "for http://.")
    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_server_that_stumbles_is_asked_again(afar, web, monkeypatch):
    address, server = web
    monkeypatch.setattr(sources, "PAUSE_SECONDS", 0.001)
    server.failing["/val/up/0000.avi"] = 2
    assert reading.probe(f"{address}/val/up/0000.avi").num_frames == reading.probe(afar / "val/up/0000.avi").num_frames
    server.failing["/val/up/0000.avi"] = 99
    with pytest.raises(UnreachableError, match="503"):
        reading.probe(f"{address}/val/up/0000.avi")
    probes = Probes()
    with pytest.raises(UnreachableError):
        probes.info(f"{address}/val/up/0000.avi")
    server.failing.clear()
    assert probes.info(f"{address}/val/up/0000.avi").num_frames  # nothing was concluded


@pytest.mark.parametrize("data", ["", "/list.csv"])
def test_a_web_server_that_is_not_there(data):
    pytest.importorskip("aiohttp")
    with pytest.raises(file_systems.StorageError, match=r"^Cannot read 'http://127\.0\.0\.1:9.*credentials"):
        read_manifest(f"http://127.0.0.1:9{data}")


def test_web_servers_list_no_folders(web, tmp_path):
    address, _ = web
    with pytest.raises(ValueError, match="Expected a folder of videos that can be listed") as error:
        read_manifest(f"{address}/")
    assert str(error.value) == (
        f"Expected a folder of videos that can be listed. Received '{address}/': web servers list no folders. "
        "Write the addresses of the videos into a CSV manifest `path,label`, and pass that or its address.")
    (tmp_path / "train.csv").write_text("label,youtube_id,time_start,time_end,split\nup,abc,0,1,train\n")
    with pytest.raises(ValueError, match="web servers list no folders"):
        read_manifest(tmp_path / "train.csv", videos=address)


def test_an_error_shows_no_secret(web, tmp_path):
    address, _ = web
    (tmp_path / "some.csv").write_text(f"path,label\n{address}/a.avi?token=sesame,up|down\n")
    with pytest.raises(ValueError, match="Expected one label") as error:
        read_manifest(tmp_path / "some.csv", multi_label=False)
    assert "sesame" not in str(error.value)
    assert f"'{address}/a.avi'" in str(error.value)
    error = VideoError("https://me:word@host/a.mp4?token=sesame", "it is empty")
    assert str(error) == "Cannot read video 'https://host/a.mp4': it is empty."
    assert error.path == "https://host/a.mp4"


@pytest.mark.slow
def test_preparing_stops_at_what_is_refused_and_goes_on_later(web, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PAUSE_SECONDS", 0.001)
    address, server = web
    rows = [f"{address}/{split}/{label}/0000.avi?token=sesame,{label}" for split in ("train", "val")
            for label in ("up", "down", "left", "right")]
    (tmp_path / "some.csv").write_text("\n".join(["path,label", *rows, f"{address}/none.avi,up"]) + "\n")
    options = PrepareOptions(CLIP, shard_clips=3)
    whole = prepare(tmp_path / "some.csv", tmp_path / "whole", options, workers=1)
    assert (whole["clips"], whole["failures"]) == (8, 1)
    assert (tmp_path / "whole" / "quarantine.csv").read_text().splitlines()[1] == (
        f"{address}/none.avi,there is no such file")
    server.forbidden.add("/val/up/0000.avi")
    with pytest.raises(OSError, match=rf"'{address}/val/up/0000.avi': it cannot be fetched \(403.*Run the same"):
        prepare(tmp_path / "some.csv", tmp_path / "halting", options, workers=1)
    assert not (tmp_path / "halting" / "summary.json").exists()
    server.forbidden.clear()
    prepare(tmp_path / "some.csv", tmp_path / "halting", options, workers=1)
    for path in (tmp_path / "whole").iterdir():
        data = path.read_bytes()
        assert data == (tmp_path / "halting" / path.name).read_bytes()
        assert b"sesame" not in data


@pytest.mark.slow
def test_doctor_examines_addresses(web, tmp_path, capsys):
    from res3d.commands.main import main

    address, server = web
    server.forbidden.add("/train/up/0000.avi")
    names = ("train/left/0000.avi", "val/left/0000.avi", "none.avi", "train/up/0000.avi")
    rows = ["path,label", *(f"{address}/{name}?token=sesame,{label}" for name, label in zip(names, "aabb"))]
    (tmp_path / "some.csv").write_text("\n".join(rows) + "\n")
    report = checks.check(tmp_path / "some.csv", CLIP, workers=1)
    assert {row["path"]: row["reason"].partition(" (")[0] for row in report["bad"]} == {
        f"{address}/none.avi": "there is no such file", f"{address}/train/up/0000.avi": "it cannot be fetched"}
    assert "sesame" not in json.dumps(report)
    assert report["usable"] == 2
    assert main(["doctor", str(tmp_path / "some.csv"), "--workers=1", f"--report={tmp_path / 'page.html'}",
                 f"--manifest={tmp_path / 'ok' / 'usable.csv'}"]) == 0
    assert "sesame" not in capsys.readouterr().out + (tmp_path / "page.html").read_text()
    assert len(read_manifest(tmp_path / "ok" / "usable.csv")) == 2
