"""A child process: it answers line by line, dies and hangs at its own cost, and comes back when it is asked again."""

import sys
import threading

import pytest

from pipelines.video import child
from pipelines.video.child import Child
from pipelines.video.reading import probe

SCRIPT = """
import json, os, sys, time
for line in sys.stdin:
    said = json.loads(line)
    if said == "dies": os._exit(3)
    if said == "half": print("[1, ", end="", flush=True); os._exit(4)
    if said == "hangs": time.sleep(60)
    for value in said: print(json.dumps([value, os.environ.get("COLOUR")]), flush=True)
"""


def test_values_come_one_by_one_and_a_dead_child_comes_back():
    process = Child([sys.executable, "-c", SCRIPT], COLOUR="red")
    process.send(["a", "ü\n"])
    assert [process.receive(60.0) for _ in range(2)] == [(["a", "red"], False), (["ü\n", "red"], False)]
    for said, code in (("dies", 3), ("half", 4)):
        process.send(said)
        assert process.receive(60.0) == (None, False)
        assert process.end() == code
        process.send([1])
        assert process.receive(60.0) == ([1, "red"], False)
    assert (process.end(), process.end()) == (0, 0)


def test_a_child_that_hangs_is_killed():
    process = Child([sys.executable, "-c", SCRIPT])
    process.send("hangs")
    assert process.receive(0.1) == (None, True)
    assert process.end() == -9


def test_a_child_is_stopped():
    process, stop = Child([sys.executable, "-c", SCRIPT], own_session=True), threading.Event()
    process.send("hangs")
    threading.Timer(0.1, stop.set).start()
    assert process.receive(60.0, stop) == (None, False)
    assert process.end() == -9
    process.send([2])
    assert process.receive(60.0) == ([2, None], False)
    assert process.end(kill=True) == -9


LIVELY = """
import sys, time
from pipelines.video.child import SIGN_SECONDS, alive, answers
say = answers()
for line in sys.stdin:
    print("a decoder that prints")
    for _ in range(30):
        time.sleep(SIGN_SECONDS / 10)
        alive()
    say(line.strip())
"""


@pytest.mark.slow
def test_a_child_that_gives_signs_of_life_may_take_as_long_as_it_likes():
    process = Child([sys.executable, "-c", LIVELY])
    for said in (1, 2):
        process.send(said)
        assert process.receive(60.0 if said == 1 else 2.5) == (str(said), False)  # three seconds each; imports first
    assert process.end() == 0


def test_signs_of_life_are_no_answers():
    process = Child([sys.executable, "-c", "print('null\\nnull\\n7\\nnull', flush=True)"])
    process.send(0)
    assert [process.receive(60.0) for _ in range(2)] == [(7, False), (None, False)]
    process.end()


def test_decoding_tells_that_it_goes_on(made, monkeypatch):
    said = []
    monkeypatch.setattr(child, "SIGN_SECONDS", 0.0)
    monkeypatch.setattr(child.alive, "say", lambda: said.append(1))
    info = probe(next(made.rglob("*.avi")))
    assert len(said) >= info.num_frames
