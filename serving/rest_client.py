"""TensorFlow Serving's REST interface from the client's side, with the standard library alone."""

import base64
import http.client
import json
import ssl
import threading
import time

import numpy as np

from serving.retry import ServerError

CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
         413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 501: "UNIMPLEMENTED",
         502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


class RestTransport:
    """Predict calls over HTTP, one kept-alive connection a thread.

    Args:
        host: str. HOST:PORT.
        path: str. The model's path, `/v1/models/NAME[/versions/N | /labels/L]`.
        tls: bool.
        ca: file of certificates to trust, or None for the system's.
    """

    raw_signature = "predict_raw"  # one string a clip: a list of pixels is slow to write and to parse

    def __init__(self, host, path, tls=False, ca=None):
        self.host, self.path = host, path
        self._context = ssl.create_default_context(cafile=ca) if tls else None
        self._threads = threading.local()
        self._open = []

    def predict(self, signature, inputs, timeout):
        """{alias: array} in and out; strings come back as `str`.

        Raises:
            ServerError: for any answer but 200, or no answer.
        """
        body = json.dumps({"signature_name": signature, "inputs": {k: _to_json(v) for k, v in inputs.items()}})
        outputs = self._request("POST", f"{self.path}:predict", body.encode(), timeout)["outputs"]
        if not isinstance(outputs, dict):
            outputs = {signature: outputs}
        return {alias: np.array(value) for alias, value in outputs.items()}

    def status(self, timeout):
        """[(version, state)] of the model, newest first."""
        found = self._request("GET", self.path, None, timeout)["model_version_status"]
        return [(int(row["version"]), row["state"]) for row in found]

    def _request(self, method, path, body, timeout):
        end = time.monotonic() + timeout
        for fresh in (False, True):
            connection, used = self._connection(timeout, fresh)
            try:
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                response = connection.getresponse()
                content = response.read()
                break
            except TimeoutError:
                self._drop(connection)
                raise ServerError("DEADLINE_EXCEEDED", f"{self.host} did not answer within {timeout:.3g} s") from None
            except (OSError, http.client.HTTPException) as error:
                self._drop(connection)
                # A kept-alive connection may have been closed since its last use; a new one has no such excuse.
                if not used or time.monotonic() > end:
                    raise ServerError("UNAVAILABLE", f"{self.host} cannot be reached: {_said(error)}") from None
        return self._answer(response, content)

    def _answer(self, response, content):
        try:
            answer = json.loads(content)
        except ValueError:
            answer = {}
        if response.status == 200 and answer:
            return answer
        message = answer.get("error") or content[:200].decode(errors="replace") or response.reason
        after = response.getheader("Retry-After", "")
        raise ServerError(CODES.get(response.status, "INTERNAL"), f"{self.host} answered {response.status}: {message}",
                          float(after) if after.isdigit() else None)

    def _connection(self, timeout, fresh):
        """(connection, whether it was used before), kept for this thread."""
        connection = getattr(self._threads, "connection", None)
        if connection is None or fresh or connection.sock is None:
            kind = http.client.HTTPSConnection if self._context else http.client.HTTPConnection
            options = {"context": self._context} if self._context else {}
            connection = self._threads.connection = kind(self.host, timeout=timeout, **options)
            self._open.append(connection)
            return connection, False
        connection.sock.settimeout(timeout)
        return connection, True

    def _drop(self, connection):
        connection.close()
        self._threads.connection = None

    def close(self):
        """Closes every thread's connection."""
        for connection in self._open:
            connection.close()


def _to_json(value):
    """Nested lists of a tensor's values, byte strings in base64."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [_to_json(item) for item in value] if _holds_bytes(value) else value
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _holds_bytes(value):
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, bytes)


def _said(error):
    return str(error) or type(error).__name__
