"""TensorFlow Serving's REST interface from the client's side: neither gRPC nor messages are imported."""

import base64
import http.client
import json
import ssl
import time

import numpy as np
import urllib3

from pipelines.storage.addresses import without_secrets
from serving.client import failures
from serving.client.access import Certificates, Secrets, check_headers
from serving.client.connections import Connection, SecureConnection, UnsentError
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
        path: str. The model's path, `/v1/models/NAME[/versions/N | /labels/L]`, behind a prefix where there is one.
        tls: bool.
        certificates: access.Certificates, for TLS.
        headers: {name: value} to send with every request, or None.

    Raises:
        ValueError: for headers that HTTP cannot carry.
    """

    raw_signature = "predict_raw"  # one string a clip: a list of pixels is slow to write and to parse

    def __init__(self, host, path, tls=False, certificates=None, headers=None):
        self.host, self.path, self._headers = host, path, check_headers(headers)
        self._secrets = Secrets(self._headers.values())
        secured = {"ssl_context": (certificates or Certificates()).context()} if tls else {}
        self._pool = urllib3.connection_from_url(f"http{'s' * tls}://{host}", maxsize=_KEPT, **secured)
        self._tls = True if tls else None  # None: not known yet
        self._pool.ConnectionCls = SecureConnection if tls else Connection

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
            raise self._failed(_cause(error), body, timeout, end - time.monotonic()) from None
        return self._answer(response, content, member)

    def _failed(self, cause, body, timeout, left):
        """The ServerError for a request without an answer."""
        if isinstance(cause, TimeoutError | urllib3.exceptions.ReadTimeoutError):
            return ServerError("DEADLINE_EXCEEDED", f"{self.host} did not answer within {timeout:.3g} s")
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return ServerError("UNAUTHENTICATED", failures.tls_told(self.host, cause))
        if isinstance(cause, UnsentError) and body:
            return ServerError("ABORTED", f"{self.host} closed the connection twice without an answer, before it had "
                                          f"the {len(body)} bytes of the request, which may be more than it takes. "
                                          "Send fewer views, JPEG frames (encoding='jpeg'), or raise its limit of "
                                          "bodies (--max_body_bytes)")
        if isinstance(cause, ConnectionResetError | http.client.BadStatusLine) and self._speaks_tls(left):
            return ServerError("UNAUTHENTICATED", f"{self.host} speaks TLS: ask https://, or another port")
        return ServerError("UNAVAILABLE", f"{self.host} cannot be reached: {_said(cause)}")

    def _speaks_tls(self, left):
        """Whether one who closed a connection without TLS wants that; looked at once."""
        if self._tls is None:
            self._tls = failures.tls_of(self.host, None, left) is not None
        return self._pool.scheme == "http" and self._tls

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
            method, path, body, {**self._headers, **({"Content-Type": "application/json"} if body else {})},
            retries=False, timeout=urllib3.Timeout(total=max(end - time.monotonic(), 0.001)), preload_content=False)
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
        if 300 <= response.status < 400 and "Location" in response.headers:
            message = f"ask {without_secrets(response.headers['Location'])!r} instead"
        after = response.headers.get("Retry-After", "")
        raise ServerError(CODES.get(response.status, "INTERNAL"),
                          self._secrets.hidden(f"{self.host} answered {response.status}: {message}"),
                          float(after) if after.isdigit() else None)

    def close(self):
        """Closes the connections."""
        self._pool.close()


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
