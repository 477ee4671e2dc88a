"""A whole server: models behind an HTTP and a gRPC edge, from flag values to a clean end.

    with Server(settings) as server:
        print(server.rest_address, server.grpc_address)
"""

import os
import threading

from absl import logging

from serving.batching.parameters import Parameters
from serving.batching.scheduler import Scheduler
from serving.errors import ServingError
from serving.models.config import ModelConfig, from_proto
from serving.models.servable import Loader
from serving.models.store import ModelStore
from serving.server import listener
from serving.server.access_log import AccessLog
from serving.server.grpc.server import GrpcServer
from serving.server.grpc.service import ModelService, PredictionService
from serving.server.metrics import Metrics
from serving.server.rest.app import RestApp
from serving.server.rest.http_server import HttpServer
from serving.tensors import textproto

METRICS_PATH = "/monitoring/prometheus/metrics"


class Server:
    """Starts with `start`, ends with `stop`; as a context manager it does both.

    Args:
        settings: dict of flag values, as `flags.parse` gives them. `port` and `rest_api_port` may be None for a free
            port; 0 is none.
        metrics_path: str or None. Where Prometheus finds its figures if no monitoring file says so.
        health_service: bool. Answer grpc.health.v1 whatever the flag says.

    Raises:
        ValueError, OSError: for settings or files that cannot be used, a port in use; one line each.
        ServingError: if a model cannot be served.
    """

    def __init__(self, settings, metrics_path=None, health_service=False):
        self.settings = settings
        self.metrics = Metrics()
        self._metrics_path = _metrics_path(settings, metrics_path)
        self._health_wanted = health_service or settings["enable_grpc_healthcheck_service"]
        self._access_log = AccessLog(settings["access_log"]) if settings["access_log"] else None
        batching = _batching(settings)
        self._scheduler = Scheduler(batching.num_batch_threads) if batching else None
        threads = settings["tensorflow_intra_op_parallelism"] or settings["tensorflow_session_parallelism"] or None
        loader = Loader(tags=[tag for tag in settings["saved_model_tags"].split(",") if tag], threads=threads,
                        batching=batching, scheduler=self._scheduler,
                        per_model=settings["enable_per_model_batching_parameters"],
                        warmup=settings["enable_model_warmup"],
                        iterations=settings["num_request_iterations_for_warmup"], metrics=self.metrics)
        self.store = ModelStore(
            loader, settings["file_system_poll_wait_seconds"], settings["num_load_threads"],
            settings["num_unload_threads"], settings["max_num_load_retries"],
            settings["load_retry_interval_micros"] / 1e6, settings["incomplete_version_wait_seconds"],
            settings["allow_version_labels_for_unavailable_models"])
        self._stopping = threading.Event()
        self._rest = self._grpc = self._http = self._socket = None
        self.rest_address = self.grpc_address = None

    def start(self):
        """Loads the models, then opens the ports; returns when both answer."""
        try:
            self._socket = self._bind()
            self.store.configure(_models(self.settings))
            if self._stopping.is_set():
                return
            self._start_grpc()
            self._start_rest()
        except BaseException:
            self.stop()
            raise
        if self.settings["model_config_file"] and self.settings["model_config_file_poll_wait_seconds"] > 0:
            threading.Thread(target=self._poll_config, name="config", daemon=True).start()

    def stop(self):
        """Turns new requests away, finishes what was accepted, frees the models."""
        self._stopping.set()
        self.store.stop_waiting()
        patience = self.settings["drain_seconds"]
        if self._rest is not None:
            self._rest.draining = True
        grpc_end = self._grpc.stop(patience) if self._grpc is not None else None
        if self._http is not None:
            self._http.stop()
        if grpc_end is not None:
            grpc_end.wait()
        if self._socket is not None:
            self._socket.close()
        if self._rest is not None:
            self._rest.close()
        self.store.close()
        if self._scheduler is not None:
            self._scheduler.stop()
        if self._access_log is not None:
            self._access_log.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def _bind(self):
        """The HTTP socket, bound before any model loads, so that a port in use is told at once."""
        settings = self.settings
        if settings["port"]:
            listener.bind(settings["host"], settings["port"], "port").close()
        if settings["rest_api_port"] == 0:
            return None
        if settings["rest_api_port"] == settings["port"] and settings["port"] is not None:
            raise ValueError(f"--rest_api_port must differ from --port. Received: {settings['port']} for both.")
        return listener.bind(settings["host"], settings["rest_api_port"] or 0, "rest_api_port")

    def _start_rest(self):
        if self._socket is None:
            return
        settings = self.settings
        page = None
        if settings["page"]:
            from serving.server.rest.page import Page  # reads videos: loaded only where asked for

            page = Page(self.store, self.metrics)
        self._rest = RestApp(
            self.store, self.metrics, settings["rest_api_timeout_in_ms"], settings["rest_api_num_threads"],
            settings["max_queued_requests"], settings["max_body_bytes"], cors=settings["rest_api_enable_cors_support"],
            metrics_path=self._metrics_path, access_log=self._access_log, page=page)
        self._http = HttpServer(self._rest, self._socket, settings["drain_seconds"])
        self.rest_address = self._http.start()
        logging.info("Exporting HTTP/REST API at:%s ...", self.rest_address)

    def _start_grpc(self):
        settings = self.settings
        if settings["port"] == 0 and not settings["grpc_socket_path"]:
            return
        arguments, threads = (self.store, self.metrics, self._access_log), max(1, settings["grpc_max_threads"])
        self._grpc = GrpcServer(
            PredictionService(*arguments, settings["enable_serialization_as_tensor_content"], threads),
            ModelService(*arguments), threads, settings["max_queued_requests"], settings["grpc_channel_arguments"],
            self._health_wanted)
        credentials = _ssl(settings["ssl_config_file"])
        if settings["port"] != 0:
            self.grpc_address = self._grpc.listen(settings["host"], settings["port"] or 0, credentials)
        if settings["grpc_socket_path"]:
            self._grpc.listen_unix(os.path.abspath(settings["grpc_socket_path"]), credentials)
        self._grpc.start()
        logging.info("Running gRPC ModelServer at %s ...", self.grpc_address or settings["grpc_socket_path"])

    def _poll_config(self):
        file, seconds = self.settings["model_config_file"], self.settings["model_config_file_poll_wait_seconds"]
        seen = complaint = None
        while not self._stopping.wait(seconds):
            try:
                models = _models(self.settings)
                if models != seen:
                    self.store.configure(models, wait=False)  # a model that never comes must not hold up the next look
                seen, complaint = models, None
            except (OSError, ValueError, ServingError) as error:
                # It is tried again: what a label lacks today may be there at the next look.
                if str(error) != complaint:
                    logging.error("The models of %s could not be taken over: %s", file, error)
                seen, complaint = None, str(error)


def _models(settings):
    """The models that flags or the config file name."""
    if settings["model_config_file"]:
        return from_proto(textproto.read(settings["model_config_file"], "ModelServerConfig"))
    if not settings["model_base_path"]:
        return []
    return [ModelConfig(settings["model_name"], os.path.abspath(settings["model_base_path"]))]


def _batching(settings):
    if not settings["enable_batching"]:
        if settings["batching_parameters_file"]:
            raise ValueError("--batching_parameters_file is set without --enable_batching. Set both or none.")
        return None
    if not settings["batching_parameters_file"]:
        return Parameters()
    return Parameters.from_proto(textproto.read(settings["batching_parameters_file"], "BatchingParameters"))


def _metrics_path(settings, default):
    if not settings["monitoring_config_file"]:
        return default
    config = textproto.read(settings["monitoring_config_file"], "MonitoringConfig").prometheus_config
    return (config.path or METRICS_PATH) if config.enable else None


def _ssl(file):
    return textproto.read(file, "SSLConfig") if file else None
