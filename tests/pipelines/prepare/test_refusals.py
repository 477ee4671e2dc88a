"""What `res3d prepare` refuses before it does harm, and what it must not take for the fault of a video."""

import pathlib
import shutil
import sys
import types

import pytest

from pipelines.commands import prepare as command
from pipelines.manifest import read_manifest
from pipelines.prepare import beam, pool, verify
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from res3d.geometry import ClipSpec
from res3d.terminal import progress
from tests.pipelines.in_process import KilledError, here, one_shard

OPTIONS = PrepareOptions(ClipSpec(frames=8, height=56, width=56), shard_clips=4)


@pytest.fixture
def videos(made, tmp_path):
    return pathlib.Path(shutil.copytree(made, tmp_path / "videos"))


def test_an_output_that_would_count_as_a_class(videos, tmp_path):
    (tmp_path / "link").symlink_to(videos)
    for out in (videos / "train" / "records", videos / "train" / "left" / "r", tmp_path / "link" / "train" / "records"):
        with pytest.raises(ValueError, match=r"Expected a folder for the records apart from the classes in '.*train'\. "
                                             r"Received '.*', which would count as a class without videos\. Name one "):
            prepare(videos, out, OPTIONS, runner=here)
        assert not out.exists()
    with pytest.raises(ValueError, match=r"apart from the data\. Received '.*link' for both"):
        prepare(videos, tmp_path / "link", OPTIONS, runner=here)


def test_an_output_beside_the_splits_goes_on(videos):
    with pytest.raises(KilledError):
        prepare(videos, videos / "records", OPTIONS, runner=one_shard)
    assert prepare(videos, videos / "records", OPTIONS, runner=here)["clips"] == 16
    assert verify.verify(videos / "records") == []


def test_a_column_of_splits_however_its_list_is_written(videos, tmp_path):
    paths = sorted(str(path.relative_to(videos)) for path in (videos / "val").rglob("*.avi"))[:4]
    lines = [f"{path},a,{fold}" for path, fold in zip([*paths[:3], "gone.avi"], "xyxy")]
    (tmp_path / "list.csv").write_text("\n".join(["Path, Label ,Fold", *lines]) + "\n")
    summary = prepare(tmp_path / "list.csv", tmp_path / "out", OPTIONS, split_by="Fold", split="x", videos=videos,
                      runner=here)
    assert {name: split["clips"] for name, split in summary["splits"].items()} == {"x": 2}
    assert summary["failures"] == 0  # what is missing is of the other split
    with pytest.raises(ValueError, match=r"`split_by` names a column of a CSV manifest\. Received: split_by='fold' for "
                                         r"'.*videos', of format 'folders'\. Leave it out"):
        prepare(videos, tmp_path / "out2", OPTIONS, split_by="fold")


@pytest.mark.parametrize(("wrong", "said"), [
    ({"workers": 0}, "`workers` must be a whole number from 1 on"), ({"timeout": 0.0}, "`timeout` must be a number of"),
    ({"timeout": float("nan")}, "`timeout` must be a number of seconds above 0. Received: timeout=nan")])
def test_wrong_numbers(wrong, said, videos, tmp_path):
    with pytest.raises(ValueError, match=said):
        prepare(videos, tmp_path / "out", OPTIONS, **wrong)


def test_a_finished_folder_that_has_lost_a_shard(videos, tmp_path):
    prepare(videos, tmp_path / "out", OPTIONS, runner=here)
    (tmp_path / "out" / "train-00001-of-00002.tfrecord").unlink()
    with pytest.raises(ValueError, match=r"Expected the 4 shards that were prepared in '.*out'\. 1 are not there, the "
                                         r"first train-00001-of-00002\.tfrecord\. Copy them back, or pass --overwrite"):
        prepare(videos, tmp_path / "out", OPTIONS, runner=here)


def test_verify_looks_at_the_files_beside_the_shards(videos, tmp_path):
    out = tmp_path / "out"
    prepare(videos, out, OPTIONS, split="val", runner=here)
    clip = (out / "clip.json").read_text()
    (out / "clip.json").write_text(clip.replace("56", "65", 1))
    (out / "quarantine.csv").write_text("path,reason\na.mp4,it is empty\n")
    problems = verify.verify(out)
    assert len(problems) == 2
    assert "clip.json' has {" in problems[0]
    assert problems[1].endswith("quarantine.csv' has 1, the summary 0")
    (out / "clip.json").write_text(clip[:20])
    (out / "quarantine.csv").unlink()
    assert [problem.split("' ")[1][:15] for problem in verify.verify(out)] == ["cannot be read:"] * 2


def test_verify_of_another_folder(videos, tmp_path):
    with pytest.raises(ValueError, match=r"Expected a folder that `res3d prepare` wrote\. Received '.*videos', which "
                                         r"has no 'summary\.json'\. Pass the folder of the records\."):
        verify.verify(videos)
    with pytest.raises(KilledError):
        prepare(videos, tmp_path / "out", OPTIONS, runner=one_shard)
    with pytest.raises(ValueError, match=r"The preparation of '.*out' is not finished\. Run the same"):
        verify.verify(tmp_path / "out")


