"""TensorFlow Serving's REST interface from the client's side: neither gRPC nor messages are imported."""

import base64
import json
import ssl
import time

import numpy as np
import urllib3

from serving.client.retry import ServerError

CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
         413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 501: "UNIMPLEMENTED",
         502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
_KEPT = 256  # idle connections; more are opened where more threads ask, and closed after use
_PART = 1 << 20  # bytes read at once


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
        secured = {"ssl_context": ssl.create_default_context(cafile=ca)} if tls else {}
        try:
            self._pool = urllib3.connection_from_url(f"http{'s' * tls}://{host}", maxsize=_KEPT, **secured)
        except urllib3.exceptions.LocationValueError:
            raise ValueError(f"A server must be named HOST:PORT. Received: {host!r}.") from None
        self._pool.ConnectionCls = _SecureConnection if tls else _Connection

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
        try:
            response, content = self._exchange(method, path, body, end)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = _cause(error)
            if isinstance(cause, TimeoutError | urllib3.exceptions.ReadTimeoutError):
                raise ServerError("DEADLINE_EXCEEDED", f"{self.host} did not answer within {timeout:.3g} s") from None
            raise ServerError("UNAVAILABLE", f"{self.host} cannot be reached: {_said(cause)}") from None
        return self._answer(response, content, member)

    def _exchange(self, method, path, body, end):
        """(response, its body), all of it before `end`."""
        try:
            return self._once(method, path, body, end)
        except urllib3.exceptions.ProtocolError as error:
            # A kept-alive connection may have been closed at this very moment; a prediction can be asked for again.
            if isinstance(_cause(error), TimeoutError) or time.monotonic() > end:
                raise
            return self._once(method, path, body, end)

    def _once(self, method, path, body, end):
        response = self._pool.urlopen(
            method, path, body, {"Content-Type": "application/json"} if body else {}, retries=False,
            timeout=urllib3.Timeout(total=max(end - time.monotonic(), 0.001)), preload_content=False)
        try:
            content = _received(response, end)
        except BaseException:
            response.close()  # and the connection with it: what is left of the answer is nobody's
            raise
        response.release_conn()
        return response, content

    def _answer(self, response, content, member):
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        if response.status == 200 and member in answer:
            return answer[member]
        message = answer.get("error") or content[:200].decode(errors="replace") or response.reason
        after = response.headers.get("Retry-After", "")
        raise ServerError(CODES.get(response.status, "INTERNAL"), f"{self.host} answered {response.status}: {message}",
                          float(after) if after.isdigit() else None)

    def close(self):
        """Closes the connections."""
        self._pool.close()


class _KeepsSocket:
    """A connection whose answers know its socket, which it forgets where the server is about to close it."""

    def getresponse(self):
        sock = self.sock
        response = super().getresponse()
        response.sock = sock
        return response


class _Connection(_KeepsSocket, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_KeepsSocket, urllib3.connection.HTTPSConnection):
    pass


def _received(response, end):
    """The body, all of it before `end`: a socket's timeout alone starts anew with every byte.

    Raises:
        TimeoutError, OSError, urllib3.exceptions.HTTPError.
    """
    parts = []
    while not response.isclosed():
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        response.sock.settimeout(left)
        parts.append(response.read1(_PART))
    return b"".join(parts)


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


def _cause(error):
    """What urllib3 says went wrong, without its own words around it."""
    inside = (part for part in error.args if isinstance(part, Exception))
    return error.__cause__ or next(inside, error)


def _said(error):
    return str(error) or type(error).__name__
