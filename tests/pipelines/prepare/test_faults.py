"""What goes wrong around preparing: interrupted replacements, leftovers, damage that --verify must name, secrets."""

import os
import pathlib
import shutil
import sys

import pytest

from pipelines.manifest import read_manifest
from pipelines.prepare import pool, verify
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.plan import writing
from pipelines.prepare.run import prepare
from pipelines.prepare.shard import _aside, tempfile
from pipelines.storage import files
from res3d.geometry import ClipSpec
from tests.pipelines.in_process import KilledError, here, one_shard

CLIP = ClipSpec(frames=8, height=56, width=56)
OPTIONS, OTHERS = PrepareOptions(CLIP, shard_clips=4), PrepareOptions(CLIP, shard_clips=3, quality=50)


@pytest.fixture(scope="module")
def videos(made):
    return made


@pytest.fixture(scope="module")
def first(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("first") / "records"
    prepare(videos, out, OPTIONS, runner=here)
    return out


@pytest.fixture(scope="module")
def second(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("second") / "records"
    prepare(videos, out, OTHERS, runner=here)
    return out


@pytest.fixture
def copy(first, tmp_path):
    return pathlib.Path(shutil.copytree(first, tmp_path / "records"))


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*"))
            if path.is_file()}


@pytest.mark.slow
def test_an_interrupted_overwrite_goes_on(videos, copy, second):
    with pytest.raises(KilledError):
        prepare(videos, copy, OTHERS, overwrite=True, runner=one_shard)
    left = []

    def rest(plan, numbers):
        left.extend(numbers)
        here(plan, numbers)

    prepare(videos, copy, OTHERS, overwrite=True, runner=rest)
    assert len(left) == len(shards(second)) - 1
    assert tree(copy) == tree(second)


@pytest.mark.parametrize("after", [4, *(pytest.param(after, marks=pytest.mark.slow) for after in (1, 6, 9))])
def test_killed_while_it_takes_away_what_was_there(after, videos, copy, second, monkeypatch):
    removed = []

    def remove(path):
        if len(removed) == after:
            raise KilledError
        removed.append(path)
        os.remove(path)

    monkeypatch.setattr(files, "remove", remove)
    with pytest.raises(KilledError):
        prepare(videos, copy, OTHERS, overwrite=True, runner=here)
    monkeypatch.undo()
    prepare(videos, copy, OTHERS, overwrite=True, runner=here)
    assert tree(copy) == tree(second)


def test_overwriting_keeps_the_lock(videos, copy):
    def another(plan, numbers):
        prepare(videos, copy, OTHERS, overwrite=True, runner=here)

    with pytest.raises(BlockingIOError, match="Another `res3d prepare` is at work there"):
        prepare(videos, copy, OTHERS, overwrite=True, runner=another)


def test_a_finished_folder_is_prepared_afresh_when_asked(videos, copy, first):
    shard = next(copy.glob("*.tfrecord"))
    shard.write_bytes(b"")
    prepare(videos, copy, OPTIONS, overwrite=True, runner=here)
    assert tree(copy) == tree(first)


def test_what_is_not_ours_stays(videos, copy, second):
    (copy / "thesis.tfrecord").write_bytes(b"mine")
    (copy / "summary.json").write_text("{}")
    with pytest.raises(ValueError, match="Received another file"):
        prepare(videos, copy, OTHERS, runner=here)
    prepare(videos, copy, OTHERS, overwrite=True, runner=here)
    assert tree(copy) == tree(second) | {"thesis.tfrecord": b"mine"}


def test_halves_of_files_are_taken_away(videos, tmp_path, first):
    def leaves(plan, numbers):
        (tmp_path / "out" / "manifest.csv.123.part").write_bytes(b"path,lab")
        raise KilledError

    with pytest.raises(KilledError):
        prepare(videos, tmp_path / "out", OPTIONS, runner=leaves)
    prepare(videos, tmp_path / "out", OPTIONS, runner=here)
    assert tree(tmp_path / "out") == tree(first)


def test_records_beside_their_videos_are_refused(videos):
    with pytest.raises(ValueError, match=r"Expected a folder for the records apart from the data\. Received '.*' for "
                                         r"both\. Name another\."):
        prepare(videos, videos, OPTIONS, overwrite=True)


def test_a_full_disk_says_where_and_what_to_do(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as error:
        files.write_bytes(tmp_path / "plan.json", b"{}")
    assert error.value.filename == str(tmp_path / "plan.json")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="No space left") as error, writing(str(tmp_path)):
        files.write_bytes(tmp_path / "plan.json", b"{}")
    assert str(error.value) == (
        f"Expected to write '{tmp_path}/plan.json'. The system says: No space left on device. Put that right and run "
        "the same command again: it goes on where it stopped.")


def test_nothing_stays_in_the_temporary_folder(videos, first, tmp_path, monkeypatch):
    system = pytest.importorskip("fsspec").filesystem("memory")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    out = "memory://swept/records"
    try:
        with pytest.raises(KilledError):
            prepare(videos, out, OPTIONS, runner=one_shard)
        assert list(tmp_path.iterdir()) == []

        def killed(plan, numbers):
            aside = pathlib.Path(_aside(plan, plan.shards[0]))
            aside.write_bytes(b"half")
            assert aside.parent.parent == tmp_path
            raise KilledError

        with pytest.raises(KilledError):
            prepare(videos, out, OPTIONS, runner=killed)
        assert list(tmp_path.iterdir()) == []
        prepare(videos, out, OPTIONS, runner=here)
        there = [name for name in files.list_folder(out) if not name.endswith("/")]
        assert {name: files.read_bytes(f"{out}/{name}") for name in there} == tree(first)
    finally:
        system.rm("/swept", recursive=True)


def shards(folder):
    return sorted(folder.glob("*.tfrecord"))


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_verify_names_a_missing_shard_and_one_too_many(copy):
    one, other = shards(copy)[:2]
    os.rename(one, copy / "train-00000-of-00009.tfrecord")
    other.write_bytes(other.read_bytes() + b"\0")
    problems = "\n".join(verify.verify(copy))
    assert f"'{one}' cannot be read: " in problems
    assert f"'{other}' has {other.stat().st_size} bytes, the summary {other.stat().st_size - 1}" in problems
    assert f"the folder has '{copy}/train-00000-of-00009.tfrecord', the summary does not" in problems


def test_verify_names_wrong_counts(copy):
    rewrite(copy / "manifest.csv", ",val,", ",test,")
    frames = sum(entry.frames for entry in read_manifest(copy))
    rewrite(copy / "summary.json", f'"frames": {frames},\n "bytes"', '"frames": 7,\n "bytes"')
    problems = "\n".join(verify.verify(copy))
    assert "the summary has 8 clips of split 'val', the manifest 7" in problems
    assert "the summary has 0 clips of split 'test', the manifest 1" in problems
    assert f"the summary has 7 frames, the manifest {frames}" in problems


@pytest.mark.parametrize(("old", "new", "why"), [
    (",left,", ",lfet,", "the label 'lfet' is not in 'labels.txt'"),
    (",56,", ",wide,", "invalid literal for int")])
def test_a_manifest_that_was_changed(old, new, why, copy):
    text = (copy / "manifest.csv").read_text()
    old = old if old in text else f",{text.splitlines()[1].split(',')[-1]}\n"
    rewrite(copy / "manifest.csv", old, new if new != ",wide," else ",wide\n")
    with pytest.raises(ValueError, match=rf"as it was prepared\. Record \d+ of it is of another kind: {why}.*Copy the "
                                         r"folder again\."):
        read_manifest(copy)


def test_names_of_labels_may_hold_any_separator(videos, tmp_path):
    path = next(videos.rglob("*.avi"))
    (tmp_path / "list.csv").write_text(f"path,label\n{path},a\u2028b\n{path},c\x0cd\n")
    prepare(tmp_path / "list.csv", tmp_path / "out", OPTIONS, runner=here)
    assert read_manifest(tmp_path / "out").labels == ["a\u2028b", "c\x0cd"]
    assert verify.verify(tmp_path / "out") == []


@pytest.mark.parametrize(("how", "timeout", "said"), [
    pytest.param("__import__('time').sleep(60)", 6.0, "did not end within 6 seconds. Run the same command again, with "
                 "a longer --timeout: it goes on where it stopped.", marks=pytest.mark.slow),
    ("os._exit(3)", 60.0, "ended its process (exit code 3). Run the same command again: it goes on where it stopped.")])
def test_a_shard_that_cannot_be_stored_costs_no_clip(how, timeout, said, videos, tmp_path, monkeypatch):
    script = f"""
import os
from pipelines.prepare import shard
from pipelines.storage import files
def upload(*paths):
    {how}
files.upload = upload
shard._serve()
"""
    monkeypatch.setattr(pool, "_COMMAND", [sys.executable, "-c", script])
    with pytest.raises(OSError, match="Expected a shard that was written") as error:
        prepare(videos, tmp_path / "out", OPTIONS, split="val", workers=1, timeout=timeout)
    assert said in str(error.value)
    assert prepare(videos, tmp_path / "out", OPTIONS, split="val", runner=here)["failures"] == 0


def test_a_defect_shows_no_secret(videos, tmp_path, monkeypatch):
    script = """
from pipelines.prepare import clip, shard
def crash(*arguments):
    raise RuntimeError("no answer from https://key:se%same@host/a.mp4?X-Amz-Signature=sesame#x, or so")
clip.clip_records = crash
shard._serve()
"""
    monkeypatch.setattr(pool, "_COMMAND", [sys.executable, "-c", script])
    with pytest.raises(RuntimeError, match=r"no answer from https://host/a\.mp4") as error:
        prepare(videos, tmp_path / "out", OPTIONS, workers=1)
    assert "same" not in str(error.value).partition("no answer")[2]
