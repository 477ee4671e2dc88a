"""What a connection may take before there is a request."""

import contextlib
import logging
import socket
import time

import pytest

from serving.server import listener
from serving.server.rest import http_server
from serving.server.rest.connections import MOST_HEAD, MOST_URL, Connection, most_connections

LONG = 30_000_000  # bytes, more than sockets keep


class Hasty(Connection):
    most, head_seconds, unread_seconds = 3, 0.5, 1.5


async def app(scope, receive, send):
    body = b"%d %d" % (len(scope["raw_path"]), len(scope["headers"]))
    if scope["path"] == "/long":
        body = bytes(LONG)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def serving(connection):
    bound = listener.bind("127.0.0.1", 0, "rest_api_port")
    server = http_server.HttpServer(app, bound, drain_seconds=1, connection=connection)
    host, port = server.start().split(":")
    try:
        yield lambda: socket.create_connection((host, int(port)), timeout=10)
    finally:
        server.stop()
        bound.close()


@pytest.fixture(scope="module")
def connect():
    with serving(Connection) as connect:
        yield connect


@pytest.fixture
def hasty():
    with serving(Hasty) as connect:
        yield connect


def answer(connection):
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def received(connection, last):
    """What comes until `last` ends it."""
    found = b""
    while not found.endswith(last):
        found += connection.recv(4096)
    return found


def sent(connect, *parts):
    with connect() as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        return answer(connection)


END = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_urls_up_to_the_limit_are_answered(connect):
    path = b"/" + b"a" * (MOST_URL - 1)
    assert sent(connect, b"GET " + path + END).endswith(b"%d 2" % MOST_URL)
    assert sent(connect, b"GET " + path + b"a" + END).startswith(b"HTTP/1.1 414 ")


def test_an_endless_url_is_refused_before_it_ends(connect):
    assert sent(connect, b"GET /" + b"a" * 300_000).startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize("header", [b"x: " + b"a" * MOST_HEAD, b"y" * MOST_HEAD + b": 1",
                                    b"\r\n".join(b"h%d: 1" % i for i in range(10_000))],
                         ids=["value", "name", "many"])
def test_headers_beyond_the_limit_are_431(connect, header):
    assert sent(connect, b"GET / HTTP/1.1\r\n" + header + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("piece", [b"GET / HTTP/1.1\r\nHost: x\r\nx: ", b"GET / HTTP/1.1\r\nHost: x\r\ny"])
def test_an_endless_header_is_refused_before_it_ends(connect, piece):
    got = sent(connect, piece, *[b"a" * 10_000] * 30)
    assert got == b"" or got.startswith(b"HTTP/1.1 431 ")  # a reset may overtake the answer


def test_many_headers_below_the_limit_are_answered(connect):
    many = b"".join(b"h%d: 1\r\n" % i for i in range(500))
    assert sent(connect, b"GET / HTTP/1.1\r\nConnection: close\r\n" + many + b"\r\n").endswith(b"1 501")


@pytest.mark.parametrize("head", [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_head_is_closed_after_its_time(hasty, head):
    start = time.monotonic()
    assert sent(hasty, head).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - start < 5


def test_a_head_that_drips_is_closed_after_its_time(hasty):
    with hasty() as connection, contextlib.suppress(ConnectionError):
        start = time.monotonic()
        while time.monotonic() - start < 5:
            connection.sendall(b"\r\n")
            time.sleep(0.05)
    assert time.monotonic() - start < 4


@pytest.mark.slow
def test_a_later_head_has_its_own_time(hasty):
    with hasty() as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert received(connection, b"1 1").startswith(b"HTTP/1.1 200 ")
            time.sleep(0.3)
        time.sleep(0.5)  # nothing begun, nothing late
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 408 ")


def test_a_connection_too_many_is_turned_away(hasty):
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(hasty()) for _ in range(3)]
        for connection in kept:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert received(connection, b"1 1").startswith(b"HTTP/1.1 200 ")
        assert answer(stack.enter_context(hasty())).startswith(b"HTTP/1.1 503 ")
    time.sleep(0.2)
    assert sent(hasty, b"GET /" + END).startswith(b"HTTP/1.1 200 ")


def test_half_of_the_descriptors_stay_free(monkeypatch):
    for soft, most in ((1024, 512), (2**20, 10_000), (1, 1)):
        monkeypatch.setattr("resource.getrlimit", lambda _, soft=soft: (soft, soft))
        assert most_connections() == most


def test_descriptors_that_run_out_are_said_once(caplog):
    complaints = http_server._Complaints()
    with caplog.at_level(logging.ERROR):
        for _ in range(2000):
            complaints(None, {"message": "socket.accept() out of system resource", "exception": OSError(24, "many")})
    assert [record.getMessage().count("cannot be accepted") for record in caplog.records] == [1]


@pytest.mark.slow
def test_an_answer_that_nobody_reads_is_dropped(hasty):
    with hasty() as stuck, hasty() as reading:
        for connection in (stuck, reading):
            connection.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        came = len(answer(reading))
        time.sleep(2.2)
        assert len(answer(stuck)) < came
    assert LONG < came < LONG + 1000


@pytest.mark.slow
def test_a_slow_reader_is_let_go_on(hasty):
    with hasty() as slow:
        slow.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        came = 0
        for _ in range(8):  # longer than an answer may wait for
            time.sleep(0.25)
            came += len(slow.recv(1_500_000))
        assert came + len(answer(slow)) > LONG
