"""The gRPC edge: TensorFlow Serving's PredictionService and ModelService on its own messages.

It reads and writes messages and status codes; what they ask for is `inference`'s and `models`' business.
"""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from absl import logging

from serving.batching import callers
from serving.errors import ServingError, from_exception, invalid
from serving.models import config, inference, metadata
from serving.server.grpc.arrivals import Arrivals
from serving.server.grpc.messages import decode, fill_classification, fill_regression, fill_spec
from serving.tensors import tensor_proto
from serving.tensors.protos import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

_LONGEST_MESSAGE = 1024
_FOREVER_MS = 2**31  # a deadline beyond this is none


class _Edge:
    """What both services share: statuses, deadlines, metrics and the access log.

    Args:
        at_once: int or None. Calls that work at the same time; others wait as long as their clients. None: all.
    """

    def __init__(self, store, metrics, *, access_log=None, at_once=None):
        self.store, self.metrics, self.access_log = store, metrics, access_log
        self._turns = threading.Semaphore(at_once) if at_once else None

    @contextlib.contextmanager
    def answering(self, context, method, model, counted=False):
        """Turns whatever is raised inside into the call's status, and writes down how it went."""
        start, refusal = time.monotonic(), None
        try:
            with (self._turn(context) if self._turns else contextlib.nullcontext(),
                  callers.waiting(context.is_active)):
                yield
        except ServingError as error:
            refusal = error
        except Exception as error:
            logging.exception("%s failed in a way that nobody foresaw", method)
            refusal = from_exception(error)
        seconds = time.monotonic() - start
        code = refusal.code if refusal else "OK"
        if counted:
            self.metrics.answered(model, method, "GRPC", code, seconds)
        if self.access_log is not None:
            self.access_log.write("GRPC", context.peer(), method, model, code, seconds)
        if refusal:
            message = refusal.message
            if len(message) > _LONGEST_MESSAGE:
                message = message[:_LONGEST_MESSAGE] + "...TRUNCATED"
            context.abort(grpc.StatusCode[refusal.code], message)

    @contextlib.contextmanager
    def _turn(self, context):
        """Waits for its turn, not longer than the client would."""
        left = _timeout_ms(context)
        if not self._turns.acquire(timeout=None if left is None else left / 1e3):
            raise ServingError("DEADLINE_EXCEEDED", "The deadline passed before a thread was free")
        try:
            if not context.is_active():
                raise callers.gone()
            yield
        finally:
            self._turns.release()

    def acquire(self, request):
        """The servable that a request's model_spec means."""
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        return self.of_spec(request.model_spec)

    def of_spec(self, spec):
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        return self.store.acquire(spec.name, spec.version.value if choice == "version" else None,
                                  spec.version_label if choice == "version_label" else None)


