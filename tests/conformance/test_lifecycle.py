"""Versions that come, go, break and change places while the server answers, seen from outside over HTTP."""

import os
import shutil
import threading
import time

import httpx
import numpy as np
import pytest

from serving.errors import ServingError
from serving.server.server import Server
from serving.server.settings import Settings
from serving.tensors import tensor_proto, tfrecord
from serving.verify import warmup_requests
from tests.conformance.versions import FAST, configure, publish


def eventually(look, wanted, seconds=20):
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found == wanted


def states(running, name="m"):
    return {int(entry["version"]): entry["state"]
            for entry in running.http.get(f"/v1/models/{name}").json()["model_version_status"]}


def predict(running, path="/v1/models/m"):
    response = running.http.post(f"{path}:predict", json={"instances": [1.0]})
    return response.json().get("predictions", [response.status_code])[0]


@pytest.fixture
def base(tmp_path, built):
    folder = tmp_path / "m"
    folder.mkdir()
    publish(built / "line", folder, 1)
    return folder


@pytest.fixture
def running(serve, base):
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        yield running


def test_a_new_version_takes_over_and_the_old_one_stays_listed(running, base, built):
    assert predict(running) == 2.5
    publish(built / "triple", base, 2)
    eventually(lambda: predict(running), 5.0)
    eventually(lambda: states(running), {2: "AVAILABLE", 1: "END"})
    assert predict(running, "/v1/models/m/versions/1") == 404


def test_removing_the_new_version_brings_the_old_one_back(running, base, built):
    publish(built / "triple", base, 2)
    eventually(lambda: predict(running), 5.0)
    shutil.rmtree(base / "2")
    eventually(lambda: predict(running), 2.5)
    eventually(lambda: states(running), {2: "END", 1: "AVAILABLE"})


def test_what_is_no_number_is_no_version(running, base, built):
    for name in ("notes", "2.5", "-3", "1e3", ".staging-9"):
        shutil.copytree(built / "triple", base / name)
    time.sleep(0.3)
    assert states(running) == {1: "AVAILABLE"}


def test_leading_zeros(running, base, built):
    publish(built / "triple", base, "00000007")
    eventually(lambda: predict(running, "/v1/models/m/versions/7"), 5.0)


def test_emptying_the_base_path_unloads_the_model(running, base):
    shutil.rmtree(base / "1")
    eventually(lambda: states(running), {1: "END"})
    assert predict(running) == 404


def test_a_base_path_that_vanishes_changes_nothing(running, base):
    eventually(lambda: predict(running), 2.5)
    os.rename(base, base.with_name("away"))
    time.sleep(0.3)
    assert predict(running) == 2.5


def test_a_bad_new_version_leaves_the_old_one_serving(running, base, built):
    shutil.copytree(built / "triple", base / ".bad")
    (base / ".bad/saved_model.pb").write_bytes(b"this is no model")
    os.rename(base / ".bad", base / "2")
    eventually(lambda: states(running), {2: "END", 1: "AVAILABLE"})
    entry = running.http.get("/v1/models/m/versions/2").json()["model_version_status"][0]
    assert entry["status"]["error_code"] == "DATA_LOSS"
    assert "saved_model.pb cannot be parsed" in entry["status"]["error_message"]
    assert predict(running) == 2.5
    publish(built / "triple", base, 3)
    eventually(lambda: predict(running), 5.0)


@pytest.mark.slow
def test_a_version_whose_warm_up_fails_is_tried_again_and_then_given_up(running, base, built):
    shutil.copytree(built / "triple", base / ".bad")
    (base / ".bad/assets.extra").mkdir()
    wrong = warmup_requests.predict_log("no such signature", {"x": tensor_proto.from_array(np.float32([1]))})
    tfrecord.write(base / ".bad/assets.extra/tf_serving_warmup_requests", [wrong.SerializeToString()])
    os.rename(base / ".bad", base / "2")
    eventually(lambda: states(running), {2: "END", 1: "AVAILABLE"})
    status = running.http.get("/v1/models/m/versions/2").json()["model_version_status"][0]["status"]
    assert status == {"error_code": "FAILED_PRECONDITION",
                      "error_message": 'Serving signature key "no such signature" not found.'}
    assert predict(running) == 2.5
    time.sleep(0.3)
    assert states(running)[2] == "END", "the same number is not tried again while it stays there"


def test_warm_up_runs_before_the_first_request(serve, base, built):
    shutil.copytree(built / "triple", base / ".warm")
    (base / ".warm/assets.extra").mkdir()
    log = warmup_requests.predict_log("serving_default", {"x": tensor_proto.from_array(np.float32([1]))})
    tfrecord.write(base / ".warm/assets.extra/tf_serving_warmup_requests", [log.SerializeToString()] * 3)
    os.rename(base / ".warm", base / "2")
    with serve(model_base_path=str(base), model_name="m", num_request_iterations_for_warmup=2) as running:
        text = running.server.metrics.text()
    assert f':tensorflow:serving:model_warmup_records_read{{model_path="{base}/2",status="OK"}} 3' in text
    assert ":tensorflow:serving:model_warmup_latency_count" in text


