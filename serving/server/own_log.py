"""What the server says of itself, on standard error, without ever waiting for who reads it.

Whoever logs may hold a lock that all requests need; a terminal that is held or a collector that hangs must not stop
them.
"""

import logging

from serving.server import line_writer


class OwnLog(logging.Handler):
    """Stands in the place of the root logger's handlers from `install` on, and formats as the first of them does."""

    def install(self):
        """Takes over from the handlers there are; returns itself."""
        root = logging.getLogger()
        self.format = root.handlers[0].format if root.handlers else self.format
        self._writer = line_writer.LineWriter(line_writer.standard("stderr"), lambda reason: None)
        self._before, root.handlers = root.handlers, [self]
        return self

    def emit(self, record):
        try:
            text = self.format(record)
        except Exception as error:
            text = f"A line of the log cannot be formatted: {error!r}: {record.msg!r}"
        self._writer.write(text.encode("utf-8", "backslashreplace") + b"\n")

    def leave(self):
        """Writes what waits, if anybody takes it, and gives the handlers back."""
        logging.getLogger().handlers = self._before
        self._writer.close(1.0)
