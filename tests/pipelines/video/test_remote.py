"""Videos in a bucket and behind a web server are listed, probed and read as those on a disk are."""

import functools
import http.server
import json
import os
import shutil
import threading

import numpy as np
import pytest

import pipelines
from pipelines import synthetic
from pipelines.doctor import checks
from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.storage import file_systems, files, folders
from pipelines.video import frame_folder, opencv, reading, sources
from pipelines.video.info import UnreachableError, VideoError
from pipelines.video.probe_cache import Probes
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder `videos` of generated videos, and nothing beside: 8 to train on, 8 for validation."""
    folder = tmp_path_factory.mktemp("made")
    synthetic.write(folder / "all", train_per_class=1, val_per_class=1)
    shutil.copytree(folder / "all", folder / "videos", ignore=shutil.ignore_patterns("*.json", "*.csv", "*.txt"))
    return folder / "videos"


@pytest.fixture(scope="module")
def memory(made):
    """Address of a copy of them in fsspec's file system in memory."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for folder, _, names in os.walk(made):
        for name in names:
            path = os.path.join(folder, name)
            system.put_file(path, f"/made/{os.path.relpath(path, made)}")
    yield "memory://made"
    system.rm("/made", recursive=True)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; the server has `failing` {path: answers of 503 still to give} and `forbidden` paths."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in self.server.forbidden:
            return self.send_error(403)
        if self.server.failing.get(path, 0) > 0:
            self.server.failing[path] -= 1
            return self.send_error(503)
        return super().do_GET() if self.command == "GET" else super().do_HEAD()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args):
        pass


@pytest.fixture
def web(made):
    """(address, server) of a web server on loopback over them."""
    pytest.importorskip("aiohttp")
    handler = functools.partial(_Handler, directory=str(made))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.failing, server.forbidden = {}, set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", server
        server.shutdown()


def relative(manifest, root):
    """The entries with their paths below `root`."""
    return [(entry.path.removeprefix(f"{root}/"), entry.labels, entry.split) for entry in manifest]


def same_batches(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other) > 0
    for (clips, labels), (others, same) in zip(one, other):
        np.testing.assert_array_equal(clips, others)
        np.testing.assert_array_equal(labels, same)


def test_class_folders_in_a_bucket(made, memory):
    here, there = read_manifest(made), read_manifest(f"{memory}/")
    assert relative(there, memory) == relative(here, made)
    assert there.labels == here.labels
    assert there.splits == {"train": 8, "val": 8}
    same_batches(*(pipelines.training_clips(data, CLIP, 4, split="train", workers=2) for data in (made, memory)))


def test_each_video_is_fetched_once_for_probing_and_reading(made, memory, monkeypatch):
    fetched = []
    monkeypatch.setattr(files, "read_bytes", lambda path, read=files.read_bytes: fetched.append(path) or read(path))
    data = pipelines.evaluation_views(memory, CLIP, "centre", split="val", workers=1)
    assert sum(len(views) for views, _, _ in data) == 8
    assert sorted(fetched) == sorted(entry.path for entry in data.manifest)


def test_annotations_with_a_bucket_of_videos(memory, tmp_path):
    (tmp_path / "trainlist01.txt").write_text("up/v_up_g01_c01.avi 1\n")
    (tmp_path / "classInd.txt").write_text("1 up\n")
    system = pytest.importorskip("fsspec").filesystem("memory")
    system.cp_file("/made/train/up/0000.avi", "/other/up/v_up_g01_c01.avi")
    found = read_manifest(tmp_path, videos="memory://other/")
    assert [entry.path for entry in found] == ["memory://other/up/v_up_g01_c01.avi"]
    with pytest.raises(FileNotFoundError, match=r"a folder of videos\. Received 'memory://none', which is not there"):
        read_manifest(tmp_path, videos="memory://none")


@pytest.mark.parametrize("place", ["local", "bucket"])
def test_lists_of_addresses(memory, tmp_path, place):
    rows = f"{memory}/train/up/0000.avi,up\n{memory}/train/left/0000.avi,left\n{memory}/train/left/none.avi,left\n"
    data = f"memory://lists/{tmp_path.name}.csv" if place == "bucket" else tmp_path / "some.csv"
    files.write_bytes(data, b"path,label\n" + rows.encode())
    found = read_manifest(data)
    assert [(entry.path, found.labels[entry.label]) for entry in found] == [
        (f"{memory}/train/up/0000.avi", "up"), (f"{memory}/train/left/0000.avi", "left")]
    assert [row.path for row in found.missing] == [f"{memory}/train/left/none.avi"]
    data = f"memory://made/{tmp_path.name}.txt" if place == "bucket" else tmp_path / "some.txt"
    files.write_bytes(data, rows.encode() + (b"val/up/0000.avi,up\n" if place == "bucket" else b""))
    assert len(read_manifest(data)) == 2 + (place == "bucket")
    (tmp_path / "saved").mkdir()
    found.save(tmp_path / "saved" / "manifest.csv")
    assert read_manifest(tmp_path / "saved").entries == found.entries


