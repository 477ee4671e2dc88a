"""The access log against full disks, closed pipes and pipes that nobody reads: nobody waits, every loss is counted."""

import json
import os
import time

import pytest
from absl import logging

from serving.server.access_log import AccessLog
from serving.server.line_writer import LineWriter


def say(log, request="GET /healthz", times=1):
    start = time.monotonic()
    for _ in range(times):
        log.write("REST", "127.0.0.1", request, "m", 200, 0.001)
    assert time.monotonic() - start < 5


@pytest.fixture
def said(monkeypatch):
    """What is logged as errors and warnings."""
    lines = []
    for name in ("error", "warning"):
        monkeypatch.setattr(logging, name, lambda text, *values: lines.append(text % values))
    return lines


def test_every_line_is_there_at_the_end(tmp_path, said):
    path = tmp_path / "log"
    path.write_text("before\n")
    log = AccessLog(str(path))
    say(log, times=2000)
    log.close()
    lines = path.read_text().splitlines()
    assert (len(lines), lines[0], json.loads(lines[-1])["status"], said) == (2001, "before", 200, [])


def test_a_full_disk_is_said_once_and_every_lost_line_counted(said):
    drops = []
    log = AccessLog("/dev/full", lambda: drops.append(1))
    say(log, times=300)
    log.close()
    assert len(drops) == 300
    assert said == ["The access log /dev/full cannot be written: No space left on device. Requests are answered "
                    "all the same; lines are dropped and counted while this lasts",
                    "The access log /dev/full lacks 300 lines, which could not be written"]


@pytest.mark.slow
def test_a_pipe_that_nobody_reads_holds_up_nobody(tmp_path, said):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    log = AccessLog(str(path))  # nor is a reader waited for
    say(log, "GET /" + "x" * 8000, times=3000)  # 24 MB
    start = time.monotonic()
    log.close()
    assert time.monotonic() - start < 4
    assert said[0].startswith(f"The access log {path} cannot be written: nobody takes the lines that wait.")
    assert len(said) == 2
    lost = int(said[1].split(" lacks ")[1].split()[0])
    assert 1800 < lost <= 3000


def test_a_reader_that_comes_late_reads_whole_lines(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    log = AccessLog(str(path))
    say(log, times=5)
    with open(path, encoding="utf-8") as reader:
        assert [json.loads(reader.readline())["via"] for _ in range(5)] == ["REST"] * 5
    log.close()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_closed_pipe(blocking):
    reading, writing = os.pipe()
    os.set_blocking(writing, blocking)
    os.close(reading)
    reasons = []
    writer = LineWriter(writing, reasons.append)
    for _ in range(10):
        writer.write(b"line\n")
    assert writer.close() == 10
    assert reasons == ["Broken pipe"] * 10


def test_a_full_pipe_that_does_not_block_is_tried_again():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    writer = LineWriter(writing, pytest.fail)
    lines = [b"%06d" % i + b"x" * 1000 + b"\n" for i in range(200)]  # three pipes full
    for line in lines:
        writer.write(line)
    with os.fdopen(reading, "rb") as reader:
        assert [reader.readline() for _ in lines] == lines
    assert writer.close() == 0


def test_half_a_line_does_not_spoil_the_next(monkeypatch, tmp_path):
    path, write, failing = tmp_path / "log", os.write, [True]

    def half(descriptor, content):
        if bytes(content).startswith(b"one"):
            return write(descriptor, content[:2])
        if bytes(content).startswith(b"e") and failing.pop():
            raise OSError(28, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", half)
    writer = LineWriter(os.open(path, os.O_WRONLY | os.O_CREAT), lambda reason: None)
    for line in (b"zero\n", b"one\n", b"two\n", b"three\n"):
        writer.write(line)
    assert writer.close() == 1
    assert path.read_bytes() == b"zero\non\ntwo\nthree\n"


def test_long_requests_are_cut(tmp_path):
    log = AccessLog(str(tmp_path / "log"))
    say(log, "GET /" + "x" * 1_000_000)
    log.close()
    assert (tmp_path / "log").stat().st_size < 9000
    assert json.loads((tmp_path / "log").read_text())["request"].endswith("x...")


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        AccessLog(str(tmp_path / "nowhere/log"))
