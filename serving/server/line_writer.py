"""Lines to a file or a pipe, written by a thread of its own: whoever has something to say never waits for who reads it.

What a full disk, a closed pipe or one that nobody reads cannot take is dropped and counted.
"""

import collections
import os
import stat
import sys
import threading
import time

_MOST_BYTES = 8 << 20  # of lines that wait to be written
_PAUSE_SECONDS = 0.05  # between tries at a pipe that is full and does not block


class LineWriter:
    """Writes lines in order, each whole.

    Args:
        descriptor: int. An open file that nothing buffers; closed at the end.
        on_drop: function of a reason, called for every line that is dropped.

    Attributes:
        dropped: int. Lines that could not be written.
    """

    def __init__(self, descriptor, on_drop):
        self._file, self._on_drop = descriptor, on_drop
        self._lines, self._bytes, self._closing, self._torn = collections.deque(), 0, False, False
        self.dropped = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)
        self._thread.start()

    def write(self, line):
        """Adds a line, bytes with their end; never waits."""
        with self._changed:
            fits = self._bytes + len(line) <= _MOST_BYTES and not self._closing
            if fits:
                self._lines.append(line)
                self._bytes += len(line)
                self._changed.notify_all()
            else:
                self.dropped += 1
        if not fits:
            self._on_drop("nobody takes the lines that wait")

    def close(self, patience=2.0):
        """Writes what waits, for `patience` seconds at most; returns how many lines were never written."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(patience)
        if self._thread.is_alive():  # it hangs in a write; its file stays open until the process ends
            return self.dropped + len(self._lines)
        os.close(self._file)
        return self.dropped

    def _work(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if not self._lines:
                    return
                line = self._lines[0]
            try:
                self._put(line)
            except OSError as error:
                with self._changed:
                    self.dropped += 1
                self._on_drop(error.strerror or str(error))
            with self._changed:  # until here, the line counts as one that waits
                self._lines.popleft()
                self._bytes -= len(line)

    def _put(self, line):
        rest = memoryview(b"\n" + line if self._torn else line)  # half a line must not spoil the next one
        while rest:
            try:
                written = os.write(self._file, rest)
            except BlockingIOError:
                if self._closing:
                    raise
                time.sleep(_PAUSE_SECONDS)
                continue
            rest = rest[written:]
            self._torn = bool(rest)


def opened(path):
    """The descriptor of a file to append to, made if it is not there; of a pipe, also where nobody reads it yet.

    Raises:
        OSError: if it cannot be opened.
    """
    pipe = os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode)
    # Opening a pipe to write waits for a reader; opened to read as well, it does not.
    way = os.O_RDWR if pipe else os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.open(path, way | os.O_CLOEXEC, 0o666)


def standard(name):
    """A descriptor of its own for `stdout` or `stderr`: Python cannot end while its own buffer cannot be emptied."""
    try:
        return os.dup(getattr(sys, name).fileno())
    except (AttributeError, OSError, ValueError):  # there is none, or one without a file
        return os.dup({"stdout": 1, "stderr": 2}[name])
