"""Servers whose output nobody takes: full, closed, or never read. They answer, and they end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tests.conformance.test_process import environment, free_port

PREDICT = "/v1/models/m:predict"
LONG = "/elsewhere/" + "x" * 4000


@contextlib.contextmanager
def started(base, access_log, stdout, stderr=subprocess.DEVNULL):
    ports = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", f"--model_base_path={base}", "--model_name=m", f"--access_log={access_log}",
         f"--port={ports[0]}", f"--rest_api_port={ports[1]}"], stdout=stdout, stderr=stderr, env=environment())
    client = httpx.Client(base_url=f"http://127.0.0.1:{ports[1]}", timeout=10)
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                client.get("/healthz")
                break
            assert process.poll() is None
            time.sleep(0.05)
        yield process, client, ports[1]
    finally:
        client.close()
        process.kill()
        process.wait()


def answers_and_ends(process, client, times):
    for _ in range(times):
        assert client.get(LONG).status_code == 404
    assert client.get("/healthz").status_code == 200
    assert client.post(PREDICT, json={"instances": [1.0]}).json() == {"predictions": [2.5]}
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0


@pytest.fixture
def base(models):
    return models / "toys"


@pytest.mark.slow
def test_a_full_disk(base, tmp_path):
    with (open(tmp_path / "err", "w") as err,
          started(base, "/dev/full", subprocess.DEVNULL, err) as (process, client, _)):
        answers_and_ends(process, client, 20)
    err = (tmp_path / "err").read_text()
    assert err.count("The access log /dev/full cannot be written: No space left on device.") == 1
    assert err.count("The access log /dev/full lacks 2") == 1, "said at the end, with how many"
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_closed_pipe(base):
    reading, writing = os.pipe()
    with started(base, "-", writing) as (process, client, _):
        os.close(writing)
        os.close(reading)
        answers_and_ends(process, client, 20)


@pytest.mark.slow
def test_a_pipe_that_nobody_reads_for_everything_it_says(base):
    reading, writing = os.pipe()
    with started(base, "-", writing, writing) as (process, client, port):
        os.close(writing)
        for _ in range(1500):  # what is no HTTP is a line of the server's own log
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(b"GARBAGE\r\n\r\n")
                connection.recv(100)
        answers_and_ends(process, client, 60)  # 240 kB: a pipe takes 64 kB
    os.close(reading)
