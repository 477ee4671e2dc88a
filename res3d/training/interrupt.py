"""Ctrl-C, and the SIGTERM of a scheduler, end a run after the step it is in, so that nothing done is lost."""

import contextlib
import os
import signal
import threading


class Interrupt:
    """A `with` in which the first SIGINT or SIGTERM only sets `asked`; the next one ends the process as ever."""

    def __init__(self):
        self.asked = None
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number, frame):
        self.asked = signal.Signals(number).name
        self._restore()
        with contextlib.suppress(OSError):  # not print, which the signal may have come in the middle of
            os.write(2, f"\n{self.asked}: stopping after this step; once more stops at once\n".encode())

    def _restore(self):
        while self._before:
            signal.signal(*self._before.popitem())

    def __exit__(self, *exc_info):
        self._restore()