def _timeout_ms(context):
    left = context.time_remaining()
    return None if left is None or left * 1e3 >= _FOREVER_MS else max(left * 1e3, 1)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference and GetModelMetadata.

    Args:
        store: models.ModelStore.
        metrics: metrics.Metrics.
        access_log: access_log.AccessLog or None.
        as_content: bool. Answer in `tensor_content`, not in typed fields.
        at_once: int or None. Calls answered at the same time; None: all.
    """

    def __init__(self, store, metrics, *, access_log=None, as_content=False, at_once=None):
        self._edge = _Edge(store, metrics, access_log=access_log, at_once=at_once)
        self._metrics, self._as_content = metrics, as_content

    def Predict(self, request, context):  # noqa: N802
        response = predict_pb2.PredictResponse()
        name = request.model_spec.name
        with self._edge.answering(context, "Predict", name, counted=True), self._edge.acquire(request) as servable:
            signature_name = request.model_spec.signature_name
            start = time.monotonic()
            outputs = inference.predict(servable, signature_name, request.inputs, request.output_filter,
                                        _timeout_ms(context), decode)
            self._metrics.ran(name, "Predict", time.monotonic() - start)
            fill_spec(response.model_spec, servable, signature_name)
            for alias, array in outputs.items():
                response.outputs[alias].CopyFrom(tensor_proto.from_array(array, typed_fields=not self._as_content))
        return response

    def Classify(self, request, context):  # noqa: N802
        response = classification_pb2.ClassificationResponse()
        name = request.model_spec.name
        with self._edge.answering(context, "Classify", name, counted=True), self._edge.acquire(request) as servable:
            result = self._on_examples(inference.classify, "Classify", request, servable, context)
            fill_classification(response.result, *result)
            fill_spec(response.model_spec, servable, request.model_spec.signature_name)
        return response

    def Regress(self, request, context):  # noqa: N802
        response = regression_pb2.RegressionResponse()
        name = request.model_spec.name
        with self._edge.answering(context, "Regress", name, counted=True), self._edge.acquire(request) as servable:
            values = self._on_examples(inference.regress, "Regress", request, servable, context)
            fill_regression(response.result, values)
            fill_spec(response.model_spec, servable, request.model_spec.signature_name)
        return response

    def _on_examples(self, run, api, request, servable, context):
        start = time.monotonic()
        result = run(servable, request.model_spec.signature_name, self._examples(request.input, servable.name),
                     _timeout_ms(context))
        self._metrics.ran(servable.name, api, time.monotonic() - start)
        return result

    def _examples(self, message, name):
        def read():
            examples = inference.serialized_examples(message)
            self._metrics.counted(name, len(examples))
            return examples

        return read

    def MultiInference(self, request, context):  # noqa: N802
        response = inference_pb2.MultiInferenceResponse()
        names = {task.model_spec.name for task in request.tasks}
        with self._edge.answering(context, "MultiInference", next(iter(sorted(names)), "")):
            if not request.tasks:
                raise invalid("Inference request must contain at least one task")
            if "" in names:
                raise invalid("Found ModelSpec with an empty model name.")
            with self._edge.of_spec(request.tasks[0].model_spec) as servable:
                if len(names) > 1:
                    raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
                tasks = [(task.method_name, task.model_spec.signature_name) for task in request.tasks]
                results = inference.several(servable, tasks, self._examples(request.input, servable.name),
                                            _timeout_ms(context))
                for (method, signature_name), result in zip(tasks, results):
                    entry = response.results.add()
                    fill_spec(entry.model_spec, servable, signature_name)
                    if method == inference.CLASSIFY:
                        fill_classification(entry.classification_result, *result)
                    else:
                        fill_regression(entry.regression_result, result)
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._edge.answering(context, "GetModelMetadata", request.model_spec.name):
            metadata.check_fields(request.metadata_field)
            with self._edge.acquire(request) as servable:
                fill_spec(response.model_spec, servable)
                response.metadata["signature_def"].Pack(metadata.signature_map(servable))
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest, which may wait for models and holds up nobody; arguments as
    `PredictionService`'s."""

    def __init__(self, store, metrics, *, access_log=None):
        self._edge, self._store = _Edge(store, metrics, access_log=access_log), store

    def GetModelStatus(self, request, context):  # noqa: N802
        statuses = []
        with self._edge.answering(context, "GetModelStatus", request.model_spec.name):
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            spec = request.model_spec
            version = spec.version.value if spec.WhichOneof("version_choice") == "version" else None
            statuses = self._store.status(spec.name, version)
        return metadata.status_message(statuses)

    def HandleReloadConfigRequest(self, request, context):  # noqa: N802
        response = model_management_pb2.ReloadConfigResponse()
        with self._edge.answering(context, "HandleReloadConfigRequest", ""):
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid("ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList "
                              "is currently supported")
            if not self._store.configure(config.from_proto(request.config)):
                raise ServingError("UNAVAILABLE", "The server is shutting down.")
            response.status.SetInParent()
        return response


def new_server(threads, max_queued, options):
    """A gRPC server without services yet; calls beyond `threads + max_queued` are answered RESOURCE_EXHAUSTED.

    Those that send nothing have a share of them.

    Each call holds a thread from its first byte on, also while its message is still on the way and while it waits, so
    there are as many threads as calls; how many of them work at once is for the services to say.
    """
    places = threads + max_queued
    return grpc.server(ThreadPoolExecutor(places, "grpc"), options=options, maximum_concurrent_rpcs=places,
                       interceptors=[Arrivals(places)])


def credentials(ssl):
    """The server credentials that an SSLConfig message means."""
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())], root_certificates=ssl.custom_ca.encode() or None,
        require_client_auth=ssl.client_verify)
