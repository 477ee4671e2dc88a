"""The server as a process: how it is started, what it prints, how it ends."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import grpc
import httpx
import numpy as np
import pytest

from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment():
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}


def once(*arguments):
    """A server that ends by itself: exit code, output and errors."""
    done = subprocess.run([sys.executable, "-m", "serving", *arguments], capture_output=True, text=True, timeout=60,
                          env=environment())
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def started(*arguments, program=("-m", "serving")):
    """A server in a process of its own; yields the process, an HTTP client and both ports."""
    ports = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, *program, *arguments, f"--port={ports[0]}", f"--rest_api_port={ports[1]}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    client = httpx.Client(base_url=f"http://127.0.0.1:{ports[1]}", timeout=30)
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                client.get("/healthz")
                break
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        yield process, client, ports
    finally:
        client.close()
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_nothing_to_serve():
    code, out, _ = once()
    assert code == 255
    assert out == ("Failed to start server. Error: INVALID_ARGUMENT: Both server_options.model_base_path and "
                   "server_options.model_config_file are empty!\n")


def test_a_broken_config(tmp_path):
    (tmp_path / "models.config").write_text("model_config_list { konfig {} }")
    code, out, err = once(f"--model_config_file={tmp_path}/models.config")
    assert code == 255
    assert out.startswith("Failed to start server. Error: ")
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:21" in err
    assert "Traceback" not in err


def test_a_value_that_does_not_fit():
    code, out, _ = once("--port=eighty")
    assert code == 255
    assert out.startswith("--port must be a whole number. Received: 'eighty'.")


def test_version():
    code, out, _ = once("--version")
    assert code == 0
    assert "TensorFlow Library: " in out


@pytest.mark.slow
def test_a_port_in_use(built):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for flag, other in (("rest_api_port", "port"), ("port", "rest_api_port")):
            code, out, err = once(f"--model_base_path={built}", f"--{flag}={port}", f"--{other}={free_port()}")
            assert code == 255
            assert f"--{flag} must name an address that nobody else listens on. Received: 127.0.0.1:{port}" in out
            assert "Traceback" not in err


def test_unknown_flags_are_printed_and_ignored_and_idle_ones_warned_of(built, tmp_path):
    (tmp_path / "models.config").write_text("model_config_list {}")
    with started(f"--model_config_file={tmp_path}/models.config", "--enable_batchin=true",
                 "--prefer_tflite_model=true") as (process, client, _):
        assert client.get("/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "unknown argument: --enable_batchin=true Did you mean --enable_batching?" in out
    assert "--prefer_tflite_model is accepted and ignored" in err


def test_without_a_model_it_starts_without_tensorflow(tmp_path):
    """How long that takes is measured by benchmarks/serving_speed.py; that TensorFlow stays out is why it is short."""
    code = "import sys; from serving import server; sys.exit('tensorflow' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_sigterm_finishes_what_was_accepted(models):
    with started(f"--model_base_path={models}/toys", "--model_name=toys") as (process, client, ports):
        channel = grpc.insecure_channel(f"127.0.0.1:{ports[0]}")
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "toys", "slow"
        request.inputs["x"].CopyFrom(tensor_proto.from_array(np.float32([300])))
        over_grpc = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.future(request)
        answers = []
        body = {"signature_name": "slow", "instances": [300.0]}
        over_http = threading.Thread(target=lambda: answers.append(client.post("/v1/models/toys:predict", json=body)))
        over_http.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        over_http.join()
        assert answers[0].json() == {"predictions": [300.0]}
        assert tensor_proto.to_array(over_grpc.result(timeout=30).outputs["y"]).tolist() == [300.0]
        channel.close()
        assert process.wait(timeout=20) == 0
        with pytest.raises(httpx.TransportError):
            client.get("/healthz")


SLOW = """
import sys, time
from serving.models.servable import Loader
from serving.__main__ import main

load, slow = Loader.load, int(sys.argv.pop(1))

def load_slowly(self, name, version, path):
    if version >= slow:
        print("loading", flush=True)
        time.sleep(60)
    return load(self, name, version, path)

