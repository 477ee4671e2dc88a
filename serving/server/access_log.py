"""One JSON object a line for every request that was answered; no request waits for it to be written."""

import json
import time

from absl import logging

from serving.server import line_writer

_LONGEST_TEXT = 8192  # characters of a path or a name; both are as long as clients like


class AccessLog:
    """Writes to a file that is opened for appending, or to standard output for "-".

    Args:
        path: str.
        on_drop: function without arguments, called for every line that cannot be written, or None.

    Raises:
        OSError: if the file cannot be opened.
    """

    def __init__(self, path, on_drop=None):
        self._name, self._on_drop, self._said = "on standard output" if path == "-" else path, on_drop, False
        self._writer = line_writer.LineWriter(
            line_writer.standard("stdout") if path == "-" else line_writer.opened(path), self._drop)

    def write(self, entrypoint, client, request, model, status, seconds):
        """Adds a line; never waits.

        Args:
            entrypoint: str. "REST" or "GRPC".
            client: str. The address asked from.
            request: str. Verb and path, or the method's name.
            model: str. Empty where none was named.
            status: int or str. HTTP's number or gRPC's name.
            seconds: float. Until the answer was ready.
        """
        line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "via": entrypoint,
                           "client": client, "request": _cut(request), "model": _cut(model), "status": status,
                           "ms": round(seconds * 1e3, 3)}, ensure_ascii=True)
        self._writer.write(line.encode() + b"\n")

    def close(self):
        """Writes what waits, if anybody takes it, and says how many lines are lacking."""
        lost = self._writer.close()
        if lost:
            logging.warning("The access log %s lacks %d lines, which could not be written", self._name, lost)

    def _drop(self, reason):
        if not self._said:
            self._said = True
            logging.error("The access log %s cannot be written: %s. Requests are answered all the same; lines are "
                          "dropped and counted while this lasts", self._name, reason)
        if self._on_drop is not None:
            self._on_drop()


def _cut(text):
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."
