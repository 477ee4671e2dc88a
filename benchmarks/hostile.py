"""Clients that a server has to outlive: slow, broken and hostile ones, as `soak.py` sends them."""

import collections
import contextlib
import os
import random
import socket
import threading
import time

import grpc

PAUSE = 0.2  # seconds between two requests of one client, so that the quiet time is not the limit of the machine


class Others:
    """What the other clients have to know, and what became of them."""

    def __init__(self, ports, name, body, bomb, over):
        (self.rest, self.grpc), self.name, self.body, self.bomb, self.over = ports, name, body, bomb, over
        self.counts = collections.Counter()

    def bad(self, kind):
        while not self.over.is_set():
            try:
                kind(self)
            except (OSError, grpc.RpcError):
                self.counts[f"{kind.__name__}, ended by the server"] += 1
            else:
                self.counts[kind.__name__] += 1
            self.over.wait(PAUSE)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.rest), timeout=60)

    def head(self, length, *more):
        return "\r\n".join([f"POST /v1/models/{self.name}:predict HTTP/1.1", "Host: localhost",
                            f"Content-Length: {length}", *more, "", ""]).encode()

    def asked(self, body, *more):
        with self.connect() as connection:
            connection.sendall(self.head(len(body), *more) + body)
            return connection.recv(1 << 16)


def ask_badly(ports, name, body, bomb, count, over, counts):
    """The process of the other clients: `count` of each kind, until it is over.

    It steps back before the server, as machines of their own would: the cores that it takes are no fault of the server.
    """
    os.nice(10)
    others = Others(ports, name, body, bomb, over)
    threads = [threading.Thread(target=others.bad, args=(kind,)) for kind in KINDS for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.put((others.counts, time.process_time()))


def slow_body(soak):
    body = b'{"instances": [1]}'
    with soak.connect() as connection:
        connection.sendall(soak.head(len(body)))
        for byte in body:
            connection.sendall(bytes([byte]))
            soak.over.wait(0.2)


def half_a_head(soak):
    with soak.connect() as connection:
        connection.sendall(b"POST /v1/mod")
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while not soak.over.is_set() and connection.recv(100):
                pass


def leaves_early(soak):
    with soak.connect() as connection:
        connection.sendall(soak.head(len(soak.body)) + soak.body[:random.randrange(len(soak.body))])


def leaves_before_the_answer(soak):
    with soak.connect() as connection:
        connection.sendall(soak.head(len(soak.body)) + soak.body)


def reads_nothing(soak):
    with soak.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(soak.head(len(soak.body)) + soak.body)
        soak.over.wait(5)


def rubbish(soak):
    soak.asked(random.randbytes(random.randrange(10_000)))
    with soak.connect() as connection:
        connection.sendall(random.randbytes(1000))
        connection.recv(1000)


def deep_nesting(soak):
    soak.asked(b'{"instances": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    soak.over.wait(2)


def packed_bomb(soak):
    soak.asked(soak.bomb, "Content-Encoding: gzip")
    soak.over.wait(2)


def too_long(soak):
    soak.asked(b" " * 1000, "X-Long: " + "x" * 70_000)
    with soak.connect() as connection:
        connection.sendall(soak.head(1 << 40))
        connection.recv(1000)


def made_up_names(soak):
    for _ in range(20):
        with soak.connect() as connection:
            connection.sendall(f"GET /v1/models/{random.random()} HTTP/1.0\r\n\r\n".encode())
            connection.recv(1000)


def no_video(soak):
    body = random.randbytes(50_000)
    with soak.connect() as connection:
        connection.sendall(f"POST /page/classify?model={soak.name} HTTP/1.1\r\nHost: localhost\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        connection.recv(1000)


def silent_calls(soak):
    over = threading.Event()

    def nothing():
        over.wait(60)
        yield from ()

    with grpc.insecure_channel(f"127.0.0.1:{soak.grpc}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
        calls = [channel.stream_unary("/tensorflow.serving.PredictionService/Predict").future(nothing())
                 for _ in range(20)]
        soak.over.wait(5)
        over.set()
        for call in calls:
            call.cancel()


def broken_messages(soak):
    with grpc.insecure_channel(f"127.0.0.1:{soak.grpc}") as channel:
        channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(random.randbytes(2000), timeout=20)


KINDS = (slow_body, half_a_head, leaves_early, leaves_before_the_answer, reads_nothing, rubbish, deep_nesting,
         packed_bomb, too_long, made_up_names, no_video, silent_calls, broken_messages)
