"""A child process: it answers line by line, dies and hangs at its own cost, and comes back when it is asked again."""

import sys
import threading

from pipelines.video.child import Child

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
    child = Child([sys.executable, "-c", SCRIPT], COLOUR="red")
    child.send(["a", "ü\n"])
    assert [child.receive(60.0) for _ in range(2)] == [(["a", "red"], False), (["ü\n", "red"], False)]
    for said, code in (("dies", 3), ("half", 4)):
        child.send(said)
        assert child.receive(60.0) == (None, False)
        assert child.end() == code
        child.send([1])
        assert child.receive(60.0) == ([1, "red"], False)
    assert (child.end(), child.end()) == (0, 0)


def test_a_child_that_hangs_is_killed():
    child = Child([sys.executable, "-c", SCRIPT])
    child.send("hangs")
    assert child.receive(0.1) == (None, True)
    assert child.end() == -9


def test_a_child_is_stopped():
    child, stop = Child([sys.executable, "-c", SCRIPT], own_session=True), threading.Event()
    child.send("hangs")
    threading.Timer(0.1, stop.set).start()
    assert child.receive(60.0, stop) == (None, False)
    assert child.end() == -9
    child.send([2])
    assert child.receive(60.0) == ([2, None], False)
    assert child.end(kill=True) == -9
