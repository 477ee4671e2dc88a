"""What any gRPC server is asked for: health, and which services it has."""

from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc


def test_health_service(running):
    stub = health_pb2_grpc.HealthStub(running.channel)
    for name in ("", "ModelService", "PredictionService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection(running):
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    listed = next(iter(stub.ServerReflectionInfo(iter([request])))).list_services_response.service
    names = {service.name for service in listed}
    assert {"tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"} <= names
    assert descriptor_pool.Default().FindServiceByName("tensorflow.serving.PredictionService").methods_by_name
