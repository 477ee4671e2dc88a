"""TensorFlow Serving's gRPC interface from the client's side, without TensorFlow."""

import time

import grpc
import numpy as np

from serving.client import failures
from serving.client.access import Certificates, Secrets, check_metadata
from serving.client.retry import ServerError
from serving.tensors import tensor_proto
from serving.tensors.protos import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

LARGEST_MESSAGE = 2**31 - 1  # grpcio's own limit for what is received is 4 MB


class GrpcTransport:
    """Predict calls over one gRPC channel, from any number of threads.

    Args:
        target: str. HOST:PORT, or unix:PATH.
        model: str.
        version: int or None.
        label: str or None.
        tls: bool.
        certificates: access.Certificates, for TLS.
        metadata: {key: value} to send with every call, or None.
        direct: bool. Whether a proxy that the environment names is left aside.

    Raises:
        ValueError: for metadata that gRPC cannot carry.
    """

    raw_signature = "serving_default"

    def __init__(self, target, model, version=None, label=None, tls=False, certificates=None, metadata=None,
                 direct=False):
        self.target, self.model, self.version, self.label = target, model, version, label
        self._metadata, self._direct = check_metadata(metadata), direct
        self._secrets = Secrets(value for _, value in self._metadata)
        self._certificates = (certificates or Certificates()) if tls else None
        options = [(f"grpc.max_{way}_message_length", LARGEST_MESSAGE) for way in ("receive", "send")]
        options += [("grpc.enable_http_proxy", 0)] * direct
        if tls:
            self._channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(*self._certificates.for_grpc()),
                                                options)
        else:
            self._channel = grpc.insecure_channel(target, options)
        self._predict = prediction_service_pb2_grpc.PredictionServiceStub(self._channel).Predict
        self._status = model_service_pb2_grpc.ModelServiceStub(self._channel).GetModelStatus

    def predict(self, signature, inputs, timeout):
        """{alias: array} in and out; strings come back as `str`.

        Raises:
            ServerError: for any status but OK.
        """
        request = predict_pb2.PredictRequest()
        self._address(request.model_spec)
        request.model_spec.signature_name = signature
        for alias, array in inputs.items():
            request.inputs[alias].CopyFrom(tensor_proto.from_array(array))
        response = self._call(self._predict, request, timeout)
        return {alias: _text(tensor_proto.to_array(proto)) for alias, proto in response.outputs.items()}

    def status(self, timeout):
        """[(version, state)] of the model, newest first."""
        request = get_model_status_pb2.GetModelStatusRequest()
        self._address(request.model_spec)
        states = get_model_status_pb2.ModelVersionStatus.State
        return [(row.version, states.Name(row.state))
                for row in self._call(self._status, request, timeout).model_version_status]

    def _address(self, spec):
        spec.name = self.model
        if self.version is not None:
            spec.version.value = self.version
        elif self.label is not None:
            spec.version_label = self.label

    def _call(self, method, request, timeout):
        end = time.monotonic() + timeout
        try:
            return method(request, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            details = self._secrets.hidden(error.details() or "")
            if "failed to connect" not in details:  # gRPC's words; a server that answers has its own
                raise ServerError(error.code().name, f"{self.target}: {details}") from None
            raise self._unreached(error.code().name, details, end - time.monotonic()) from None

    def _unreached(self, code, details, left):
        """The ServerError for a server that no connection came about with."""
        proxy = "" if self._direct else failures.proxy_of(self.target)
        if proxy:
            return ServerError(code, f"{self.target} cannot be reached through the proxy of the environment, {proxy}: "
                                     f"{details}. Name the server in no_proxy to ask it directly")
        if failures.is_tls(details):
            return ServerError("UNAUTHENTICATED", failures.tls_told(self.target, details))
        if "Socket closed" in details and not self.target.startswith("unix:"):  # somebody is there
            found = failures.tls_of(self.target, self._certificates and self._certificates.context(), left)
            if self._certificates and found:
                return ServerError("UNAUTHENTICATED", failures.tls_told(self.target, found))
            if not self._certificates and found is not None:
                return ServerError("UNAUTHENTICATED", f"{self.target} speaks TLS: ask grpcs://, or another port")
        return ServerError(code, f"{self.target} cannot be reached: {details}")

    def close(self):
        """Closes the channel."""
        self._channel.close()


def _text(array):
    if array.dtype != object:
        return array
    return np.array([value.decode(errors="replace") for value in array.reshape(-1)], object).reshape(array.shape)
