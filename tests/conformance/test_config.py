"""Config files, labels and calls that wait: what is refused changes nothing, what is corrected is taken over."""

import os
import shutil
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from serving.errors import ServingError
from serving.server.server import Server
from serving.server.settings import Settings
from serving.tensors.protos import model_management_pb2, model_service_pb2_grpc

FAST = {"file_system_poll_wait_seconds": 0.05, "incomplete_version_wait_seconds": 0.5}
ALL = "model_version_policy { all {} } "


def one(name, base, more=""):
    return f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" {more} }} '


def label(version, name="stable"):
    return f'version_labels {{ key: "{name}" value: {version} }} '


def predict(running, path):
    response = running.http.post(f"/v1/models/{path}:predict", json={"instances": [1.0]})
    return response.json().get("predictions", [response.status_code])[0]


def eventually(look, wanted, seconds=20):
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found == wanted


@pytest.fixture
def base(tmp_path, built):
    shutil.copytree(built / "line", tmp_path / "m/1")
    return tmp_path / "m"


@pytest.fixture
def write(tmp_path):
    """Writes the config file in one step; returns its path."""
    def put(*configs):
        (tmp_path / "aside").write_text(f"model_config_list {{ {''.join(configs)} }}")
        os.replace(tmp_path / "aside", tmp_path / "models.config")
        return str(tmp_path / "models.config")

    return put


def test_at_first_start_no_version_can_have_a_label_yet(write, base):
    values = {"port": None, "rest_api_port": None, **FAST,
              "model_config_file": write(one("m", base, label(1)))}
    with pytest.raises(ServingError, match=r"^Request to assign label to version 1 of model m, which is not "
                                           r"currently available for inference$") as caught:
        Server(Settings.from_flags(values)).start()
    assert caught.value.code == "FAILED_PRECONDITION"


def test_a_label_waits_for_its_version(serve, write, base, built):
    """The file may be written before the version that it names has come; nothing else of it holds until then."""
    with serve(model_config_file=write(one("m", base, ALL)), model_config_file_poll_wait_seconds=0.05,
               **FAST) as running:
        write(one("m", base, ALL + label(2)), one("other", base))
        time.sleep(0.3)
        assert predict(running, "m/labels/stable") == 400
        assert predict(running, "other") == 404
        shutil.copytree(built / "triple", base / "2")
        eventually(lambda: predict(running, "m/labels/stable"), 5.0)
        eventually(lambda: predict(running, "other"), 5.0)


def test_only_a_new_label_may_run_ahead_of_its_version(serve, write, base, built):
    with serve(model_config_file=write(one("m", base, ALL + label(1))), model_config_file_poll_wait_seconds=0.05,
               allow_version_labels_for_unavailable_models=True, **FAST) as running:
        write(one("m", base, ALL + label(1) + label(2, "canary")))
        eventually(lambda: predict(running, "m/labels/canary"), 404)
        write(one("m", base, ALL + label(3) + label(2, "canary")))
        time.sleep(0.3)
        assert predict(running, "m/labels/stable") == 2.5, "a label in use stays where it answers"
        shutil.copytree(built / "triple", base / "3")
        eventually(lambda: predict(running, "m/labels/stable"), 5.0)


def test_a_mistyped_path_can_be_corrected(serve, write, base, tmp_path):
    with serve(model_config_file=write(one("m", base)), model_config_file_poll_wait_seconds=0.05, **FAST) as running:
        write(one("m", base), one("new", tmp_path / "typo"))
        time.sleep(0.3)
        write(one("m", base), one("new", base))
        eventually(lambda: predict(running, "new"), 2.5)


def test_a_refused_reload_changes_nothing(serve, base):
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        reload = model_service_pb2_grpc.ModelServiceStub(running.channel).HandleReloadConfigRequest
        request = model_management_pb2.ReloadConfigRequest()
        config = request.config.model_config_list.config.add(name="other", base_path=str(base),
                                                             model_platform="tensorflow")
        config.version_labels["stable"] = 1
        with pytest.raises(grpc.RpcError) as caught:
            reload(request, timeout=20)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert (predict(running, "m"), predict(running, "other")) == (2.5, 404)


def never():
    """A stream of requests without a single one; ends with its call."""
    threading.Event().wait(30)
    yield from ()


def endless(base, tmp_path):
    """A reload that waits for the first version of a model that has none."""
    (tmp_path / "empty").mkdir()
    request = model_management_pb2.ReloadConfigRequest()
    for name, path in (("m", base), ("empty", tmp_path / "empty")):
        request.config.model_config_list.config.add(name=name, base_path=str(path), model_platform="tensorflow")
    return request


@pytest.mark.parametrize("kind", ["uploads", "reflections", "reloads"])
def test_calls_that_wait_hinder_nobody(serve, base, tmp_path, kind):
    with serve(model_base_path=str(base), model_name="m", grpc_max_threads=2, drain_seconds=1.0, **FAST) as running:
        stub = model_service_pb2_grpc.ModelServiceStub(running.channel)
        if kind == "uploads":
            start = running.channel.stream_unary("/tensorflow.serving.PredictionService/Predict").future
            waiting = [start(never(), timeout=30) for _ in range(3)]
        elif kind == "reflections":
            start = reflection_pb2_grpc.ServerReflectionStub(running.channel).ServerReflectionInfo
            waiting = [start(never(), timeout=30) for _ in range(3)]
        else:
            request = endless(base, tmp_path)
            waiting = [stub.HandleReloadConfigRequest.future(request, timeout=30) for _ in range(3)]
        time.sleep(0.2)
        answer = running.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            answer(b"", timeout=10)
        assert caught.value.details() == "Missing ModelSpec"
        for call in waiting:
            call.cancel()


def test_who_watches_the_health_is_told_and_let_go(serve, base):
    with serve(model_base_path=str(base), model_name="m", enable_grpc_healthcheck_service=True, drain_seconds=60.0,
               **FAST) as running:
        watch = health_pb2_grpc.HealthStub(running.channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
        seen = [next(watch).status]
        running.server.stop()
        seen += [answer.status for answer in watch]
    states = health_pb2.HealthCheckResponse
    assert seen == [states.SERVING, states.NOT_SERVING]
    assert watch.code() is grpc.StatusCode.OK


def test_a_reload_that_waits_does_not_keep_a_server_from_ending(serve, base, tmp_path):
    with serve(model_base_path=str(base), model_name="m", drain_seconds=60.0, **FAST) as running:
        stub = model_service_pb2_grpc.ModelServiceStub(running.channel)
        waiting = stub.HandleReloadConfigRequest.future(endless(base, tmp_path), timeout=30)
        eventually(lambda: running.server.store.names(), ["empty", "m"])
        running.server.stop()
        assert (waiting.code(), waiting.details()) == (grpc.StatusCode.UNAVAILABLE, "The server is shutting down.")
