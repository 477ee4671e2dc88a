"""HTTP connections that hear a server which answers, or leaves, before it has the whole request.

urllib3 sends on until that fails, which over TLS ends in the failure and not in the answer, and never where a server
refuses a body and reads no more of it.
"""

import http.client
import re
import select
import socket
import ssl
import time

import urllib3

_PART, _RECORD = 1 << 18, 1 << 14  # bytes sent at once; of a record of TLS
_INFORMATION = re.compile(rb"HTTP/1\.\d 1")  # no answer yet
_LAST_LOOK = 1.0  # seconds at the most, and a twentieth of all, for an answer behind what could not be sent


class UnsentError(ConnectionError):
    """A server that ended the connection while it was being asked, without an answer; `sent` bytes had gone out."""

    def __init__(self, sent):
        super().__init__(f"the connection was closed after {sent} bytes of the request")
        self.sent = sent


class _Listening:
    """Looks for an answer while it sends. Answers know their socket, which a connection forgets where it is about to be
    closed."""

    def request(self, *args, **kwargs):
        self._sent, self._failure = 0, None
        self._end = time.monotonic() + self.timeout - min(_LAST_LOOK, self.timeout / 20)
        super().request(*args, **kwargs)

    def send(self, data):
        if self.sock is None:
            self.connect()
        left = memoryview(data)
        while left and self._failure is None:
            try:
                gone = self._pushed(left)
            except OSError as error:  # the answer may be there all the same
                self._failure = UnsentError(self._sent) if _is_end(error) else error
            else:
                self._sent += gone
                left = left[gone:]

    def _pushed(self, data):
        """Sends the first bytes; returns how many."""
        secure = isinstance(self.sock, ssl.SSLSocket)
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT if secure else select.POLLOUT | select.POLLIN)
        happened = poll.poll(max(self._end - time.monotonic(), 0) * 1e3)
        if not happened:
            raise TimeoutError
        if (not secure and happened[0][1] & select.POLLIN  # over TLS it may be no answer but a ticket
                and not _INFORMATION.match(self.sock.recv(10, socket.MSG_PEEK))):
            raise UnsentError(self._sent)
        self.sock.settimeout(max(self._end - time.monotonic(), 0.001))
        return self.sock.send(data[:_RECORD if secure else _PART])

    def getresponse(self):
        sock, failure = self.sock, self._failure
        if failure is not None:
            self.timeout = min(self.timeout, _LAST_LOOK)
        try:
            response = super().getresponse()
        except (OSError, http.client.HTTPException) as error:
            if failure is None or (isinstance(error, ssl.SSLError) and not _is_end(error)):
                raise  # over TLS it says why
            raise failure from None
        response.sock = sock
        if failure is not None and self.sock is not None:  # what was not sent would be missed from the next request
            self.sock = None
            sock.close()  # when the answer has been read
        return response


class Connection(_Listening, urllib3.connection.HTTPConnection):
    """Over TCP alone."""


class SecureConnection(_Listening, urllib3.connection.HTTPSConnection):
    """Over TLS."""


def _is_end(error):
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