def test_a_slowly_copied_version_is_not_served_half(running, base, built):
    """File by file, in the order of `cp -r`, each in pieces: no answer is ever anything but a whole version's."""
    answers, stop = [], threading.Event()

    def watch():
        with httpx.Client(base_url=running.http.base_url) as client:
            while not stop.is_set():
                response = client.post("/v1/models/m:predict", json={"instances": [1.0]})
                answers.append((response.status_code, response.text.split()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    target = base / "2"
    for file in ("saved_model.pb", "fingerprint.pb", "variables/variables.index",
                 "variables/variables.data-00000-of-00001"):
        content = (built / "triple" / file).read_bytes()
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        half = len(content) // 2
        for part in (content[:half], content[half:]):
            with open(target / file, "ab") as out:
                out.write(part)
            time.sleep(0.12)
    eventually(lambda: predict(running), 5.0)
    stop.set()
    watcher.join()
    assert {status for status, _ in answers} == {200}
    assert {text[2] for _, text in answers} <= {"[2.5", "[5.0"}


def test_a_version_that_never_becomes_whole_is_given_up_and_still_welcome(running, base, built):
    shutil.copytree(built / "triple", base / ".part")
    (base / ".part/variables/variables.index").rename(base / "index")
    os.rename(base / ".part", base / "2")
    eventually(lambda: states(running), {2: "END", 1: "AVAILABLE"})
    message = running.http.get("/v1/models/m/versions/2").json()["model_version_status"][0]["status"]["error_message"]
    assert "variables/variables.index is not there" in message
    assert "rename it when it is whole" in message
    (base / "index").rename(base / "2/variables/variables.index")
    eventually(lambda: predict(running), 5.0)


def one_model(base, more):
    return f'model_config_list {{ config {{ name: "m" base_path: "{base}" model_platform: "tensorflow" {more} }} }}'


def test_policies(serve, base, built, tmp_path):
    publish(built / "triple", base, 2)
    publish(built / "line", base, 3)
    config = tmp_path / "models.config"

    def wants(policy):
        configure(config, one_model(base, f"model_version_policy {{ {policy} }}"))

    wants("latest { num_versions: 2 }")
    with serve(model_config_file=str(config), model_config_file_poll_wait_seconds=0.05, **FAST) as running:
        eventually(lambda: states(running), {3: "AVAILABLE", 2: "AVAILABLE"})
        wants("specific { versions: 1 versions: 3 }")
        eventually(lambda: states(running), {3: "AVAILABLE", 2: "END", 1: "AVAILABLE"})
        wants("all {}")
        eventually(lambda: states(running), {3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        configure(config, "this is no config")
        time.sleep(0.2)
        assert predict(running) == 2.5, "a config that cannot be read changes nothing"


def test_labels_move_between_versions(serve, base, built, tmp_path):
    publish(built / "triple", base, 2)
    config = tmp_path / "models.config"

    def points(stable):
        labels = f'version_labels {{ key: "stable" value: {stable} }}'
        configure(config, one_model(base, "model_version_policy { all {} } " + labels))

    points(1)
    with serve(model_config_file=str(config), model_config_file_poll_wait_seconds=0.05,
               allow_version_labels_for_unavailable_models=True, **FAST) as running:
        assert predict(running, "/v1/models/m/labels/stable") == 2.5
        points(2)
        eventually(lambda: predict(running, "/v1/models/m/labels/stable"), 5.0)


def test_a_label_for_a_missing_version_keeps_the_server_from_starting(base, tmp_path):
    config = tmp_path / "models.config"
    config.write_text(one_model(base, 'version_labels { key: "stable" value: 9 }'))
    values = {"port": None, "rest_api_port": None, "model_config_file": str(config)}
    with pytest.raises(ServingError, match="not currently available for inference") as caught:
        Server(Settings.from_flags(values)).start()
    assert caught.value.code == "FAILED_PRECONDITION"


def swap_under_load(running, base, built, swaps):
    """Publishes one version after another while clients ask; returns how many answers there were."""
    answers, failures, stop = [], [], threading.Event()

    def ask():
        with httpx.Client(base_url=running.http.base_url, timeout=30) as client:
            while not stop.is_set():
                response = client.post("/v1/models/m:predict", json={"instances": [1.0]})
                (answers if response.status_code == 200 else failures).append(response.text)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    for version in range(2, swaps + 2):
        publish(built / ("triple" if version % 2 else "line"), base, version)
        eventually(lambda version=version: states(running).get(version), "AVAILABLE")
        shutil.rmtree(base / str(version - 1))
    stop.set()
    for client in clients:
        client.join()
    assert not failures, failures[:3]
    return len(answers)


def test_hot_swaps_lose_no_request(running, base, built):
    assert swap_under_load(running, base, built, 8) > 20


@pytest.mark.slow
def test_a_hundred_hot_swaps_lose_no_request(running, base, built):
    assert swap_under_load(running, base, built, 100) > 1000


@pytest.mark.slow
def test_memory_stays_flat_over_200_loads(serve, base, built, tmp_path):
    import psutil

    process = psutil.Process()
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        used = []
        for version in range(2, 202):
            publish(built / "line", base, version)
            shutil.rmtree(base / str(version - 1))
            eventually(lambda version=version: states(running).get(version), "AVAILABLE")
            if version in (51, 201):
                eventually(lambda: "UNLOADING" in states(running).values(), False)
                used.append(process.memory_info().rss)
    # 150 cycles of a model that takes about 3 MB while it is loaded; TensorFlow itself keeps some 60 kB a cycle.
    assert used[1] - used[0] < 25e6
