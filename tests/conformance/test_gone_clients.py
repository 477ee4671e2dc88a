"""Clients that leave before their answer: what has not begun for them never does, and others are answered instead."""

import json
import socket
import time

import grpc
import numpy as np
import pytest

from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc

PREDICT = "/v1/models/toys:predict"
SLOW = json.dumps({"signature_name": "slow", "instances": [300.0]}).encode()


@pytest.fixture
def narrow(serve, models):
    """A server that answers one request at a time."""
    with serve(model_base_path=str(models / "toys"), model_name="toys", rest_api_num_threads=1,
               grpc_max_threads=1) as running:
        yield running


def leave(running, count, path=PREDICT):
    """Clients that ask for something slow and close their connections."""
    host, port = running.server.rest_address.split(":")
    connections = []
    for _ in range(count):
        connection = socket.create_connection((host, int(port)), timeout=20)
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(SLOW)}\r\n\r\n".encode() + SLOW)
        connections.append(connection)
    time.sleep(0.1)
    for connection in connections:
        connection.close()


def one_run(running):
    start = time.monotonic()
    running.http.post(PREDICT, content=SLOW)
    return time.monotonic() - start


@pytest.mark.slow
def test_what_nobody_waits_for_is_not_begun(narrow):
    alone = one_run(narrow)
    start = time.monotonic()
    leave(narrow, 12)
    assert narrow.http.post(PREDICT, json={"instances": [1.0]}).json() == {"predictions": [2.5]}
    assert time.monotonic() - start < 0.3 + 3 * alone, "the one that had begun, and no more"
    text = narrow.server.metrics.text()
    assert ':tensorflow:serving:request_count{model_name="toys",status="CANCELLED"} 11' in text


@pytest.mark.slow
def test_who_stays_is_answered(narrow):
    leave(narrow, 3)
    assert narrow.http.post(PREDICT, content=SLOW).json() == {"predictions": [300.0]}
    leave(narrow, 3)
    for _ in range(2):  # the same connection again, after one that was watched
        assert narrow.http.post(PREDICT, json={"instances": [1.0]}).json() == {"predictions": [2.5]}


@pytest.mark.slow
def test_a_client_of_grpc_that_cancels(narrow):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "toys", "slow"
    request.inputs["x"].CopyFrom(tensor_proto.from_array(np.float32([300])))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(narrow.channel)
    alone = one_run(narrow)
    start = time.monotonic()
    calls = [stub.Predict.future(request) for _ in range(12)]
    time.sleep(0.1)
    for call in calls:
        call.cancel()
    request.model_spec.signature_name = ""
    assert tensor_proto.to_array(stub.Predict(request, timeout=30).outputs["y"]).tolist() == [152.0]
    assert time.monotonic() - start < 0.3 + 3 * alone
    assert all(call.code() == grpc.StatusCode.CANCELLED for call in calls)


def test_batches_leave_out_who_has_gone(serve, models, tmp_path):
    file = tmp_path / "batching.config"
    file.write_text("max_batch_size { value: 1 } num_batch_threads { value: 1 } max_enqueued_batches { value: 100 }")
    with serve(model_base_path=str(models / "toys"), model_name="toys", enable_batching=True,
               batching_parameters_file=str(file)) as running:
        alone = one_run(running)
        start = time.monotonic()
        leave(running, 12)
        assert running.http.post(PREDICT, json={"instances": [1.0]}).json() == {"predictions": [2.5]}
        assert time.monotonic() - start < 0.3 + 3 * alone
