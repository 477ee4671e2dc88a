"""Videos in a bucket are listed, probed and read as those on a disk are."""

import json
import os

import numpy as np
import pytest

import pipelines
from pipelines.manifest import read_manifest
from pipelines.storage import files, folders
from pipelines.video import frame_folder, opencv, reading, sources
from pipelines.video.info import UnreachableError, VideoError
from pipelines.video.probe_cache import Probes
from tests.pipelines.video.alike import CLIP, same_batches


@pytest.fixture(scope="module")
def memory(afar):
    """Address of a copy of them in fsspec's file system in memory."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for folder, _, names in os.walk(afar):
        for name in names:
            path = os.path.join(folder, name)
            system.put_file(path, f"/made/{os.path.relpath(path, afar)}")
    yield "memory://made"
    system.rm("/made", recursive=True)


def relative(manifest, root):
    """The entries with their paths below `root`."""
    return [(entry.path.removeprefix(f"{root}/"), entry.labels, entry.split) for entry in manifest]


def test_class_folders_in_a_bucket(afar, memory):
    here, there = read_manifest(afar), read_manifest(f"{memory}/")
    assert relative(there, memory) == relative(here, afar)
    assert there.labels == here.labels
    assert there.splits == {"train": 8, "val": 8}
    same_batches(*(pipelines.training_clips(data, CLIP, 4, split="train", workers=2) for data in (afar, memory)))


def test_each_video_is_fetched_once_for_probing_and_reading(afar, memory, monkeypatch):
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


def test_a_folder_of_frames_in_a_bucket(afar, tmp_path):
    system = pytest.importorskip("fsspec").filesystem("memory")
    frames = reading.read_frames(afar / "train" / "up" / "0000.avi", range(16))
    (tmp_path / "up" / "a").mkdir(parents=True)
    for number, frame in enumerate(frames):
        data = opencv.encode_image(frame, ".png")
        (tmp_path / "up" / "a" / f"{number}.png").write_bytes(data)
        system.pipe_file(f"/frames/up/a/{number}.png", data)
    found = read_manifest("memory://frames")
    assert [(entry.path, entry.num_frames) for entry in found] == [("memory://frames/up/a", 16)]
    np.testing.assert_array_equal(frame_folder.read_frames(found.entries[0].path, [9, 2]), frames[[9, 2]])
    same_batches(*(pipelines.evaluation_clips(data, CLIP, 1, workers=1) for data in ("memory://frames", tmp_path)))


def test_an_address_that_nothing_reads():
    with pytest.raises(UnreachableError) as error:
        reading.probe("nowhere://host/a.mp4")
    assert str(error.value).startswith("Cannot read video 'nowhere://host/a.mp4': it cannot be fetched (Nothing here "
                                       "reads nowhere:// addresses (")
    assert "Install the extra: pip install 'res3d[remote]', or 'res3d[io]'); check the address" in str(error.value)


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


def test_a_bucket_is_asked_folder_by_folder(memory, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "list_folder", lambda path, ask=files.list_folder: asked.append(path) or ask(path))
    assert len(read_manifest(memory)) == 16
    assert len(asked) == len(set(asked)) + 1 == 1 + 1 + 2 + 16  # are_records asks for itself; then each folder once


def test_what_is_at_a_path(memory, afar):
    with folders.remembered():
        assert [folders.kind(f"{memory}/{name}") for name in ("train", "val/up/0000.avi", "none", "none/a")] == [
            "folder", "file", None, None]
    assert [folders.kind(afar / name) for name in ("train", "val/up/0000.avi", "none")] == ["folder", "file", None]
