"""ModelService over a real socket: the status of versions, and another set of models in place of the first."""

import shutil
import time

import grpc
import numpy as np
import pytest

from serving.tensors import tensor_proto
from serving.tensors.protos import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


def refused(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=30)
    return caught.value.code().name, caught.value.details()


@pytest.fixture(scope="module")
def model(running):
    return model_service_pb2_grpc.ModelServiceStub(running.channel)


def test_status(model):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "two"
    found = model.GetModelStatus(request).model_version_status
    assert [(entry.version, entry.state, entry.status.error_code) for entry in found] == [(2, 30, 0), (1, 30, 0)]
    request.model_spec.version.value = 99
    assert refused(model.GetModelStatus, request) == ("NOT_FOUND", "Could not find version 99 of model two")
    request = get_model_status_pb2.GetModelStatusRequest()
    assert refused(model.GetModelStatus, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    request.model_spec.name = "nobody"
    assert refused(model.GetModelStatus, request) == ("NOT_FOUND", "Could not find any versions of model nobody")


def reload_request(*configs):
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    for name, base_path, platform in configs:
        request.config.model_config_list.config.add(name=name, base_path=base_path, model_platform=platform)
    return request


def test_reload(serve, models, built):
    line = str(models / "toys")
    with serve(model_base_path=line, model_name="first") as running:
        service = model_service_pb2_grpc.ModelServiceStub(running.channel)
        reload = service.HandleReloadConfigRequest
        assert reload(reload_request(("second", line, "tensorflow"))).status.error_code == 0
        ask = {"instances": [1.0]}
        assert running.http.post("/v1/models/second:predict", json=ask).json() == {"predictions": [2.5]}
        assert running.http.post("/v1/models/first:predict", json=ask).status_code == 404
        states = _eventually(lambda: running.http.get("/v1/models/first").json()["model_version_status"][0]["state"])
        assert states == "END"

        assert refused(reload, model_management_pb2.ReloadConfigRequest())[0] == "INVALID_ARGUMENT"
        assert refused(reload, reload_request(("a", "relative", "tensorflow"))) == (
            "INVALID_ARGUMENT", "Expected model a to have an absolute path or URI; got base_path()=relative")
        assert refused(reload, reload_request(("a", line, "tensorflow"), ("a", line, "tensorflow"))) == (
            "INVALID_ARGUMENT", "Illegal to list model a multiple times in config list")
        assert refused(reload, reload_request(("a", line, "")))[0] == "INVALID_ARGUMENT"
        assert refused(reload, reload_request(("second", line, "other")))[0] == "INVALID_ARGUMENT"
        assert running.http.post("/v1/models/second:predict", json={"instances": [1.0]}).status_code == 200


def test_reload_of_a_model_that_cannot_load_is_unknown(serve, models, tmp_path):
    (tmp_path / "bad" / "1").mkdir(parents=True)
    (tmp_path / "bad" / "1" / "saved_model.pb").write_bytes(b"not a model")
    with serve(model_base_path=str(models / "toys"), model_name="good", max_num_load_retries=0,
               incomplete_version_wait_seconds=0.3) as running:
        service = model_service_pb2_grpc.ModelServiceStub(running.channel)
        request = reload_request(("good", str(models / "toys"), "tensorflow"),
                                 ("bad", str(tmp_path / "bad"), "tensorflow"))
        code, message = refused(service.HandleReloadConfigRequest, request)
        assert code == "UNKNOWN"
        assert "bad" in message
        assert running.http.post("/v1/models/good:predict", json={"instances": [1.0]}).status_code == 200


def test_a_version_that_is_waited_for_no_more_has_ended(serve, models, built, tmp_path):
    shutil.copytree(built / "line", tmp_path / "late/1")
    with serve(model_base_path=str(tmp_path / "late"), model_name="late", incomplete_version_wait_seconds=60,
               file_system_poll_wait_seconds=1) as running:
        (tmp_path / "late/2").mkdir()  # nothing in it yet

        def states():
            found = running.http.get("/v1/models/late").json()["model_version_status"]
            return [(row["version"], row["state"]) for row in found]

        assert _eventually(states, [("2", "START"), ("1", "AVAILABLE")]) == [("2", "START"), ("1", "AVAILABLE")]
        service = model_service_pb2_grpc.ModelServiceStub(running.channel)
        service.HandleReloadConfigRequest(reload_request(("other", str(models / "toys"), "tensorflow")))
        assert _eventually(states, [("2", "END"), ("1", "END")]) == [("2", "END"), ("1", "END")]


def test_reload_with_a_label_for_no_version(serve, models):
    with serve(model_base_path=str(models / "toys"), model_name="toys") as running:
        service = model_service_pb2_grpc.ModelServiceStub(running.channel)
        request = reload_request(("toys", str(models / "toys"), "tensorflow"))
        request.config.model_config_list.config[0].version_labels["next"] = 7
        assert refused(service.HandleReloadConfigRequest, request)[0] == "FAILED_PRECONDITION"
        request.config.model_config_list.config[0].version_labels["next"] = 1
        service.HandleReloadConfigRequest(request)
        asked = predict_pb2.PredictRequest()
        asked.model_spec.name, asked.model_spec.version_label = "toys", "next"
        asked.inputs["x"].CopyFrom(tensor_proto.from_array(np.float32([1, 2])))
        answer = prediction_service_pb2_grpc.PredictionServiceStub(running.channel).Predict(asked)
        assert tensor_proto.to_array(answer.outputs["y"]).tolist() == [2.5, 3.0]


def _eventually(look, wanted="END", seconds=10):
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found
