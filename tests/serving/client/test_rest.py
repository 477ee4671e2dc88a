"""The REST client against a server that keeps connections, loses them, and answers what it should not."""

import concurrent.futures
import http.server
import json
import threading
import time

import numpy as np
import pytest

from res3d.geometry import ClipSpec
from serving.client.client import Client
from serving.client.retry import ServerError

OUTPUTS = {"outputs": {"top_classes": [["jump"]], "top_scores": [[0.5]], "scores": [[0.5]]}}


class Answers(http.server.BaseHTTPRequestHandler):
    """Says what `answer` holds, on connections that are kept."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.clients.add(self.client_address)
        if self.server.drop:
            self.server.drop -= 1
            self.close_connection = True
            return
        status, content = self.server.answer
        if status is None:
            self.drip()
        elif status == "late":
            self.stall()
        elif status == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + 1))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True
        else:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def drip(self):
        """One byte at a time, for as long as somebody listens."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not self.server.enough.wait(0.02):
            try:
                self.wfile.write(b" ")
            except OSError:
                break
        self.close_connection = True

    def stall(self):
        """A head that comes late and says that the connection will end, and no body."""
        self.server.enough.wait(0.8)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n")
        self.server.enough.wait(8)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.enough = threading.Event()
    server.drop, server.clients, server.answer = 0, set(), (200, json.dumps(OUTPUTS).encode())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.enough.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(server):
    clip = ClipSpec(frames=1, stride=1, height=8, width=8)
    with Client(f"http://127.0.0.1:{server.server_port}/m", clip=clip, labels=["jump"], retries=0) as client:
        yield client


def test_connections_are_shared_by_all_threads_that_ever_ask(server, client):
    for _ in range(20):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            assert pool.submit(client.classify_clips, np.zeros((1, 1, 8, 8, 3), np.uint8), 1).result()
    assert len(server.clients) == 1


def test_digits_mean_the_number_that_grpc_carries(server, client):
    server.answer = 200, json.dumps(OUTPUTS).replace("0.5", "0.337708741").encode()
    (answer,) = client.classify_clips(np.zeros((1, 1, 8, 8, 3), np.uint8), 1)
    assert answer == {"label": "jump", "score": float(np.float32(0.337708741))}


@pytest.mark.parametrize(("status", "content", "code"), [
    (502, b'"bad gateway"', "UNAVAILABLE"), (200, b"[]", "INTERNAL"), (200, b"<html>a page</html>", "INTERNAL"),
    (200, b'{"status": "ok"}', "INTERNAL"), (404, b'["no"]', "NOT_FOUND"), (200, b"", "INTERNAL"),
])
def test_answers_of_some_other_server_are_server_errors(server, client, status, content, code):
    server.answer = status, content
    with pytest.raises(ServerError, match=rf"{code}: 127.0.0.1:\d+ answered {status}: ") as caught:
        client.predict("predict_jpeg", {"frames_bytes": np.array([[b"x"]], object)})
    assert caught.value.code == code


def test_a_deadline_holds_while_an_answer_drips_in(server, client):
    server.answer, client.timeout = (None, b""), 0.3  # the whole answer would take minutes
    with pytest.raises(ServerError, match=r"^DEADLINE_EXCEEDED: 127.0.0.1:\d+ did not answer within 0.\d+ s$"):
        client.predict("predict_jpeg", {"frames_bytes": np.array([[b"x"]], object)})


def test_a_deadline_holds_though_the_head_came_just_before_it(server, client):
    server.answer, client.timeout = ("late", b""), 1.0
    start = time.monotonic()
    with pytest.raises(ServerError, match=r"^DEADLINE_EXCEEDED: "):
        client.predict("predict_jpeg", {"frames_bytes": np.array([[b"x"]], object)})
    assert time.monotonic() - start < 1.6, "a second's patience must not begin anew with the head"


def test_a_connection_that_was_closed_meanwhile_is_replaced(server, client):
    clips = np.zeros((1, 1, 8, 8, 3), np.uint8)
    first = client.classify_clips(clips, 1)
    server.drop = 1
    assert client.classify_clips(clips, 1) == first
    assert len(server.clients) == 2


def test_who_closes_without_an_answer_cannot_be_reached(server, client):
    server.drop = 100
    with pytest.raises(ServerError, match=r"^UNAVAILABLE: .*:\d+ cannot be reached: Remote end closed") as caught:
        client.predict("predict_jpeg", {"frames_bytes": np.array([[b"x"]], object)})
    assert caught.value.code == "UNAVAILABLE"
    assert server.drop == 98, "asked once more, and no oftener"


def test_an_answer_cut_short_is_none(server, client):
    server.answer = "cut", json.dumps(OUTPUTS).encode()
    with pytest.raises(ServerError, match=r"^UNAVAILABLE: 127.0.0.1:\d+ cannot be reached: .*IncompleteRead"):
        client.predict("predict_jpeg", {"frames_bytes": np.array([[b"x"]], object)})


def test_who_stops_early_waits_for_nothing_more(client, monkeypatch):
    begun, second, canceled = [], threading.Event(), threading.Event()

    class Pool(concurrent.futures.ThreadPoolExecutor):
        def submit(self, *args):
            future = super().submit(*args)
            future.add_done_callback(lambda future: future.cancelled() and canceled.set())
            return future

    def classify(source, *_):
        begun.append(source)
        if source:
            second.set()
            assert canceled.wait(20)
        return source

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(client, "classify", classify)
    answers = client.classify_many(iter(range(1000)), workers=1)
    assert next(answers) == (0, 0)
    assert second.wait(20)
    answers.close()
    assert begun == [0, 1]
