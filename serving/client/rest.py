"""TensorFlow Serving's REST interface from the client's side, with the standard library alone."""

import base64
import collections
import http.client
import json
import ssl
import time

import numpy as np

from serving.client.retry import ServerError

CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
         413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 501: "UNIMPLEMENTED",
         502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


class RestTransport:
    """Predict calls over HTTP from any number of threads, on as many kept-alive connections as are asked at once.

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
        self._idle = collections.deque()

    def predict(self, signature, inputs, timeout):
        """{alias: array} in and out; strings come back as `str`.

        Raises:
            ServerError: for any answer but 200, or no answer.
        """
        body = json.dumps({"signature_name": signature, "inputs": {k: _to_json(v) for k, v in inputs.items()}})
        outputs = self._request("POST", f"{self.path}:predict", body.encode(), timeout, "outputs")
        if not isinstance(outputs, dict):
            outputs = {signature: outputs}
        return {alias: np.array(value) for alias, value in outputs.items()}

    def status(self, timeout):
        """[(version, state)] of the model, newest first."""
        found = self._request("GET", self.path, None, timeout, "model_version_status")
        return [(int(row["version"]), row["state"]) for row in found]

    def _request(self, method, path, body, timeout, member):
        end = time.monotonic() + timeout
        for fresh in (False, True):
            connection, used = self._connection(max(end - time.monotonic(), 0.001), fresh)
            try:
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                response, content = _received(connection, end)
                break
            except TimeoutError:
                connection.close()
                raise ServerError("DEADLINE_EXCEEDED", f"{self.host} did not answer within {timeout:.3g} s") from None
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # A kept-alive connection may have been closed since its last use; a new one has no such excuse.
                if not used or time.monotonic() > end:
                    raise ServerError("UNAVAILABLE", f"{self.host} cannot be reached: {_said(error)}") from None
        self._idle.append(connection)
        return self._answer(response, content, member)

    def _answer(self, response, content, member):
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        if response.status == 200 and member in answer:
            return answer[member]
        message = answer.get("error") or content[:200].decode(errors="replace") or response.reason
        after = response.getheader("Retry-After", "")
        raise ServerError(CODES.get(response.status, "INTERNAL"), f"{self.host} answered {response.status}: {message}",
                          float(after) if after.isdigit() else None)

    def _connection(self, timeout, fresh):
        """(connection, whether it was used before)."""
        while self._idle and not fresh:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.sock is not None:  # the server may have asked to close it
                connection.sock.settimeout(timeout)
                return connection, True
        kind = http.client.HTTPSConnection if self._context else http.client.HTTPConnection
        return kind(self.host, timeout=timeout, **({"context": self._context} if self._context else {})), False

    def close(self):
        """Closes the connections."""
        while self._idle:
            self._idle.pop().close()


def _received(connection, end):
    """(response, its body), all of it before `end`: a socket's timeout alone starts anew with every byte.

    Raises:
        TimeoutError, OSError, http.client.HTTPException.
    """
    sock = connection.sock  # the connection forgets it where the server is about to close it
    parts = []
    with connection.getresponse() as response:
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            part = response.read1(1 << 20)
            if not part:
                break
            parts.append(part)
        if response.length:
            raise http.client.IncompleteRead(b"".join(parts), response.length)
    return response, b"".join(parts)


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
