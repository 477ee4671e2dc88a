"""A server on loopback that behaves as badly as one tells it to."""

import contextlib
import http.server
import threading


class Server:
    """Files by path, and how each is answered.

    Attributes:
        files: {path: bytes}.
        manners: {path: function (handler, data) that answers in another way than well}.
        asked: list of (path, Range header or None).
    """

    def __init__(self):
        self.files, self.manners, self.asked = {}, {}, []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def put(self, path, data, manner=None):
        """Offers `data` at `path`; returns its address."""
        self.files[path] = data
        if manner is not None:
            self.manners[path] = manner
        else:
            self.manners.pop(path, None)
        return self.address + path

    def close(self):
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Range")))
                self.close_connection = True
                data = outer.files.get(self.path)
                with contextlib.suppress(ConnectionError):
                    if data is None:
                        return self.send_error(404)
                    outer.manners.get(self.path, well)(self, data)
                return None

            def log_message(self, *_):
                pass

        return Handler


def head(handler, status, length, **headers):
    """Status line and headers."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(length))
    handler.send_header("Connection", "close")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def wanted(handler, data):
    """Where the answer begins: as the request's Range says, if it names this version."""
    asked = handler.headers.get("Range")
    return int(asked[6:-1]) if asked and handler.headers.get("If-Range", '"1"') == '"1"' else 0


def well(handler, data, most=None):
    """As a good server answers, but for all after `most` bytes."""
    start = wanted(handler, data)
    if start >= len(data) > 0:
        return head(handler, 416, 0, Content_Range=f"bytes */{len(data)}")
    extra = {"Content_Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
    head(handler, 206 if start else 200, len(data) - start, ETag='"1"', **extra)
    handler.wfile.write(data[start:] if most is None else data[start:start + most])
    return None


def dropping(most):
    """Breaks off after `most` bytes of every answer."""
    return lambda handler, data: well(handler, data, most)
