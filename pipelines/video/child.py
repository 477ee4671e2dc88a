"""A child process that may crash or hang at its own cost, ours because a pool of processes breaks when one does.

It is told a line and answers with lines, both JSON.

    child = Child(module("pipelines.doctor"))
    child.send("a.mp4")
    answer, late = child.receive(timeout=120.0)      # None, if the child died or had to be ended
    code = child.end()

The limit of time is one without progress: `null` is a sign of life, after which it begins anew.
"""

import contextlib
import functools
import json
import os
import queue
import sys
import threading
import time

POLL_SECONDS = 0.5  # between two looks at whether all is over
SIGN_SECONDS = 1.0  # between two signs of life


class _Alive:
    """What long work calls as it goes on, in any process; a child says so, so that its time does not run out.

    Attributes:
        say: None, or a function without arguments that is called once a second at most.
    """

    def __init__(self):
        self.say, self.said_at = None, 0.0

    def __call__(self):
        if self.say is not None and time.monotonic() - self.said_at >= SIGN_SECONDS:
            self.said_at = time.monotonic()
            self.say()


alive = _Alive()


def answers():
    """(function that says a JSON-ready value to the parent) of a child, which from here on gives signs of life, too."""
    file, lock = os.fdopen(os.dup(1), "w"), threading.Lock()
    os.dup2(2, 1)  # a decoder that prints must not garble the answers

    def say(value):
        with lock:
            file.write(json.dumps(value) + "\n")
            file.flush()

    alive.say = functools.partial(say, None)
    return say


def module(name):
    """The command that runs a module of this process's path, whatever the working folder has of that name."""
    return [sys.executable, "-P", "-m", name]


class Child:
    """One child process, started when first sent something and again after it ended.

    Args:
        command: list of str.
        own_session: bool. Whether Ctrl-C in the terminal passes it by.
        **environ: what is added to its environment; it finds modules where this process does.
    """

    def __init__(self, command, own_session=False, **environ):
        self.command, self.own_session, self.environ = command, own_session, environ
        self.process, self._lines = None, None

    def send(self, value):
        """Hands a JSON-ready value over; whether the child is still there is seen when it is to answer."""
        if self.process is None:
            import subprocess  # `alive` is imported by all who decode, of whom few have children

            paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=os.environ | {"PYTHONPATH": paths} | self.environ, start_new_session=self.own_session)
            self._lines = queue.SimpleQueue()
            threading.Thread(target=_listen, args=(self.process.stdout, self._lines), daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(value) + "\n")
            self.process.stdin.flush()

    def receive(self, timeout, stop=None):
        """(the next value that the child says, False), or (None, whether it was too late) if it says no more.

        Args:
            timeout: float. Seconds without a word or a sign of life after which it is killed.
            stop: `threading.Event` or None. Once set, it is killed as well, and not called late.
        """
        deadline = time.monotonic() + timeout
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=max(0.0, min(POLL_SECONDS, deadline - time.monotonic())))
                value = json.loads(line) if line.endswith("\n") else None
                if value is not None or not line.endswith("\n"):
                    return value, False
                deadline = time.monotonic() + timeout
            over = stop is not None and stop.is_set()
            if over or time.monotonic() >= deadline:
                self.process.kill()
                return None, not over

    def end(self, kill=False):
        """Ends the process, which finishes what it is at unless it is to be killed; returns its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if kill:
            process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        return process.wait()


def _listen(stdout, lines):
    """Puts each line into a queue as it comes, and an empty one at the end."""
    with stdout:
        for line in stdout:
            lines.put(line)
    lines.put("")
