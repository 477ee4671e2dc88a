"""What a server is told, made once from flag values and checked: seconds and bytes, no longer flags' own units."""

import dataclasses
import math
import os
from collections.abc import Mapping

from pipelines.storage.addresses import on_disk
from serving.batching.parameters import Parameters
from serving.server import channel_arguments, flags
from serving.tensors import textproto

RUNTIMES = ("tensorflow", "openvino")
METRICS_PATH = "/monitoring/prometheus/metrics"
_LEAST = {  # flag: the smallest value that means something; upstream gives a meaning to whatever is not named here
    "port": 0, "rest_api_port": 0, "rest_api_num_threads": 1, "rest_api_timeout_in_ms": 1, "max_body_bytes": 0,
    "max_queued_requests": 0, "drain_seconds": 0, "incomplete_version_wait_seconds": 0,
}
_MOST = {"port": 65535, "rest_api_port": 65535}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Which models: those of a text file that is looked at every `poll_seconds`, or one; "" and 0 say neither."""

    config_file: str
    poll_seconds: float
    name: str
    base_path: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """How versions come and go: `models.store.ModelStore` has the meanings."""

    poll_seconds: float
    load_threads: int
    unload_threads: int
    max_retries: int
    retry_seconds: float
    patience_seconds: float
    unavailable_labels: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """How one version is loaded: `models.servable.Loader` has the meanings."""

    tags: tuple[str, ...]
    threads: int | None
    batching: Parameters | None
    per_model_batching: bool
    warmup: bool
    warmup_iterations: int
    runtime: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class RestSettings:
    """The HTTP edge. `port` 0 is none and None a free one; without a `metrics_path` there are no figures."""

    port: int | None
    threads: int
    timeout_seconds: float
    max_body_bytes: int
    cors: bool
    metrics_path: str | None
    page: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class GrpcSettings:
    """The gRPC edge. `port` 0 is none and None a free one; `ssl` is an SSLConfig message, or None for no TLS."""

    port: int | None
    socket_path: str
    threads: int
    channel_arguments: Mapping
    ssl: object | None
    health: bool
    as_content: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything one server is told; `ignored` has a line for every flag that was set and does nothing here."""

    host: str
    max_queued: int
    drain_seconds: float
    access_log: str
    models: ModelSettings
    store: StoreSettings
    loading: LoadSettings
    rest: RestSettings
    grpc: GrpcSettings
    ignored: tuple[str, ...]

    @classmethod
    def from_flags(cls, values: Mapping, *, metrics_path: str | None = None, health: bool = False) -> "Settings":
        """The settings that flags mean; files that they name are read.

        Args:
            values: {flag: value}, as `flags.parse` gives them; those left out keep their defaults. `port` and
                `rest_api_port` may be None for a free port.
            metrics_path: str or None. Where Prometheus finds its figures if no monitoring file says so.
            health: bool. Answer grpc.health.v1 whatever the flag says.

        Raises:
            ValueError: for a value that cannot be, or two that contradict each other; names the flag.
            OSError: for a file that cannot be read.

        >>> settings = Settings.from_flags({"load_retry_interval_micros": 1_500_000, "rest_api_timeout_in_ms": 250})
        >>> settings.store.retry_seconds, settings.rest.timeout_seconds
        (1.5, 0.25)
        """
        values = {**flags.defaults(), **values}
        _check(values)
        return cls(
            host=values["host"], max_queued=values["max_queued_requests"], drain_seconds=values["drain_seconds"],
            access_log=values["access_log"], models=_models(values), store=_store(values), loading=_loading(values),
            rest=_rest(values, metrics_path), grpc=_grpc(values, health), ignored=tuple(flags.ignored(values)))


def _models(values):
    base_path = on_disk(values["model_base_path"], "--model_base_path")
    return ModelSettings(
        config_file=values["model_config_file"], poll_seconds=values["model_config_file_poll_wait_seconds"],
        name=values["model_name"], base_path=os.path.abspath(base_path) if base_path else "")


def _store(values):
    return StoreSettings(
        poll_seconds=values["file_system_poll_wait_seconds"], load_threads=values["num_load_threads"],
        unload_threads=values["num_unload_threads"], max_retries=values["max_num_load_retries"],
        retry_seconds=values["load_retry_interval_micros"] / 1e6,
        patience_seconds=values["incomplete_version_wait_seconds"],
        unavailable_labels=values["allow_version_labels_for_unavailable_models"])


def _loading(values):
    return LoadSettings(
        tags=tuple(tag for tag in values["saved_model_tags"].split(",") if tag),
        threads=values["tensorflow_intra_op_parallelism"] or values["tensorflow_session_parallelism"] or None,
        batching=_batching(values), per_model_batching=values["enable_per_model_batching_parameters"],
        warmup=values["enable_model_warmup"], warmup_iterations=values["num_request_iterations_for_warmup"],
        runtime=values["runtime"])


def _rest(values, metrics_path):
    return RestSettings(
        port=values["rest_api_port"], threads=values["rest_api_num_threads"],
        timeout_seconds=values["rest_api_timeout_in_ms"] / 1e3, max_body_bytes=values["max_body_bytes"],
        cors=values["rest_api_enable_cors_support"], metrics_path=_metrics_path(values, metrics_path),
        page=values["page"])


def _grpc(values, health):
    path, ssl = values["grpc_socket_path"], values["ssl_config_file"]
    return GrpcSettings(
        port=values["port"], socket_path=os.path.abspath(path) if path else "",
        threads=max(1, values["grpc_max_threads"]),
        channel_arguments=channel_arguments.parse(values["grpc_channel_arguments"]),
        ssl=textproto.read(ssl, "SSLConfig") if ssl else None,
        health=health or values["enable_grpc_healthcheck_service"],
        as_content=values["enable_serialization_as_tensor_content"])


def _batching(values):
    file = values["batching_parameters_file"]
    if not values["enable_batching"]:
        return None
    return Parameters.from_proto(textproto.read(file, "BatchingParameters")) if file else Parameters()


def _metrics_path(values, default):
    if not values["monitoring_config_file"]:
        return default
    config = textproto.read(values["monitoring_config_file"], "MonitoringConfig").prometheus_config
    return (config.path or METRICS_PATH) if config.enable else None


def _check(values):
    """Refuses values that no server can run with; the message names the flag."""
    unknown = sorted(values.keys() - flags.TABLE.keys())
    if unknown:
        raise ValueError(f"Settings are made of this server's flags. Received: --{unknown[0]}, which is none of them."
                         f"{flags.nearest(unknown[0])}")
    for name, least in _LEAST.items():
        value, most = values[name], _MOST.get(name, math.inf)
        if value is not None and not least <= value <= most:  # not a number is in no range
            wanted = f"from {least} to {most}" if name in _MOST else f"{least} or more"
            raise ValueError(f"--{name} must be {wanted}. Received: {value}.")
    if values["runtime"] not in RUNTIMES:
        raise ValueError(f"--runtime must be {' or '.join(RUNTIMES)}. Received: {values['runtime']}.")
    if values["rest_api_port"] and values["rest_api_port"] == values["port"]:
        raise ValueError(f"--rest_api_port must differ from --port. Received: {values['port']} for both.")
    if values["batching_parameters_file"] and not values["enable_batching"]:
        raise ValueError("--batching_parameters_file is set without --enable_batching. Set both or none.")
