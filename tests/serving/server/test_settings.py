"""Settings: flags' units become seconds and bytes, files are read once, and what cannot be is refused by name."""

import dataclasses

import pytest

from serving.server import flags
from serving.server.settings import METRICS_PATH, Settings


def test_units_are_seconds_and_bytes():
    settings = Settings.from_flags({"load_retry_interval_micros": 250_000, "rest_api_timeout_in_ms": 1500,
                                    "drain_seconds": 2.5, "max_body_bytes": 10})
    assert (settings.store.retry_seconds, settings.rest.timeout_seconds) == (0.25, 1.5)
    assert (settings.drain_seconds, settings.rest.max_body_bytes) == (2.5, 10)


def test_what_is_left_out_keeps_its_default():
    settings = Settings.from_flags({})
    assert settings == Settings.from_flags(flags.defaults())
    assert settings.loading.tags == ("serve",)
    assert settings.loading.threads is None
    assert settings.models.base_path == ""
    assert settings.ignored == ()


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_flags({}).host = "0.0.0.0"


def test_paths_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_flags({"model_base_path": "exports/m", "grpc_socket_path": "s"})
    assert settings.models.base_path == str(tmp_path / "exports/m")
    assert settings.grpc.socket_path == str(tmp_path / "s")


def test_files_that_flags_name_are_read(tmp_path):
    (tmp_path / "batching").write_text("max_batch_size { value: 8 }")
    (tmp_path / "monitoring").write_text("prometheus_config { enable: true }")
    (tmp_path / "ssl").write_text('server_key: "k" server_cert: "c"')
    settings = Settings.from_flags({
        "enable_batching": True, "batching_parameters_file": str(tmp_path / "batching"),
        "monitoring_config_file": str(tmp_path / "monitoring"), "ssl_config_file": str(tmp_path / "ssl")})
    assert settings.loading.batching.max_batch_size == 8
    assert settings.rest.metrics_path == METRICS_PATH
    assert settings.grpc.ssl.server_key == "k"


@pytest.mark.parametrize(("text", "path"), [
    ("prometheus_config { enable: false }", None), ('prometheus_config { enable: true path: "/m" }', "/m")])
def test_a_monitoring_file_outdoes_the_default_path(tmp_path, text, path):
    (tmp_path / "monitoring").write_text(text)
    assert Settings.from_flags({}, metrics_path="/d").rest.metrics_path == "/d"
    values = {"monitoring_config_file": str(tmp_path / "monitoring")}
    assert Settings.from_flags(values, metrics_path="/d").rest.metrics_path == path


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        Settings.from_flags({"ssl_config_file": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(("values", "message"), [
    ({"port": 70000}, r"^--port must be from 0 to 65535\. Received: 70000\.$"),
    ({"rest_api_port": -1}, r"^--rest_api_port must be from 0 to 65535\. Received: -1\.$"),
    ({"port": 9, "rest_api_port": 9}, r"^--rest_api_port must differ from --port\. Received: 9 for both\.$"),
    ({"rest_api_num_threads": 0}, r"^--rest_api_num_threads must be 1 or more\. Received: 0\.$"),
    ({"rest_api_num_threads": -2}, r"^--rest_api_num_threads must be 1 or more\. Received: -2\.$"),
    ({"rest_api_timeout_in_ms": 0}, r"^--rest_api_timeout_in_ms must be 1 or more\. Received: 0\.$"),
    ({"max_body_bytes": -1}, r"^--max_body_bytes must be 0 or more\. Received: -1\.$"),
    ({"drain_seconds": float("nan")}, r"^--drain_seconds must be 0 or more\. Received: nan\.$"),
    ({"batching_parameters_file": "f"}, r"^--batching_parameters_file is set without --enable_batching\. Set both"),
    ({"grpc_channel_arguments": "grpc.max_receive_message_length"},
     r"^--grpc_channel_arguments must be key=value pairs .* Received: 'grpc.max_receive_message_length'\."),
    ({"grpc_channel_arguments": "=4"}, r"^--grpc_channel_arguments must be key=value pairs .* Received: '=4'\."),
    ({"grpc_channel_arguments": "grpc.max_receive_message_length=4MB"},
     r"^--grpc_channel_arguments must give grpc.max_receive_message_length a whole number .* Received: '4MB'\."),
    ({"grpc_channel_arguments": "grpc.max_send_message_length=2147483648"}, r"a whole number of 32 bits\. Received"),
    ({"grpc_channel_arguments": "grpc.keepalive_time_ms="}, r"grpc.keepalive_time_ms a whole number .* Received: ''\."),
    ({"drain_second": 1.0}, r"Received: --drain_second, which is none of them\. Did you mean --drain_seconds\?$"),
])
def test_what_cannot_be_is_refused_by_the_flags_name(values, message):
    with pytest.raises(ValueError, match=message):
        Settings.from_flags(values)


@pytest.mark.parametrize("flag", ["load_retry_interval_micros", "num_load_threads", "file_system_poll_wait_seconds"])
def test_numbers_below_zero_that_mean_something_upstream_are_taken(flag):
    assert Settings.from_flags({flag: -1}).store is not None


@pytest.mark.parametrize(("text", "arguments"), [
    ("", {}), ("a=1,b=x=y", {"a": 1, "b": "x=y"}), (" a = 1 , ,b=2,", {"a": 1, "b": 2}), ("a=1,a=2", {"a": 2}),
    ("grpc.max_receive_message_length=-1", {"grpc.max_receive_message_length": -1}), ("a=", {"a": ""})])
def test_channel_arguments(text, arguments):
    assert Settings.from_flags({"grpc_channel_arguments": text}).grpc.channel_arguments == arguments


def test_health_and_idle_flags():
    settings = Settings.from_flags({"use_tfrt": True}, health=True)
    assert settings.grpc.health
    assert settings.ignored == ("--use_tfrt is accepted and ignored: models run in TensorFlow's own session only.",)
    assert Settings.from_flags({"enable_grpc_healthcheck_service": True}).grpc.health


def test_the_runtime_is_one_that_there_is():
    assert Settings.from_flags({"runtime": "openvino"}).loading.runtime == "openvino"
    with pytest.raises(ValueError, match=r"--runtime must be tensorflow or openvino\. Received: onnx\."):
        Settings.from_flags({"runtime": "onnx"})
