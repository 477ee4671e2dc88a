"""What probing found is remembered while the file is the same, failures too; a quarantine says each path once."""

import logging
import os

import numpy as np
import pytest

from pipelines.dataset import quarantine
from pipelines.dataset.quarantine import Quarantine
from pipelines.video.info import VideoError
from pipelines.video.probe_cache import Probes
from pipelines.video.writer import write_video


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "a.avi"
    write_video(path, np.zeros((5, 16, 16, 3), np.uint8))
    return str(path)


def test_a_file_is_probed_once(video, monkeypatch):
    probes = Probes()
    assert probes.info(video).num_frames == 5
    monkeypatch.setattr("pipelines.video.probe_cache.probe", None)
    assert probes.info(video).num_frames == 5


def test_failures_are_remembered(tmp_path, monkeypatch):
    path = str(tmp_path / "bad.avi")
    probes = Probes()
    for _ in range(2):
        with pytest.raises(VideoError) as raised:
            probes.info(path)
        assert raised.value.path == path
        monkeypatch.setattr("pipelines.video.probe_cache.probe", None)


def test_the_file_follows_the_videos(video, tmp_path):
    cache = tmp_path / "probes.jsonl"
    bad = tmp_path / "bad.avi"
    bad.write_bytes(b"")
    first = Probes(cache)
    info = first.info(video)
    with pytest.raises(VideoError):
        first.info(str(bad))
    first.save()
    again = Probes(cache)
    assert again.info(video).to_dict() == info.to_dict()
    write_video(bad, np.zeros((3, 16, 16, 3), np.uint8))
    write_video(video, np.zeros((9, 16, 16, 3), np.uint8))
    os.utime(video, ns=(1, 1))
    changed = Probes(cache)
    assert (changed.info(str(bad)).num_frames, changed.info(video).num_frames) == (3, 9)
    assert not list(tmp_path.glob("*.part"))


def test_jumps_are_looked_for_once_when_asked(video, tmp_path, monkeypatch):
    cache = tmp_path / "probes.jsonl"
    looked = []

    def with_jumps(path, info):
        looked.append(path)
        return info

    monkeypatch.setattr("pipelines.video.probe_cache.with_jumps", with_jumps)
    for jumps, times in ((False, 0), (True, 1), (True, 1)):
        probes = Probes(cache, jumps)
        assert probes.info(video).num_frames == 5
        probes.save()
        assert looked == [video] * times


def test_a_spoilt_file_is_named(tmp_path):
    cache = tmp_path / "probes.jsonl"
    cache.write_text('{"path": "a"}\n')
    with pytest.raises(ValueError, match=r"Expected one probed video a line in '.*'\. Line 1 is not: "):
        Probes(cache)


def test_quarantine_says_and_writes_each_path_once(tmp_path, caplog):
    table = tmp_path / "quarantine.csv"
    found = Quarantine(table)
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert found.add("b, c.avi", "no frame decodes")
        assert not found.add("b, c.avi", "another reason")
        assert found.add("a\u00e9.avi", "the file is empty")
    assert [record.getMessage() for record in caplog.records] == [
        "quarantined 'b, c.avi': no frame decodes", "quarantined 'a\u00e9.avi': the file is empty"]
    assert not table.exists()
    found.save()
    rows = [("a\u00e9.avi", "the file is empty"), ("b, c.avi", "no frame decodes")]
    assert quarantine.load(table) == list(found) == rows
    stamp = table.stat().st_mtime_ns
    found.save()
    assert table.stat().st_mtime_ns == stamp
    assert ("b, c.avi" in found, "d.avi" in found, len(found), found[1][0]) == (True, False, 2, "b, c.avi")
    assert found.reason("b, c.avi") == "no frame decodes"
    table.write_text("nothing\n")
    with pytest.raises(ValueError, match="Expected a CSV with the columns path,reason in "):
        quarantine.load(table)
