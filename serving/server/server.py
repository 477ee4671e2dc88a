"""A whole server: models behind an HTTP and a gRPC edge, from its settings to a clean end.

    with Server(Settings.from_flags(values)) as server:
        print(server.rest_address, server.grpc_address)
"""

import threading

from absl import logging

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
from serving.server.settings import Settings
from serving.tensors import textproto


class Server:
    """Starts with `start`, ends with `stop`; as a context manager it does both.

    Args:
        settings: settings.Settings.

    Raises:
        ValueError, OSError: for files that cannot be used, a port in use; one line each.
        ServingError: if a model cannot be served.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.metrics = Metrics(known=self._knows)
        self._access_log = self._new_access_log()
        batching = settings.loading.batching
        self._scheduler = Scheduler(batching.num_batch_threads) if batching else None
        self.store = self._new_store()
        self._stopping = threading.Event()
        self._rest = self._grpc = self._http = self._socket = None
        self.rest_address = self.grpc_address = None

    def _knows(self, name) -> bool:
        return self.store.knows(name)

    def _new_access_log(self):
        path, dropped = self.settings.access_log, self.metrics.log_lines_dropped
        return AccessLog(path, dropped.add) if path else None

    def _new_store(self):
        loading, store = self.settings.loading, self.settings.store
        loader = Loader(
            tags=loading.tags, threads=loading.threads, batching=loading.batching, scheduler=self._scheduler,
            per_model_batching=loading.per_model_batching, warmup=loading.warmup,
            warmup_iterations=loading.warmup_iterations, metrics=self.metrics, runtime=loading.runtime)
        return ModelStore(
            loader, poll_seconds=store.poll_seconds, load_threads=store.load_threads,
            unload_threads=store.unload_threads, max_retries=store.max_retries, retry_seconds=store.retry_seconds,
            patience_seconds=store.patience_seconds, unavailable_labels=store.unavailable_labels)

    def start(self):
        """Loads the models, then opens the ports; returns when both answer."""
        try:
            self._socket = self._bind()
            self.store.configure(_models(self.settings.models))
            if self._stopping.is_set():
                return
            self._start_grpc()
            self._start_rest()
        except BaseException:
            self.stop()
            raise
        if self.settings.models.config_file and self.settings.models.poll_seconds > 0:
            threading.Thread(target=self._poll_config, name="config", daemon=True).start()

    def stop(self, patient=True):
        """Turns new requests away, finishes what was accepted, frees the models.

        Args:
            patient: bool. Wait for versions that are being loaded, to free them too.

        Returns:
            bool. Whether all are freed.
        """
        self._stopping.set()
        self.store.stop_waiting()
        if self._rest is not None:
            self._rest.draining = True
        grpc_end = self._grpc.stop(self.settings.drain_seconds) if self._grpc is not None else None
        if self._http is not None:
            self._http.stop()
        if grpc_end is not None:
            grpc_end.wait()
        if self._socket is not None:
            self._socket.close()
        if self._rest is not None:
            self._rest.close()
        freed = self.store.close(patient)
        if self._scheduler is not None:
            self._scheduler.stop()
        if self._access_log is not None:
            self._access_log.close()
        return freed

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def _bind(self):
        """The HTTP socket, bound before any model loads, so that a port in use is told at once."""
        host, rest, grpc = self.settings.host, self.settings.rest, self.settings.grpc
        if grpc.port:
            listener.bind(host, grpc.port, "port").close()
        return None if rest.port == 0 else listener.bind(host, rest.port or 0, "rest_api_port")

    def _start_rest(self):
        if self._socket is None:
            return
        settings, rest, page = self.settings, self.settings.rest, None
        if rest.page:
            from serving.server.rest.page.page import Page  # late: it reads videos

            page = Page(self.store, self.metrics)
        self._rest = RestApp(
            self.store, self.metrics, timeout_seconds=rest.timeout_seconds, threads=rest.threads,
            max_queued=settings.max_queued, max_body_bytes=rest.max_body_bytes, cors=rest.cors,
            metrics_path=rest.metrics_path, access_log=self._access_log, page=page)
        self._http = HttpServer(self._rest, self._socket, drain_seconds=settings.drain_seconds)
        self.rest_address = self._http.start()
        logging.info("Exporting HTTP/REST API at:%s ...", self.rest_address)

    def _start_grpc(self):
        settings, grpc = self.settings, self.settings.grpc
        if grpc.port == 0 and not grpc.socket_path:
            return
        prediction = PredictionService(self.store, self.metrics, access_log=self._access_log,
                                       as_content=grpc.as_content, at_once=grpc.threads)
        model = ModelService(self.store, self.metrics, access_log=self._access_log)
        self._grpc = GrpcServer(prediction, model, threads=grpc.threads, max_queued=settings.max_queued,
                                channel_arguments=grpc.channel_arguments, with_health=grpc.health)
        if grpc.port != 0:
            self.grpc_address = self._grpc.listen(settings.host, grpc.port or 0, grpc.ssl)
        if grpc.socket_path:
            self._grpc.listen_unix(grpc.socket_path, grpc.ssl)
        self._grpc.start()
        logging.info("Running gRPC ModelServer at %s ...", self.grpc_address or grpc.socket_path)

    def _poll_config(self):
        models = self.settings.models
        seen = complaint = None
        while not self._stopping.wait(models.poll_seconds):
            try:
                found = _models(models)
                if found != seen:
                    self.store.configure(found, wait=False)  # a model that never comes must not hold up the next look
                seen, complaint = found, None
            except (OSError, ValueError, ServingError) as error:
                # It is tried again: what a label lacks today may be there at the next look.
                if str(error) != complaint:
                    logging.error("The models of %s could not be taken over: %s", models.config_file, error)
                seen, complaint = None, str(error)


def _models(settings):
    """The models that the config file names, or the one without a file."""
    if settings.config_file:
        return from_proto(textproto.read(settings.config_file, "ModelServerConfig"))
    return [ModelConfig(settings.name, settings.base_path)] if settings.base_path else []
