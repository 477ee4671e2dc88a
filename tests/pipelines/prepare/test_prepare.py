"""Preparing never loses or doubles a clip, and gives the same bytes however it is interrupted and whoever does it."""

import itertools
import os
import pathlib
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest

from pipelines.manifest import read_manifest
from pipelines.prepare import verify
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.records import tfrecord
from pipelines.records.record import decode
from res3d.geometry import ClipSpec
from tests.pipelines.prepare.whole import CLIP, OPTIONS, tree


def test_what_is_in_a_prepared_folder(undisturbed, videos):
    assert sorted(tree(undisturbed)) == [
        "clip.json", "labels.txt", "manifest.csv", "quarantine.csv", "summary.json",
        *(f"train-0000{i}-of-00003.tfrecord" for i in range(3)), *(f"val-0000{i}-of-00002.tfrecord" for i in range(2))]
    manifest, source = read_manifest(undisturbed), read_manifest(videos)
    assert manifest.labels == source.labels
    assert manifest.splits == {"train": 16, "val": 8}
    assert [(entry.path, entry.labels, entry.split) for entry in manifest] == [
        (os.path.relpath(entry.path, videos), entry.labels, entry.split) for entry in source
        if "broken" not in entry.path]
    assert (undisturbed / "quarantine.csv").read_text().splitlines()[1].startswith("train/left/broken.avi,")
    assert ClipSpec.load(undisturbed / "clip.json") == CLIP
    assert verify.verify(undisturbed) == []


def test_records_hold_what_the_manifest_says(undisturbed):
    for entry in read_manifest(undisturbed, split="val"):
        with open(entry.shard, "rb") as file:
            record = decode(tfrecord.read_at(file, entry.offset))
        assert (record.filename, record.labels, len(record.frames)) == (entry.path, entry.labels, entry.frames)
        assert np.diff(record.times_us).min() > 0
        assert record.end_us == pytest.approx(record.times_us[-1] + 1e6 / entry.fps, abs=2)


def test_clips_are_shuffled_over_the_shards(undisturbed):
    manifest = read_manifest(undisturbed, split="train")
    first = [entry.label for entry in manifest if "train-00000" in entry.shard]
    assert len(set(first)) > 2


def test_the_number_of_workers_does_not_matter(videos, undisturbed, tmp_path):
    prepare(videos, tmp_path / "one", OPTIONS, workers=1)
    assert tree(tmp_path / "one") == tree(undisturbed)


