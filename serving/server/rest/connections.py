"""What one HTTP connection may take before there is a request: time and bytes of a head, and a place among the others.

uvicorn has no limit for any of them.
"""

import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 30  # from the first moment of a connection, or the first byte of a later request, to the head's end
MOST_URL, MOST_HEAD = 16 << 10, 64 << 10  # bytes
UNREAD_SECONDS, SLOWEST_READER = 30, 4096  # how long an answer may wait for a reader; bytes a second that keep it on
MOST_CONNECTIONS = 10_000  # at the most; half of the descriptors that the process may open, where that is less
_REASONS = {400: "Bad Request", 408: "Request Timeout", 414: "URI Too Long",
            431: "Request Header Fields Too Large", 503: "Service Unavailable"}


def most_connections():
    """How many connections are kept: the other half of the descriptors is for models, logs and gRPC."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, soft // 2))


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits: 408 for a head that does not end, 414 and 431 for one that is too large, 503 for
    a connection too many; an answer that nobody reads is dropped."""

    most = None  # connections; None asks `most_connections`
    head_seconds, unread_seconds = HEAD_SECONDS, UNREAD_SECONDS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._timer, self._in_head, self._head_bytes, self._why = None, True, 0, None
        self._reader, self._unread = None, 0

    def connection_made(self, transport):
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # whatever waits for a reader is told of
        most = most_connections() if self.most is None else self.most
        if len(self.connections) > most:
            self._refuse(503, f"The server keeps {most} connections already. Try again later.")
            return
        self._start_timer()

    def connection_lost(self, exc):
        self._stop_timer()
        self._stop_reader()
        super().connection_lost(exc)

    def data_received(self, data):
        if self.transport.is_closing():
            return
        if self._in_head:
            self._start_timer()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MOST_HEAD and not self.transport.is_closing():
            # What the parser still holds back is one endless line.
            self._refuse(*(self._url_too_long() if not self.headers else self._head_too_large()))

    def on_url(self, url):
        super().on_url(url)
        if len(self.url) > MOST_URL:
            self._fail(*self._url_too_long())

    def on_headers_complete(self):
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > MOST_HEAD:
            self._fail(*self._head_too_large())
        self._in_head, self._head_bytes = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self):
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg):
        if self._why is None:
            super().send_400_response(msg)
        else:
            self._refuse(*self._why)

    @staticmethod
    def _url_too_long():
        return 414, f"A URL must have at most {MOST_URL} bytes. Received more."

    @staticmethod
    def _head_too_large():
        return 431, f"The headers of a request must have at most {MOST_HEAD} bytes. Received more."

    def _fail(self, status, message):
        """Ends the parsing, which answers by `send_400_response`."""
        self._why = status, message
        raise ValueError(message)

    def _refuse(self, status, message):
        self._stop_timer()
        body = message.encode("ascii")
        self.transport.write(b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
                             b"connection: close\r\n\r\n%s" % (status, _REASONS[status].encode(), len(body), body))
        self.transport.close()

    def pause_writing(self):
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self._stop_reader()
        self._reader = self.loop.call_later(self.unread_seconds, self._look_at_reader)

    def resume_writing(self):
        self._stop_reader()
        super().resume_writing()

    def _look_at_reader(self):
        left = self.transport.get_write_buffer_size()
        if self._unread - left < SLOWEST_READER * self.unread_seconds:
            self.transport.abort()
            return
        self._unread = left
        self._reader = self.loop.call_later(self.unread_seconds, self._look_at_reader)

    def _stop_reader(self):
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _start_timer(self):
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_timer(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self):
        self._timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_timer()  # the next request may wait here for the answer of the last
        elif not self.transport.is_closing():
            self._refuse(408, f"The head of a request must be sent within {self.head_seconds:g} seconds.")