def test_verify_and_prepare_at_once(tmp_path, capsys):
    from res3d.commands.main import main

    assert main(["prepare", "videos", str(tmp_path), "--verify"]) == 1
    assert "`--verify` takes one prepared folder. Received: 'videos' and" in capsys.readouterr().err


def test_a_video_that_vanishes_is_not_left_out(videos, tmp_path):
    gone = videos / "val" / "left" / "0000.avi"
    data = gone.read_bytes()

    def takes_away(plan, numbers):
        gone.unlink()
        here(plan, numbers)

    with pytest.raises(FileNotFoundError, match=r"Expected '.*left/0000\.avi', which was there when the work began\. "
                                                r"It has gone\. Bring it back, or put an empty file in its place"):
        prepare(videos, tmp_path / "out", OPTIONS, split="val", runner=takes_away)
    gone.write_bytes(data)
    assert prepare(videos, tmp_path / "out", OPTIONS, split="val", runner=here)["failures"] == 0


KILLED = """
import os
from pipelines.prepare import clip, shard
real = clip.clip_records
def killed(entry, *rest):
    if entry.path.endswith("left/0000.avi"):
        os.kill(os.getpid(), 9)
    return real(entry, *rest)
clip.clip_records = killed
shard._serve()
"""


@pytest.mark.slow
def test_a_system_out_of_memory_costs_no_clip(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "_COMMAND", [sys.executable, "-c", KILLED])
    with pytest.raises(OSError, match=r"2 were killed while they read 'val/left/0000\.avi', as a system does that runs "
                                      r"out of memory\. Run the same command again with fewer --workers, or without"):
        prepare(videos, tmp_path / "out", OPTIONS, split="val", workers=1)
    assert prepare(videos, tmp_path / "out", OPTIONS, split="val", runner=here)["failures"] == 0


def test_names_with_line_ends_and_data_without_labels(videos, tmp_path):
    (videos / "val" / "left" / "0000.avi").rename(videos / "val" / "left" / "a\rb\nc.avi")
    (videos / "val" / "right" / "Icon\r").write_bytes(b"")
    prepare(videos, tmp_path / "out", OPTIONS, split="val", runner=here)
    assert "val/left/a\rb\nc.avi" in [entry.path for entry in read_manifest(tmp_path / "out")]
    assert verify.verify(tmp_path / "out") == []
    (tmp_path / "list.csv").write_text(f"path,label\n{next((videos / 'train').rglob('*.avi'))},\n")
    prepare(tmp_path / "list.csv", tmp_path / "bare", OPTIONS, runner=here)
    assert read_manifest(tmp_path / "bare").labels == []
    assert verify.verify(tmp_path / "bare") == []


def test_a_bucket_may_have_any_names(videos, tmp_path):
    system = pytest.importorskip("fsspec").filesystem("memory")
    names = ["50%25.avi", "clip #1.avi", "clip #2.avi", "really? 1.avi", "really? 2.avi"]
    for name, path in zip(names, sorted((videos / "val").rglob("*.avi"))):
        system.put_file(str(path), f"/named/left/{name}")
    try:
        prepare("memory://named", tmp_path / "out", OPTIONS, runner=here)
    finally:
        system.rm("/named", recursive=True)
    assert [entry.path for entry in read_manifest(tmp_path / "out")] == [f"left/{name}" for name in names]


def test_progress_counts_what_a_runner_has_written(videos, tmp_path):
    told = []
    prepare(videos, tmp_path / "out", OPTIONS, runner=here,
            progress=lambda total: told.append(-total) or (lambda clips, size, failures: told.append(clips)))
    assert told[0] == -16
    assert sum(told) == 0


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_tells_bytes_and_failures_on_a_terminal_alone(monkeypatch, terminal):
    written = []
    monkeypatch.setattr(progress, "SOON", 0)
    monkeypatch.setattr(progress.sys, "stderr", types.SimpleNamespace(
        write=written.append, flush=lambda: None, isatty=lambda: terminal, encoding="utf-8"))
    with command._bar("preparing") as begin:
        count = begin(200)
        for place in range(200):
            count(1, 1000, place % 100 == 0)
    assert ("200.0 kB, 2 failed" in "".join(written)) == terminal
    assert bool(written) == terminal


def test_flags_that_beam_would_pass_over():
    pytest.importorskip("apache_beam")
    for runner, flag, said in (("DirectRunner", "--nowhere=1", "--nowhere"),
                               ("FlinkRunner", "--flink_mastre=a", "--flink_mastre, which is near to --flink_master")):
        with pytest.raises(ValueError, match="Expected flags that Beam's runner") as error:
            beam.write_shards(None, [], runner, [flag])
        assert str(error.value).endswith(f"'{runner}' knows. Received: {said}. Correct it, or leave it out.")
    beam.write_shards(None, [], "FlinkRunner", ["--objectReuse=true"])  # its job server knows that
