"""Calls over gRPC that send nothing keep nobody from asking."""

import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.server.grpc import service
from serving.server.grpc.arrivals import Arrivals
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc

PREDICT = "/tensorflow.serving.PredictionService/Predict"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def never(over):
    over.wait(30)
    yield from ()


@pytest.fixture
def silent():
    """Begins calls that send nothing: `silent(channel, method, count)` gives them."""
    over, calls = threading.Event(), []

    def begin(channel, method, count):
        begun = [channel.stream_stream(method)(never(over)) for _ in range(count)]
        calls.extend(begun)
        return begun

    yield begin
    over.set()
    for call in calls:
        call.cancel()


def predict(channel):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "toys"
    request.inputs["x"].dtype = 1
    request.inputs["x"].tensor_shape.dim.add(size=1)
    request.inputs["x"].float_val.append(1)
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    return list(stub.Predict(request, timeout=20).outputs["y"].float_val)


@pytest.mark.parametrize("method", [PREDICT, WATCH, REFLECT])
def test_those_who_send_nothing_take_a_share_of_the_places(serve, models, silent, method):
    with serve(health_service=True, model_base_path=str(models / "toys"), model_name="toys", grpc_max_threads=2,
               max_queued_requests=6) as running:
        silent(running.channel, method, 12)
        assert asked_again(running.channel) == [2.5]


def asked_again(channel):
    """An answer that may have to wait until the server has let go of somebody, who may be the asker: its message is on
    the way for a moment, too, and the others may all be younger."""
    for _ in range(100):
        try:
            return predict(channel)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED):
                raise
            time.sleep(0.05)
    return None


def test_a_message_has_its_time(serve, models, silent, monkeypatch):
    monkeypatch.setattr(service, "Arrivals", lambda places: Arrivals(places, 0.2))
    with serve(model_base_path=str(models / "toys"), model_name="toys") as running:
        (call,) = silent(running.channel, PREDICT, 1)
        assert call.code() == grpc.StatusCode.CANCELLED
        assert predict(running.channel) == [2.5]


def test_a_call_without_a_message_is_told_so(running):
    with pytest.raises(grpc.RpcError) as caught:
        running.channel.stream_unary(PREDICT)(iter(()), timeout=20)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == f'"{PREDICT}" requires exactly one request message.'


def test_health_is_watched_as_before(running):
    watch = health_pb2_grpc.HealthStub(running.channel).Watch(health_pb2.HealthCheckRequest(), timeout=20)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()
