"""What clients may do to a server without taking it down: every request gets a status, and the next one an answer."""

import json
import socket
import threading
import time

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.tensors.protos import predict_pb2

PREDICT = "/v1/models/toys:predict"
RELAXED = settings(max_examples=60, deadline=None, derandomize=True, database=None,
                   suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from(["x", "a", "b", "b64", "text", "inputs", "instances"]), inner, max_size=3), max_leaves=12)
bodies = st.fixed_dictionaries({}, optional={
    "instances": values, "inputs": values, "examples": values, "context": values,
    "signature_name": st.sampled_from(["two_inputs", "text", "matrix", "any_shape", "classify", "echo_uint8",
                                       "echo_int64", "scalar_output", "nothing"]) | scalars})


def alive(running):
    assert running.http.post(PREDICT, json={"instances": [1.0]}).json() == {"predictions": [2.5]}


@pytest.mark.slow
@RELAXED
@given(body=bodies, method=st.sampled_from(["predict", "classify", "regress"]))
def test_any_json_gets_an_answer(running, body, method):
    response = running.http.post(f"/v1/models/toys:{method}", content=json.dumps(body).encode())
    assert response.status_code in (200, 400, 501), response.text
    assert response.status_code == 200 or list(json.loads(response.content.decode("utf-8", "replace"))) == ["error"]


@RELAXED
@given(body=st.binary(max_size=200))
def test_any_bytes_get_an_answer(running, body):
    assert running.http.post(PREDICT, content=body).status_code == 400


@RELAXED
@given(path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#\\"), max_size=30))
def test_any_path_gets_an_answer(running, path):
    response = running.http.get("/v1/" + path)
    assert response.status_code in (200, 400, 404)


@RELAXED
@given(body=st.binary(max_size=200), method=st.sampled_from(["Predict", "Classify", "Regress", "MultiInference",
                                                             "GetModelMetadata"]))
def test_any_message_gets_a_status(running, body, method):
    call = running.channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")
    with pytest.raises(grpc.RpcError) as caught:
        call(body, timeout=10)
    assert caught.value.code().name in ("INTERNAL", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION")


@RELAXED
@given(cut=st.integers(0, 60), flips=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=3))
def test_a_damaged_message_gets_a_status_or_an_answer(running, cut, flips):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "toys"
    request.inputs["x"].dtype = 1
    request.inputs["x"].tensor_shape.dim.add(size=2)
    request.inputs["x"].float_val.extend([1, 2])
    message = bytearray(request.SerializeToString())
    for at, value in flips:
        message[at % len(message)] = value
    call = running.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    future = call.future(bytes(message[:len(message) - cut % 20]), timeout=10)
    assert future.code().name in ("OK", "INTERNAL", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION")


@pytest.mark.parametrize("sizes", [[2**62], [2**31, 2**31], [10**9], [-1]])
def test_a_few_bytes_that_claim_a_huge_tensor(running, sizes):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "toys"
    request.inputs["x"].dtype = 1
    request.inputs["x"].float_val.append(1)
    for size in sizes:
        request.inputs["x"].tensor_shape.dim.add(size=size)
    call = running.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        call(request.SerializeToString(), timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    alive(running)


def connect(running):
    host, port = running.server.rest_address.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


HEAD = b"POST /v1/models/toys:predict HTTP/1.1\r\nHost: x\r\n"


def test_truncated_bodies_and_sudden_ends(running):
    for part in (b"POST", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{",
                 HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"):
        with connect(running) as connection:
            connection.sendall(part)
    alive(running)


@pytest.mark.parametrize("request_bytes", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    HEAD + b"Content-Length: -5\r\n\r\n", HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_what_is_no_http(running, request_bytes):
    with connect(running) as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(4096)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    alive(running)


def test_what_is_no_http_is_said_once_and_not_at_each_request(running, caplog):
    for _ in range(8):
        with connect(running) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\r\n\r\n")
            assert connection.recv(20).startswith(b"HTTP/1.1 4")
    assert sum("Invalid HTTP request" in line for line in caplog.messages) <= 1


def test_a_slow_client_hinders_nobody(running):
    body = b'{"instances": [1.0]}'
    with connect(running) as slow:
        slow.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for i in range(len(body)):
            slow.sendall(body[i:i + 1])
            if i % 5 == 0:
                alive(running)
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_client_that_stops_sending_is_let_go(serve, models):
    with serve(model_base_path=str(models / "toys"), model_name="toys") as running:
        running.server._rest._bodies.idle_seconds = 0.3
        with connect(running) as stuck:
            stuck.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
            assert stuck.recv(4096).startswith(b"HTTP/1.1 408")
            assert stuck.recv(4096) in (b"", b'{ "error": "A request body must keep coming. Received nothing for 0.3 '
                                             b'seconds." }')


def test_bodies_beyond_the_limit_are_413(serve, models):
    with serve(model_base_path=str(models / "toys"), model_name="toys", max_body_bytes=1000) as running:
        said = httpx.post(f"http://{running.server.rest_address}{PREDICT}", content=b" " * 1001)
        assert said.status_code == 413
        assert said.json()["error"].startswith("A request body must have at most 1000 bytes. Received: 1001")
        chunked = httpx.post(f"http://{running.server.rest_address}{PREDICT}", content=iter([b" " * 600] * 2))
        assert chunked.status_code == 413
        alive(running)


@pytest.mark.slow
def test_more_requests_than_may_wait_are_503(serve, models):
    with serve(model_base_path=str(models / "toys"), model_name="toys", rest_api_num_threads=1, max_queued_requests=1,
               rest_api_timeout_in_ms=1500) as running:
        answers = []

        def ask():
            response = running.http.post(PREDICT, json={"signature_name": "slow", "instances": [1e6]})
            answers.append((response.status_code, response.headers.get("retry-after")))

        clients = [threading.Thread(target=ask) for _ in range(5)]
        for client in clients:
            client.start()
            time.sleep(0.05)
        for client in clients:
            client.join()
        assert sorted(answers, key=str) == [(503, "1")] * 3 + [(504, None)] * 2
        alive(running)
