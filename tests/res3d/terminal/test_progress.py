"""Bars on a terminal, nothing elsewhere, and where steps of unequal length stand."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading

import pytest

from res3d.terminal import progress
from res3d.terminal.progress import _Course

LONG = """
import time
from res3d.terminal import progress
progress.SOON, progress.TICK = 0.1, 0.05
with progress.bars("video") as begin:
    counted = begin("probing", 4)
    time.sleep(0.5)     # one long video
    counted.update()
    time.sleep(0.3)
with progress.steps("exporting", {"folding": 1.0, "verifying": 3.0}) as begin:
    begin("folding")
    time.sleep(0.3)
    begin("verifying")
    time.sleep(0.5)
"""


def on_a_terminal(code):
    """What a program writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    shown = []

    def read():
        try:
            while text := os.read(ours, 4096):
                shown.append(text)
        except OSError:  # its other end has been closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        subprocess.run([sys.executable, "-c", code], stderr=theirs, stdout=subprocess.PIPE, timeout=60, check=True)
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    return b"".join(shown).decode()


def test_on_a_terminal_there_is_a_bar_with_the_time_left():
    shown = on_a_terminal(LONG)
    assert re.search(r"probing:.* 0/4 ", shown), "though nothing has been counted yet"
    assert re.search(r"probing:  25%\|.*1/4 \[00:00<00:0\d", shown)
    assert re.search(r"exporting, verifying: +\d+%\|.*\| \[00:00<00:0\d\]", shown)
    assert re.search(r"exporting, verifying: 100%", shown)


def test_what_is_over_soon_shows_no_bar():
    assert on_a_terminal(LONG.replace("0.1, 0.05", "30.0, 0.05")).strip() == ""


def test_in_a_pipe_nothing_is_written():
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_bar_is_closed_by_an_error():
    def broken():
        with progress.steps("exporting", {"folding": 1.0}) as begin:
            begin("folding")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert "progress" not in {thread.name for thread in threading.enumerate()}


def test_steps_keep_the_pace_of_those_before():
    course = _Course({"loading": 5.0, "writing": 2.0, "verifying": 6.0})
    assert course.now(3.0) == 0.0
    assert course.begin("loading", 10.0)
    assert course.begin("verifying", 13.5), "a step is left out"
    assert course.now(13.5) == 7.0
    assert course.now(14.5) == 9.0, "7 expected seconds took 3.5, so this one is twice as fast too"
    assert course.now(1000.0) == 7.0 + 0.95 * 6.0, "it is not over before it says so"
    assert not course.begin("writing", 15.0), "which would go back"
    assert not course.begin("cleaning", 15.0)