Loader.load = load_slowly
sys.exit(main(sys.argv[1:]))
"""


def ends_at_once(process):
    assert process.stdout.readline() == "loading\n"
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(50) == 0
    assert time.monotonic() - start < 20


@pytest.mark.slow
def test_sigterm_does_not_wait_for_the_first_version(models):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "1", f"--model_base_path={models}/toys", f"--port={free_port()}"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
    try:
        ends_at_once(process)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_sigterm_does_not_wait_for_the_next_version_beside_one_that_answers(models, tmp_path):
    shutil.copytree(models / "toys" / "1", tmp_path / "toys" / "1")
    with started(f"--model_base_path={tmp_path}/toys", "--model_name=toys", "--file_system_poll_wait_seconds=1",
                 program=("-c", SLOW, "2")) as (process, client, _):
        assert client.post("/v1/models/toys:predict", json={"instances": [1.0]}).json() == {"predictions": [2.5]}
        shutil.copytree(models / "toys" / "1", tmp_path / "2")
        os.rename(tmp_path / "2", tmp_path / "toys" / "2")
        ends_at_once(process)


@pytest.mark.slow
def test_access_log(models, tmp_path):
    log = tmp_path / "access.log"
    flags = f"--model_base_path={models}/toys", "--model_name=toys", f"--access_log={log}"
    with started(*flags) as (process, client, _):
        client.post("/v1/models/toys:predict", json={"instances": [1.0]})
        client.post("/v1/models/nobody:predict", json={"instances": [1.0]})
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    entries = [json.loads(line) for line in log.read_text().splitlines()]  # whole once the server has ended
    found = [(e["via"], e["request"], e["model"], e["status"]) for e in entries if "healthz" not in e["request"]]
    assert found == [("REST", "POST /v1/models/toys:predict", "toys", 200),
                     ("REST", "POST /v1/models/nobody:predict", "nobody", 404)]
    assert all(e["ms"] >= 0 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", e["time"]) for e in entries)


def test_res3d_serve(models):
    with started("serve", f"{models}/two", program=("-m", "res3d.commands.main")) as (process, client, ports):
        assert client.post("/v1/models/two:predict", json={"instances": [1.0]}).json() == {"predictions": [5.0]}
        assert ":tensorflow:serving:request_count" in client.get("/monitoring/prometheus/metrics").text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"gRPC  127.0.0.1:{ports[0]}" in out
    assert "Traceback" not in err


@pytest.mark.parametrize(("folder", "message"), [
    ("nothing", "DIR/NAME must be a folder with numbered versions."),
    ("", "DIR/NAME must hold at least one version, a folder whose name is a number.")])
def test_res3d_serve_of_no_model(tmp_path, folder, message):
    done = subprocess.run([sys.executable, "-m", "res3d.commands.main", "serve", str(tmp_path / folder)],
                          capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 1
    assert done.stderr.startswith("res3d serve: error: " + message)
    assert len(done.stderr.splitlines()) == 1


def test_unix_socket(serve, models, tmp_path):
    path = tmp_path / "s"
    with (serve(model_base_path=str(models / "toys"), model_name="toys", grpc_socket_path=str(path)),
          grpc.insecure_channel(f"unix:{path}") as channel):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "toys"
        request.inputs["x"].CopyFrom(tensor_proto.from_array(np.float32([1])))
        answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=20)
    assert answer.outputs["y"].float_val == [2.5]


def test_tls(serve, models, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
                   check=True, capture_output=True)
    key, certificate = (tmp_path / "key").read_text(), (tmp_path / "cert").read_text()
    config = tmp_path / "ssl.config"
    config.write_text(f"server_key: {json.dumps(key)}\nserver_cert: {json.dumps(certificate)}\nclient_verify: false\n")
    with serve(model_base_path=str(models / "toys"), model_name="toys", ssl_config_file=str(config)) as running:
        credentials = grpc.ssl_channel_credentials(certificate.encode())
        target = f"localhost:{running.server.grpc_address.rpartition(':')[2]}"
        with grpc.secure_channel(target, credentials) as channel:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "toys"
            request.inputs["x"].CopyFrom(tensor_proto.from_array(np.float32([1])))
            answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=20)
    assert answer.outputs["y"].float_val == [2.5]
