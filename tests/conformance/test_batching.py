"""Dynamic batching with TensorFlow Serving's parameters and codes, through both edges."""

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest

from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc


@pytest.fixture(scope="module")
def batched(serve, models, tmp_path_factory):
    """A server that waits long for company, so that what belongs together always meets."""
    file = tmp_path_factory.mktemp("batching") / "batching.config"
    file.write_text("max_batch_size { value: 8 } batch_timeout_micros { value: 300000 } num_batch_threads { value: 2 } "
                    "max_enqueued_batches { value: 100 } allowed_batch_sizes: 1 allowed_batch_sizes: 4 "
                    'allowed_batch_sizes: 8 thread_pool_name { value: "mine" }')
    with serve(model_base_path=str(models / "toys"), model_name="toys", enable_batching=True,
               batching_parameters_file=str(file), rest_api_timeout_in_ms=20_000) as running:
        yield running


def post(running, body):
    return running.http.post("/v1/models/toys:predict", json=body)


def together(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_requests_run_together_and_each_gets_its_own_rows(batched):
    before = _count(batched, "processed_batch_size")
    answers = together(*[lambda i=i: post(batched, {"instances": [2.0 * i, 2.0 * i + 2]}) for i in range(4)])
    assert [answer.json() for answer in answers] == [{"predictions": [i + 2.0, i + 3.0]} for i in range(4)]
    assert _count(batched, "processed_batch_size") - before <= 2, "8 rows are one batch; a late client may make it two"


def _count(running, name):
    found = re.search(rf":tensorflow:serving:batching_session:{name}_count(?:\{{[^}}]*\}})? (\d+)",
                      running.server.metrics.text())
    return int(found[1]) if found else 0


def test_three_rows_are_padded_to_four(batched):
    assert post(batched, {"instances": [1.0, 2.0, 3.0]}).json() == {"predictions": [2.5, 3.0, 3.5]}
    text = batched.server.metrics.text()
    assert re.search(r':batching_session:padding_size_bucket\{execution_batch_size="4",le="1"\} [1-9]', text)
    assert ':batching_session:queuing_latency_count{thread_pool_name="mine"}' in text
    for name in ("input_batch_size", "processed_batch_size"):
        assert f":tensorflow:serving:batching_session:{name}_count" in text
    assert re.search(r":batching_session:wrapped_run_count \d+", text)


def test_too_many_rows(batched):
    response = post(batched, {"instances": [1.0] * 9})
    assert response.status_code == 400
    assert response.json() == {"error": "Task size 9 is larger than maximum input batch size 8"}


@pytest.mark.parametrize(("body", "message"), [
    ({"signature_name": "any_shape", "inputs": 1.0}, "Batching Run() input tensors must have at least one dimension"),
    ({"signature_name": "two_inputs", "inputs": {"a": [1.0], "b": [1.0, 2.0]}},
     "Batching Run() input tensors must have equal 0th-dimension size"),
])
def test_tensors_without_a_common_batch(batched, body, message):
    response = post(batched, body)
    assert (response.status_code, response.json()["error"]) == (400, message)


def test_an_output_without_a_batch(batched):
    response = post(batched, {"signature_name": "scalar_output", "inputs": [1.0]})
    assert response.status_code == 400
    assert response.json()["error"] == "Batched output tensor has 0 dimensions"


def test_other_shapes_run_in_batches_of_their_own(batched):
    rows = [[[1.0, 2.0]], [[1.0, 2.0, 3.0]], [[[4.0]]], [[5.0, 6.0]], 7.0]
    answers = together(*[lambda row=row: post(batched, {"signature_name": "any_shape", "instances": [row]})
                         for row in rows])
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"predictions": [row]})
                                                                           for row in rows]


def test_other_sizes_of_a_matrix_fail_only_themselves(batched):
    rows = [[1.0, 1.0, 1.0], [1.0, 2.0], [2.0, 2.0, 2.0]]
    answers = together(*[lambda row=row: post(batched, {"signature_name": "matrix", "instances": [row]})
                         for row in rows])
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert [answers[i].json() for i in (0, 2)] == [{"predictions": [[3.0, 3.0]]}, {"predictions": [[6.0, 6.0]]}]