def test_nothing_at_an_address():
    pytest.importorskip("fsspec")
    with pytest.raises(FileNotFoundError, match=r"annotation file\. Nothing exists at 'memory://made/none'\. Check"):
        read_manifest("memory://made/none")


def test_a_folder_of_frames_in_a_bucket(made, tmp_path):
    system = pytest.importorskip("fsspec").filesystem("memory")
    frames = reading.read_frames(made / "train" / "up" / "0000.avi", range(16))
    (tmp_path / "up" / "a").mkdir(parents=True)
    for number, frame in enumerate(frames):
        data = opencv.encode_image(frame, ".png")
        (tmp_path / "up" / "a" / f"{number}.png").write_bytes(data)
        system.pipe_file(f"/frames/up/a/{number}.png", data)
    found = read_manifest("memory://frames")
    assert [(entry.path, entry.num_frames) for entry in found] == [("memory://frames/up/a", 16)]
    np.testing.assert_array_equal(frame_folder.read_frames(found.entries[0].path, [9, 2]), frames[[9, 2]])
    same_batches(*(pipelines.evaluation_clips(data, CLIP, 1, workers=1) for data in ("memory://frames", tmp_path)))


def test_the_web_gives_videos_of_a_list(made, web, tmp_path):
    address, _ = web
    (made / "some.csv").write_text("path,label\ntrain/up/0000.avi,up\ntrain/left/0000.avi?token=sesame,left\n")
    found = read_manifest(f"{address}/some.csv?token=sesame")
    assert [entry.path for entry in found] == [f"{address}/train/up/0000.avi",
                                               f"{address}/train/left/0000.avi?token=sesame"]
    (tmp_path / "some.csv").write_text(f"path,label\n{made}/train/up/0000.avi,up\n{made}/train/left/0000.avi,left\n")
    same_batches(*(pipelines.training_clips(data, CLIP, 2, workers=1) for data in (found, tmp_path / "some.csv")))
    (made / "some.csv").unlink()


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


def test_a_server_that_stumbles_is_asked_again(made, web, monkeypatch):
    address, server = web
    monkeypatch.setattr(sources, "PAUSE_SECONDS", 0.001)
    server.failing["/val/up/0000.avi"] = 2
    assert reading.probe(f"{address}/val/up/0000.avi").num_frames == reading.probe(made / "val/up/0000.avi").num_frames
    server.failing["/val/up/0000.avi"] = 99
    with pytest.raises(UnreachableError, match="503"):
        reading.probe(f"{address}/val/up/0000.avi")
    probes = Probes()
    with pytest.raises(UnreachableError):
        probes.info(f"{address}/val/up/0000.avi")
    server.failing.clear()
    assert probes.info(f"{address}/val/up/0000.avi").num_frames  # nothing was concluded


def test_an_address_that_nothing_reads():
    with pytest.raises(UnreachableError) as error:
        reading.probe("nowhere://host/a.mp4")
    assert str(error.value).startswith("Cannot read video 'nowhere://host/a.mp4': it cannot be fetched (Nothing here "
                                       "reads nowhere:// addresses (")
    assert "Install the extra: pip install 'res3d[remote]', or 'res3d[io]'); check the address" in str(error.value)


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


def test_probes_are_remembered_by_address_and_tag(memory, tmp_path, monkeypatch):
    address = f"memory://probed/{tmp_path.name}.avi"
    files.write_bytes(address, files.read_bytes(f"{memory}/val/up/0000.avi"))
    first = Probes(tmp_path / "probes")
    frames = first.info(address).num_frames
    first.save()
    row = json.loads((tmp_path / "probes").read_text())
    assert row["path"] == address
    assert row["stamp"][0] == files.size(address)
    monkeypatch.setattr(sources.Fetched, "_fetch", None)
    assert Probes(tmp_path / "probes").info(address).num_frames == frames
    monkeypatch.undo()
    files.write_bytes(address, b"<html>")
    with pytest.raises(VideoError, match="a web page"):
        Probes(tmp_path / "probes").info(address)


def test_jumps_fetch_a_video_once(memory, monkeypatch):
    fetched = []
    monkeypatch.setattr(files, "read_bytes", lambda path, read=files.read_bytes: fetched.append(path) or read(path))
    probes = Probes(jumps=True)
    probes.info(f"{memory}/val/up/0000.avi")
    assert len(fetched) == 1


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


def test_a_bucket_is_asked_folder_by_folder(memory, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "list_folder", lambda path, ask=files.list_folder: asked.append(path) or ask(path))
    assert len(read_manifest(memory)) == 16
    assert len(asked) == len(set(asked)) + 1 == 1 + 1 + 2 + 16  # are_records asks for itself; then each folder once


def test_what_is_at_a_path(memory, made):
    with folders.remembered():
        assert [folders.kind(f"{memory}/{name}") for name in ("train", "val/up/0000.avi", "none", "none/a")] == [
            "folder", "file", None, None]
    assert [folders.kind(made / name) for name in ("train", "val/up/0000.avi", "none")] == ["folder", "file", None]
