"""Servers that answer, or leave, before they have the whole body: the answer counts, and nothing is sent for long."""

import contextlib
import socket
import threading

import numpy as np
import pytest

from serving.client.client import Client
from serving.client.retry import ServerError

REFUSAL = b"HTTP/1.1 413 Too Large\r\nContent-Length: 26\r\n\r\n" + b'{"error": "at most 1000"} '
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"outputs": [[0.5]]}'


class Plain:
    """A server whose connections are given to a function, one after another."""

    def __init__(self, *behaviors):
        self.behaviors, self.seen, self.over = list(behaviors), 0, threading.Event()

    def __enter__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.seen += 1
                threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        behave = self.behaviors[min(self.seen, len(self.behaviors)) - 1]
        with connection, contextlib.suppress(OSError):
            behave(self, connection)


def head(connection):
    """Reads up to the end of a head; returns the length of the body and what came of it."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 16)
    before, _, body = data.partition(b"\r\n\r\n")
    return int(before.lower().partition(b"content-length: ")[2].partition(b"\r")[0]), len(body)


def refuse(server, connection):
    head(connection)
    connection.sendall(REFUSAL)


def refuse_and_stay(server, connection):
    refuse(server, connection)
    server.over.wait(20)


def leave(server, connection):
    head(connection)


def answer(server, connection, before=b""):
    while True:
        left, came = head(connection)
        connection.sendall(before)
        while came < left:
            came += len(connection.recv(1 << 20))
        connection.sendall(ANSWER)


def go_on(server, connection):
    answer(server, connection, b"HTTP/1.1 100 Continue\r\n\r\n")


def ask(server, size=6_000_000, **options):
    with Client(f"http://127.0.0.1:{server.port}/m", timeout=10, **options) as client:
        return client.predict("raw", {"x": np.array([b"\0" * size], object)})


@pytest.mark.parametrize("behave", [refuse, refuse_and_stay])
def test_a_refused_body_is_sent_once_and_told_as_it_was_refused(behave):
    with Plain(behave) as server, pytest.raises(ServerError, match="answered 413: at most 1000") as refused:
        ask(server)
    assert (refused.value.code, server.seen) == ("RESOURCE_EXHAUSTED", 1)


def test_who_leaves_in_the_middle_of_a_body_is_asked_twice():
    with Plain(leave) as server, pytest.raises(ServerError, match=r"closed the connection twice .* the 8000\d\d\d byt.*"
                                                                  "--max_body_bytes") as refused:
        ask(server)
    assert (refused.value.code, server.seen) == ("ABORTED", 2)


def test_who_leaves_once_is_asked_again():
    with Plain(leave, answer) as server:
        assert ask(server)["raw"].tolist() == [[0.5]]
    assert server.seen == 2


def test_a_word_in_between_is_no_answer():
    with Plain(go_on) as server:
        assert ask(server)["raw"].tolist() == [[0.5]]


def test_the_rest_of_a_refused_body_is_not_taken_for_a_request():
    with Plain(refuse_and_stay, answer) as server, Client(f"http://127.0.0.1:{server.port}/m") as client:
        with pytest.raises(ServerError, match="413"):
            client.predict("raw", {"x": np.array([b"\0" * 6_000_000], object)})
        assert client.predict("raw", {"x": np.array([b"1"], object)})["raw"].tolist() == [[0.5]]
    assert server.seen == 2


def test_a_redirect_names_where_to_ask():
    def moved(server, connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 308 Moved\r\nLocation: https://host/v1/m?token=secret\r\n"
                           b"Content-Length: 0\r\n\r\n")

    with Plain(moved) as server, pytest.raises(ServerError, match=r"308: ask 'https://host/v1/m\?\.\.\.' instead"):
        ask(server, 10)
