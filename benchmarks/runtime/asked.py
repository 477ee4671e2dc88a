"""A row in a process of its own, that answers one turn whenever it is asked: so that rows take turns on the machine."""

import json
import os
import subprocess
import sys
import tempfile
import time

CALLS = 3  # in a turn
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def answer_turns(turn):
    """The process's side: a line that it is ready, then the result of `turn()` for each line that arrives."""
    print("READY", flush=True)
    for _ in sys.stdin:
        print("TURN " + json.dumps(turn()), flush=True)


def timed(call, clips, clock):
    """A turn of the network alone: milliseconds of `clock`, the fastest of some calls, which others interrupt."""
    def turn():
        took = []
        for _ in range(CALLS):
            began = clock()
            call(clips)
            took.append(clock() - began)
        return 1000 * min(took)

    return turn


class Asked:
    """The other side: starts the process of a row, waits until it is warm, asks it for turns.

    Args:
        python: its interpreter.
        command: list of arguments, the script first.
        threads: int.
        backend: str. Of Keras.
    """

    def __init__(self, python, command, threads, backend):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": "",
                       "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen([python, *map(str, command)], env=environment, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said)
        self.ready = self._line("READY") is not None

    def turn(self):
        """What the process found in one turn."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._line("TURN ")
        if line is None:
            raise RuntimeError(self.close())
        return json.loads(line)

    def close(self):
        """Ends the process; returns the last line of what it complained of, or nothing."""
        self._process.communicate()
        with self._said as file:
            file.seek(0)
            said = file.read().strip().splitlines()
        return said[-1] if said and self._process.returncode else ""

    def _line(self, start):
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start)
        return None


def in_turns(asked, rounds):
    """{row: [what it found, a turn a round]} of processes that take turns, the first one first.

    A row whose process ends is said and left out.
    """
    found = {name: [] for name in asked}
    for _ in range(rounds):
        for name in list(found):
            time.sleep(0.05)  # threads of the last row stop waiting for work
            try:
                found[name].append(asked[name].turn())
            except (RuntimeError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                del found[name]
    return found
