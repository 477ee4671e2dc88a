"""The process side of gRPC: which services listen where, with which limits and credentials."""

import logging

from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from serving.server import listener
from serving.server.grpc import service
from serving.server.grpc.health import Health
from serving.tensors.protos import model_service_pb2_grpc, prediction_service_pb2_grpc

SERVICES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
_LONGEST_MESSAGE = 2**31 - 1


class GrpcServer:
    """Both services of TensorFlow Serving, reflection, and health where it is wanted.

    Args:
        prediction: PredictionService.
        model: ModelService.
        threads: int. Calls answered at once.
        max_queued: int. Calls that may wait for a thread; more are answered RESOURCE_EXHAUSTED.
        channel_arguments: {key: value}. gRPC's own settings, over those that are set here.
        with_health: bool. Answer grpc.health.v1.
    """

    def __init__(self, prediction, model, *, threads, max_queued, channel_arguments=None, with_health=False):
        # A message that cannot be parsed is the client's mistake and gets its status; it needs no traceback here.
        logging.getLogger("grpc._common").setLevel(logging.CRITICAL)
        # Each key once: of two equal ones gRPC takes the first.
        options = {"grpc.max_receive_message_length": _LONGEST_MESSAGE,
                   "grpc.max_send_message_length": _LONGEST_MESSAGE,
                   "grpc.so_reuseport": 0, **(channel_arguments or {})}
        self._server = service.new_server(threads, max_queued, list(options.items()))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(prediction, self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(model, self._server)
        names, self._health = [*SERVICES, reflection.SERVICE_NAME], None
        if with_health:
            self._health = Health()
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
            for name in ("", "PredictionService", "ModelService", *SERVICES):
                self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
            names.append(health.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    def listen(self, host, port, ssl=None):
        """Listens on a TCP port; returns `host:port` with the port that was taken.

        Args:
            host: str.
            port: int. 0 takes any free one.
            ssl: SSLConfig message, or None for no TLS.

        Raises:
            OSError: if the address cannot be had.
        """
        host = f"[{host}]" if ":" in host else host
        return f"{host}:{self._add(f'{host}:{port}', 'port', ssl)}"

    def listen_unix(self, path, ssl=None):
        """Listens on a UNIX socket.

        Raises:
            OSError: if the path cannot be had.
        """
        self._add(f"unix:{path}", "grpc_socket_path", ssl)

    def _add(self, target, flag, ssl):
        try:
            if ssl is None:
                return self._server.add_insecure_port(target)
            return self._server.add_secure_port(target, service.credentials(ssl))
        except RuntimeError as error:
            raise listener.in_use(flag, target, str(error).partition(";")[0]) from None

    def start(self):
        self._server.start()

    def stop(self, patience):
        """Refuses new calls; returns an event that is set when those under way have ended, at most `patience` seconds
        later."""
        if self._health is not None:
            self._health.leave()
        return self._server.stop(patience)