def test_again_does_nothing(videos, undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    prepare(videos, tmp_path / "out", OPTIONS)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times


@pytest.mark.slow
def test_a_changed_option_is_refused(videos, undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    with pytest.raises(ValueError, match=r"was begun with\. Received quality=50 instead of 90\. Prepare into another "
                                         r"folder, or pass --overwrite\."):
        prepare(videos, tmp_path / "out", PrepareOptions(CLIP, shard_clips=6, quality=50))
    assert tree(tmp_path / "out") == tree(undisturbed)
    with pytest.raises(ValueError, match="another list of videos"):
        prepare(videos, tmp_path / "out", OPTIONS, split="val")
    summary = prepare(videos, tmp_path / "out", PrepareOptions(CLIP, shard_clips=20, quality=50), overwrite=True)
    assert len(list((tmp_path / "out").glob("*.tfrecord"))) == len(summary["shards"]) == 2
    assert verify.verify(tmp_path / "out") == []


def test_options_shape_the_frames(videos, tmp_path):
    options = PrepareOptions(CLIP, short_side=32, fps=10, frames_per_record=5)
    prepare(videos, tmp_path / "out", options, split="val", workers=1)
    manifest = read_manifest(tmp_path / "out")
    assert {min(entry.height, entry.width) for entry in manifest} == {32}
    assert {entry.fps for entry in manifest} == {10.0}
    assert max(entry.frames for entry in manifest) <= 5
    assert len(manifest) > 8  # cut into parts
    for path in {entry.path for entry in manifest}:
        parts = [entry for entry in manifest if entry.path == path]
        assert parts[0].start == 0.0
        assert all(one.end == other.start for one, other in itertools.pairwise(parts))


def test_a_split_by_another_column(videos, tmp_path):
    paths = [path for path in sorted(videos.rglob("*.avi")) if path.name != "broken.avi"][:4]
    lines = [f"{path},{path.parent.name},{fold}" for path, fold in zip(paths, "abab")]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,fold", *lines]) + "\n")
    summary = prepare(tmp_path / "list.csv", tmp_path / "out", OPTIONS, split_by="fold", workers=1)
    assert {name: split["clips"] for name, split in summary["splits"].items()} == {"a": 2, "b": 2}
    with pytest.raises(ValueError, match=r"Expected a column 'nofold' in .*It has path, label, fold"):
        prepare(tmp_path / "list.csv", tmp_path / "out2", OPTIONS, split_by="nofold")


@pytest.mark.parametrize("wrong", [{"quality": 0}, {"short_side": 2}, {"shard_clips": 0}, {"fps": 0},
                                   {"frames_per_record": 0}])
def test_wrong_options(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        PrepareOptions(CLIP, **wrong)


def test_pieces_of_videos_are_none_for_segments():
    with pytest.raises(ValueError, match=r"`frames_per_record` cuts videos into pieces, and a clip of segments .* "
                                         r"Received: frames_per_record=9 with a clip of .* parts\. Leave it out\."):
        PrepareOptions(CLIP.replace(sampling="segments"), frames_per_record=9)


def test_a_folder_with_other_files_is_refused(videos, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match=r"Expected an empty folder\. .* holds thesis\.tex\."):
        prepare(videos, tmp_path, OPTIONS)


def test_an_unwritable_folder(videos, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        prepare(videos, tmp_path / "file" / "out", OPTIONS)


def test_nothing_that_decodes(tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "b.mp4").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"Expected at least one video that decodes\. None of 1 does, the first 'a/b"):
        prepare(tmp_path / "in", tmp_path / "out", OPTIONS)


@pytest.mark.slow
def test_a_full_disk_is_one_clear_error_and_the_job_goes_on_later(videos, undisturbed, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))  # Python turns the signal into an error
    try:
        with pytest.raises(OSError, match="File too large"):
            prepare(videos, tmp_path / "out", OPTIONS, workers=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out" / "summary.json").exists()
    with pytest.raises(ValueError, match=r"is not finished\. Run the same `res3d prepare` again"):
        read_manifest(tmp_path / "out")
    prepare(videos, tmp_path / "out", OPTIONS, workers=2)
    assert tree(tmp_path / "out") == tree(undisturbed)


def test_data_that_vanish(videos, tmp_path):
    shutil.copytree(videos, tmp_path / "in")

    def gone(plan, numbers):
        shutil.rmtree(tmp_path / "in")
        from pipelines.prepare import pool

        pool.write_shards(plan.out, numbers, 1, lambda *counts: None, 60.0)

    with pytest.raises(OSError, match="The folder has gone while they were being prepared"):
        prepare(tmp_path / "in", tmp_path / "out", OPTIONS, runner=gone)


def test_two_at_once_are_refused(videos, tmp_path):
    def second(plan, numbers):
        prepare(videos, tmp_path / "out", OPTIONS)

    with pytest.raises(BlockingIOError, match=r"Another `res3d prepare` is at work there"):
        prepare(videos, tmp_path / "out", OPTIONS, runner=second)


CRASHING = """
import os, sys
from pipelines.prepare import clip
real = clip.clip_records
def crash(entry, *rest):
    if entry.path.endswith({name!r}):
        {how}
    return real(entry, *rest)
clip.clip_records = crash
from pipelines.prepare import shard
shard._serve()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("how", "timeout", "reason"), [
    ("os.kill(os.getpid(), 11)", 60.0, "the decoder crashed (signal 11)"),
    ("__import__('time').sleep(60)", 3.0, "decoding gave nothing for 3 seconds")])
def test_a_crashing_decoder_costs_its_own_video(how, timeout, reason, videos, tmp_path, monkeypatch):
    from pipelines.prepare import pool

    script = CRASHING.format(name=os.path.join("right", "0000.avi"), how=how)
    monkeypatch.setattr(pool, "_COMMAND", [sys.executable, "-c", script])
    summary = prepare(videos, tmp_path / "out", OPTIONS, split="val", workers=2, timeout=timeout)
    assert summary["clips"] == 7
    assert f"right/0000.avi,{reason}" in (tmp_path / "out" / "quarantine.csv").read_text()


def test_verify_names_what_is_wrong(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    entries = sorted(read_manifest(tmp_path / "out", split="val"), key=lambda entry: entry.offset)
    flipped, cut = entries[0], entries[-1]
    data = bytearray(pathlib.Path(flipped.shard).read_bytes())
    data[flipped.offset + 40] ^= 1
    pathlib.Path(flipped.shard).write_bytes(bytes(data))
    other = pathlib.Path(cut.shard)
    if cut.shard != flipped.shard:
        other.write_bytes(other.read_bytes()[:-10])
    labels = tmp_path / "out" / "labels.txt"
    labels.write_text(labels.read_text().replace("left", "links"))
    manifest = tmp_path / "out" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",left,", ",links,"))
    problems = "\n".join(verify.verify(tmp_path / "out"))
    assert f"the record at byte {flipped.offset} of '{flipped.shard}' has a wrong checksum" in problems
    assert "another checksum than the summary" in problems
    assert "has label names ('left',), the manifest ('links',)" in problems


@pytest.mark.slow
def test_beam_writes_the_same_bytes(videos, undisturbed, tmp_path):
    pytest.importorskip("apache_beam")
    result = subprocess.run([sys.executable, "-m", "res3d.commands.main", "prepare", str(videos), str(tmp_path / "out"),
                             "--clip=8x2x56", "--shard_clips=6", "--runner=DirectRunner",
                             "--runner_flags=--direct_num_workers=1"], capture_output=True, text=True, check=False,
                            timeout=250)
    assert result.returncode == 0, result.stderr[-2000:]
    assert tree(tmp_path / "out") == tree(undisturbed)


@pytest.mark.slow
def test_the_command(videos, undisturbed, tmp_path, capsys):
    from res3d.commands.main import main

    assert main(["prepare", str(videos), str(tmp_path / "out"), "--clip=8x2x56", "--shard_clips=6"]) == 0
    assert "train: 16 clips in 3 shards, val: 8 clips in 2 shards" in capsys.readouterr().out
    assert tree(tmp_path / "out") == tree(undisturbed)
    assert main(["prepare", "--verify", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.endswith("no problems\n")
    (tmp_path / "out" / "val-00000-of-00002.tfrecord").write_bytes(b"")
    assert main(["prepare", "--verify", str(tmp_path / "out")]) == 1
    assert main(["prepare", str(videos)]) == 1
    assert "Name a folder for the records." in capsys.readouterr().err
