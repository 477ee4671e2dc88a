"""Reloads that are mistyped and then corrected: the newest one counts, whatever an older one waits for."""

import shutil
import sys
import time
import traceback

import grpc
import pytest

from serving.tensors.protos import model_service_pb2_grpc
from tests.conformance.test_lifecycle import FAST, eventually, one_model, predict, publish, states
from tests.conformance.test_model_service import refused, reload_request


@pytest.fixture
def base(tmp_path, built):
    (tmp_path / "m").mkdir()
    publish(built / "line", tmp_path / "m", 1)
    return tmp_path / "m"


@pytest.fixture
def running(serve, base):
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        yield running


@pytest.fixture
def reload(running):
    stub = model_service_pb2_grpc.ModelServiceStub(running.channel)

    def call(timeout=30, **paths):
        request = reload_request(*((name, str(path), "tensorflow") for name, path in paths.items()))
        return stub.HandleReloadConfigRequest.future(request, timeout=timeout)

    return call


def other(running):
    return predict(running, "/v1/models/n")


def ready(running):
    return running.http.get("/readyz").status_code


@pytest.fixture
def good(tmp_path, built):
    """Another model, whose version 1 answers 5.0."""
    (tmp_path / "good").mkdir()
    publish(built / "triple", tmp_path / "good", 1)
    return tmp_path / "good"


def test_a_corrected_reload_takes_the_place_of_the_one_that_waits(running, reload, base, good):
    mistyped = reload(m=base, n=good.with_name("goood"))
    eventually(lambda: ready(running), 503)
    start = time.monotonic()
    assert reload(m=base, n=good).result().status.error_code == 0
    assert time.monotonic() - start < 5
    assert (other(running), ready(running)) == (5.0, 200)
    assert mistyped.code() is grpc.StatusCode.ABORTED
    assert mistyped.details() == (f"Model n was waited for in {good}".replace("good", "goood") +
                                  ", and a newer configuration has told otherwise")


def test_a_reload_that_takes_the_model_back_does_so_as_well(running, reload, base, good):
    mistyped = reload(m=base, n=good.with_name("goood"))
    eventually(lambda: ready(running), 503)
    assert reload(m=base).result().status.error_code == 0
    assert (ready(running), mistyped.code()) == (200, grpc.StatusCode.ABORTED)


def test_a_reload_goes_on_waiting_for_what_a_newer_one_wants_too(running, reload, base, good, built, tmp_path):
    late = tmp_path / "late"
    first = reload(m=base, n=late)
    eventually(lambda: ready(running), 503)
    second = reload(m=base, n=late, more=good)
    eventually(lambda: predict(running, "/v1/models/more"), 5.0)
    assert not first.done()
    late.mkdir()
    publish(built / "triple", late, 1)
    assert [call.result().status.error_code for call in (first, second)] == [0, 0]


def test_a_broken_version_elsewhere_says_nothing_of_the_right_one(running, reload, base, good, tmp_path):
    wrong = tmp_path / "wrong"
    shutil.copytree(good, wrong)
    (wrong / "1/saved_model.pb").write_bytes(b"no model")
    assert reload(m=base, n=wrong).code() is grpc.StatusCode.UNKNOWN
    assert reload(m=base, n=good).result().status.error_code == 0
    assert other(running) == 5.0


def test_a_version_that_still_arrives_elsewhere_is_waited_for_no_more(serve, base, good, tmp_path):
    wrong = tmp_path / "wrong"
    (wrong / "1").mkdir(parents=True)
    with serve(model_base_path=str(base), model_name="m", **{**FAST, "incomplete_version_wait_seconds": 60}) as running:
        stub = model_service_pb2_grpc.ModelServiceStub(running.channel)
        waiting = stub.HandleReloadConfigRequest.future(reload_request(("n", str(wrong), "tensorflow")), timeout=30)
        eventually(lambda: running.server.store.names(), ["n"])
        time.sleep(0.2)
        stub.HandleReloadConfigRequest(reload_request(("n", str(good), "tensorflow")), timeout=10)
        assert other(running) == 5.0
        assert waiting.code() is grpc.StatusCode.ABORTED


def test_the_same_number_in_another_base_path_takes_over_without_a_gap(running, reload, base, good):
    assert predict(running) == 2.5
    reload(m=good).result()
    answers = set()

    def ask():
        answers.add(predict(running))
        return 5.0 in answers

    eventually(ask, True)
    assert answers <= {2.5, 5.0}
    eventually(lambda: states(running), {1: "AVAILABLE"})
    reload(m=base).result()
    eventually(lambda: predict(running), 2.5)


def test_a_base_path_without_any_version_that_loads_leaves_the_old_one(running, reload, base, good, tmp_path):
    shutil.copytree(good, tmp_path / "wrong")
    (tmp_path / "wrong/1/saved_model.pb").write_bytes(b"no model")
    reload(m=tmp_path / "wrong").result()
    eventually(lambda: states(running), {1: "END"})
    assert predict(running) == 2.5
    reload(m=good).result()
    eventually(lambda: predict(running), 5.0)


def test_nobody_waits_for_a_client_that_has_gone(running, reload, base, good):
    def waiting():
        return sum(1 for frame in sys._current_frames().values() for found, _ in traceback.walk_stack(frame)
                   if found.f_code.co_name == "_wait_for" and "store" in found.f_code.co_filename)

    call = reload(m=base, n=good.with_name("goood"))
    eventually(waiting, 1)
    call.cancel()
    eventually(waiting, 0)
    assert predict(running) == 2.5


def test_a_base_path_that_no_disk_has(running):
    stub = model_service_pb2_grpc.ModelServiceStub(running.channel)
    code, message = refused(stub.HandleReloadConfigRequest, reload_request(("n", "/a\0b", "tensorflow")))
    assert code == "INVALID_ARGUMENT"
    assert message.startswith("Expected model n to have an absolute path or URI")


def test_a_configuration_file_corrects_what_it_mistyped(serve, base, good, tmp_path):
    config = tmp_path / "models.config"
    second = '}} config {{ name: "n" base_path: "{}" model_platform: "tensorflow"'
    config.write_text(one_model(base, ""))
    with serve(model_config_file=str(config), model_config_file_poll_wait_seconds=0.05, **FAST) as running:
        config.write_text(one_model(base, second.format(good.with_name("goood"))))
        eventually(lambda: ready(running), 503)
        config.write_text(one_model(base, second.format(good)))
        eventually(lambda: other(running), 5.0)
        assert ready(running) == 200


def test_without_polling_a_configuration_file_is_read_once(serve, base, good, tmp_path):
    config = tmp_path / "models.config"
    config.write_text(one_model(base, ""))
    with serve(model_config_file=str(config), model_config_file_poll_wait_seconds=0, **FAST) as running:
        config.write_text(one_model(good, ""))
        time.sleep(0.5)
        assert (predict(running), ready(running)) == (2.5, 200)
