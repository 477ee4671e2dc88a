"""Files appear whole or not at all, and what killed writers have left goes away."""

import os
import subprocess
import sys
import time

import pytest

from res3d import atomic


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    return path


def dead_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def aside_of(path, process, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: process)
        return type(path)(atomic.aside_name(path))


def test_text_and_bytes_replace_the_former_file(old):
    atomic.write_aside(old, "täxt \udcff")
    assert old.read_bytes() == b"t\xc3\xa4xt \xff"
    atomic.write_aside(old, b"bytes")
    assert old.read_bytes() == b"bytes"
    with atomic.writing(old, "w", encoding="latin-1", newline="\r\n") as file:
        file.write("ä\n")
    assert old.read_bytes() == b"\xe4\r\n"
    assert names(old.parent) == ["a.txt"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(old):
    with atomic.writing(old, "w") as file:
        file.write("new")
        file.flush()
        assert old.read_text() == "old"
        assert names(old.parent) == ["a.txt", os.path.basename(atomic.aside_name(old))]
    assert old.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_alone(old, error):
    def fail():
        with atomic.writing(old, "w") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert old.read_text() == "old"
    assert names(old.parent) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file_alone(old):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs a device that is always full")
    os.symlink("/dev/full", atomic.aside_name(old))
    with pytest.raises(OSError, match="No space left"):
        atomic.write_aside(old, "new")
    assert old.read_text() == "old"
    assert names(old.parent) == ["a.txt"]


def test_synced_before_it_is_renamed(old, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append((os.fstat(number).st_size, old.read_text())))
    with atomic.writing(old, sync=True) as file:
        file.write(b"synced")
    assert seen == [(6, "old")]
    atomic.write_aside(old, "not synced")
    assert len(seen) == 1


def test_a_writer_that_opens_files_itself_is_given_a_name_with_its_suffix(old):
    with atomic.renamed(old, ".keras") as aside:
        assert aside.startswith(f"{old}.")
        assert aside.endswith(".part.keras")
        with open(aside, "w") as file:
            file.write("new")
    assert old.read_text() == "new"
    with pytest.raises(FileNotFoundError), atomic.renamed(old):
        pass
    assert old.read_text() == "new"


def test_processes_that_write_one_file_do_not_meet(old, monkeypatch):
    mine = atomic.aside_name(old)
    assert aside_of(old, 4, monkeypatch) != aside_of(old, 5, monkeypatch)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("", "other", "", "", "")))
    assert atomic.aside_name(old) != mine


def test_what_killed_processes_left_goes_and_what_others_write_stays(old, monkeypatch):
    left = [aside_of(old, dead_process(), monkeypatch), old.with_name("a.txt.part"),
            old.with_name("a.txt.123.part")]  # the last two as former versions named them
    long_ago = time.time() - 2 * atomic.STALE_SECONDS
    for path in left:
        path.write_text("half")
    os.utime(left[2], (long_ago, long_ago))
    kept = [aside_of(old, os.getppid(), monkeypatch), old.with_name("a.txt.124.part"),  # of another machine, fresh
            old.with_name("a.txt.party"), old.with_name("a.txt.b.part"), aside_of(old.with_name("b"), 7, monkeypatch)]
    for path in kept:
        path.write_text("somebody's")
    atomic.write_aside(old, "new")
    assert names(old.parent) == sorted([old.name, *(path.name for path in kept)])