def test_what_the_graph_refuses_fails_nobody_else(batched):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(batched.channel)

    def predict(values):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "toys"
        request.inputs["x"].CopyFrom(tensor_proto.from_array(values))
        try:
            return tensor_proto.to_array(stub.Predict(request, timeout=20).outputs["y"]).tolist()
        except grpc.RpcError as error:
            return error.code().name

    assert together(lambda: predict(np.float32([1])), lambda: predict(np.int32([1]))) == [[2.5], "INVALID_ARGUMENT"]


def test_output_filter_runs_alone(batched):
    request = predict_pb2.PredictRequest(output_filter=["sum"])
    request.model_spec.name, request.model_spec.signature_name = "toys", "two_inputs"
    for alias in "ab":
        request.inputs[alias].CopyFrom(tensor_proto.from_array(np.float32([1])))
    answer = prediction_service_pb2_grpc.PredictionServiceStub(batched.channel).Predict(request)
    assert list(answer.outputs) == ["sum"]


@pytest.fixture
def narrow(serve, models, tmp_path):
    """One thread, one waiting batch of one row."""
    file = tmp_path / "batching.config"
    file.write_text("max_batch_size { value: 1 } num_batch_threads { value: 1 } max_enqueued_batches { value: 1 }")
    with serve(model_base_path=str(models / "toys"), model_name="toys", enable_batching=True,
               batching_parameters_file=str(file), rest_api_timeout_in_ms=1500) as running:
        yield running


def test_a_full_queue_and_a_wait_that_is_too_long(narrow):
    def ask(answers):
        response = post(narrow, {"signature_name": "slow", "instances": [1e6]})
        answers.append((response.status_code, response.headers.get("retry-after"), response.json()["error"]))

    answers = []
    clients = [threading.Thread(target=ask, args=(answers,)) for _ in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    by_status = {status: (retry, message) for status, retry, message in answers}
    assert set(by_status) == {503, 504, 429}
    assert by_status[503][0] == "1"
    assert by_status[503][1].startswith("The batch scheduling queue to which this task was submitted is full")
    assert by_status[429][1] == "Run() timeout exceeded while waiting in batching queue"


def test_splitting_and_padding_of_variable_lengths(serve, models, tmp_path):
    file = tmp_path / "batching.config"
    file.write_text("max_batch_size { value: 100 } batch_timeout_micros { value: 300000 } "
                    "num_batch_threads { value: 1 } enable_large_batch_splitting { value: true } "
                    "max_execution_batch_size { value: 4 } pad_variable_length_inputs: true")
    with serve(model_base_path=str(models / "toys"), model_name="toys", enable_batching=True,
               batching_parameters_file=str(file)) as running:
        values = [float(i) for i in range(10)]
        assert post(running, {"instances": values}).json() == {"predictions": [v / 2 + 2 for v in values]}
        assert _count(running, "processed_batch_size") == 3
        answers = together(*[lambda row=row: post(running, {"signature_name": "any_shape", "instances": row})
                             for row in ([[1.0, 2.0]], [[5.0, 6.0, 7.0]])])
        assert sorted(answer.json()["predictions"] for answer in answers) == [[[1.0, 2.0, 1.0]], [[5.0, 6.0, 7.0]]]


def test_a_version_may_bring_its_own_parameters(serve, built, tmp_path):
    shutil.copytree(built / "line", tmp_path / "m/1")
    (tmp_path / "m/1/batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    with serve(model_base_path=str(tmp_path / "m"), model_name="toys", enable_batching=True,
               enable_per_model_batching_parameters=True) as running:
        assert post(running, {"instances": [1.0, 1.0]}).status_code == 200
        assert post(running, {"instances": [1.0] * 3}).json() == {
            "error": "Task size 3 is larger than maximum input batch size 2"}
