"""The HTTP edge: TensorFlow Serving's REST interface below /v1, and beside it health, metrics and the page.

It reads bytes and writes status codes; what a body means is `protocol`'s business, what it asks for `inference`'s.
"""

import functools
import re
import time
import urllib.parse

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from serving.errors import ServingError, invalid
from serving.models import inference, metadata
from serving.server.rest import json_examples, json_writer, requests
from serving.server.rest.bodies import Bodies, TooLargeError, TooSlowError
from serving.server.rest.page.routes import PageRoutes
from serving.server.rest.turns import Turns

LONGEST_ERROR = 4096  # characters
_API = re.compile(r"(?i)/v1/.*", re.DOTALL)
_PREDICTION = re.compile(
    r"(?i)/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?:(classify|regress|predict)", re.ASCII)
_STATUS = re.compile(
    r"(?i)/v1/models(?:/([^/:]+))?(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?(?:\/(metadata))?", re.ASCII)
_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "POST, GET",
         "Access-Control-Allow-Headers": "Content-Type"}
_NOT_FOUND = ("<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n")


class RestApp:
    """An ASGI application.

    Args:
        store: models.ModelStore.
        metrics: metrics.Metrics.
        timeout_seconds: float. For one run of a model.
        threads: int. Requests answered at once.
        max_queued: int. Requests that may wait for a thread; more are answered 503.
        max_body_bytes: int. Larger bodies are answered 413.
        idle_seconds: float. How long a client may pause while it sends a body.
        cors: bool. Allow every origin.
        metrics_path: str or None. Where Prometheus finds its figures.
        access_log: access_log.AccessLog or None.
        page: page.Page or None.
    """

    def __init__(self, store, metrics, *, timeout_seconds=30.0, threads=8, max_queued=1000, max_body_bytes=64 << 20,
                 idle_seconds=30.0, cors=False, metrics_path=None, access_log=None, page=None):
        self._store, self._metrics, self._timeout_ms = store, metrics, round(timeout_seconds * 1e3)
        self._turns, self._bodies = Turns(threads, max_queued, "rest"), Bodies(max_body_bytes, idle_seconds)
        self._cors, self._metrics_path, self._access_log = cors, metrics_path, access_log
        self._page = None if page is None else PageRoutes(page, self._bodies)
        self.draining = False

    def close(self):
        self._turns.close()
        if self._page is not None:
            self._page.close()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        start, request = time.monotonic(), Request(scope, receive)
        path = scope.get("raw_path", scope["path"].encode()).decode("utf-8", "surrogateescape")
        try:
            if _API.fullmatch(path):
                response, model = await self._api(request, path, start)
            else:
                response, model = await self._beside(request, path), ""
        except ClientDisconnect:
            return
        if self._access_log is not None:
            client = scope["client"][0] if scope.get("client") else ""
            self._access_log.write("REST", client, f"{request.method} {path}", model, response.status_code,
                                   time.monotonic() - start)
        await response(scope, receive, send)

    # Below /v1.

    async def _api(self, request, path, start):
        query = request.scope.get("query_string", b"").decode("latin-1")
        whole = f"{path}?{query}" if query else path
        if request.method == "OPTIONS":
            origin = request.headers.get("origin", "")
            known = "http://" in origin or "https://" in origin
            return Response(status_code=200 if known else 400, headers=self._headers()), ""
        model, method, code = "", "", "OK"
        try:
            call, model, method = self._route(request.method, whole)
            with self._turns.place():
                response = self._json(await self._answered(request, call))
        except TooLargeError as error:
            code, response = "INVALID_ARGUMENT", self._error(str(error), 413)
        except TooSlowError as error:
            code, response = "CANCELLED", self._error(str(error), 408)
        except ServingError as error:
            code, response = error.code, self._error(error.message, error.http_status)
        if response.status_code in (408, 413):
            response.headers["connection"] = "close"  # the rest of the body is never read
        self._metrics.answered(model, method, "REST", code, time.monotonic() - start)
        return response, model

    async def _answered(self, request, call):
        if request.method != "POST":
            return await self._turns.run(request, functools.partial(call, b""))
        async with self._bodies.of(request) as body:
            return await self._turns.run(request, functools.partial(call, body))

    def _route(self, verb, path):
        """The function that answers, the model it asks for and the method's name for the metrics."""
        match = _PREDICTION.fullmatch(path) if verb == "POST" else None
        if match and match[4] in ("classify", "regress", "predict"):
            name, version, label = self._spec(match)
            answer = self._predict if match[4] == "predict" else functools.partial(self._examples, match[4])
            return functools.partial(answer, name, version, label), name, match[4]
        match = _STATUS.fullmatch(path) if verb == "GET" else None
        if match:
            if not match[1]:
                raise invalid("Missing model name in request.")
            name, version, label = self._spec(match)
            if match[4]:
                return functools.partial(self._metadata, name, version, label), name, ""
            return functools.partial(self._status, name, version), name, ""
        raise invalid(f"Malformed request: {verb} {path}")

    @staticmethod
    def _spec(match):
        name, label = (urllib.parse.unquote(part) if part else None for part in (match[1], match[3]))
        digits = match[2] and match[2].lstrip("0")
        if digits and (len(digits) > 19 or int(digits) >= 2**63):
            raise invalid(f"Failed to convert version: {match[2]} to numeric.")
        return name, int(digits or 0) if match[2] else None, label

    def _status(self, name, version, _body):
        return metadata.status_json(self._store.status(name, version))

    def _metadata(self, name, version, label, _body):
        with self._store.acquire(name, version, label) as servable:
            return metadata.metadata_json(servable)

    def _predict(self, name, version, label, body):
        members, signature_name = requests.read_body(body)
        with self._store.acquire(name, version, label) as servable:
            wanted = signature_name or inference.DEFAULT_SIGNATURE
            signature = servable.signatures.get(wanted)
            if signature is None:
                raise invalid(f'Serving signature name: "{wanted}" not found in signature def')
            inputs = {alias: endpoint.dtype for alias, endpoint in signature.inputs.items()}
            if not inputs:
                raise invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
            form, arrays = requests.predict_inputs(members, inputs)
            start = time.monotonic()
            outputs = inference.predict(servable, wanted, arrays, timeout_ms=self._timeout_ms)
            self._metrics.ran(name, "Predict", time.monotonic() - start)
        write = json_writer.predictions if form == requests.ROW else json_writer.outputs_object
        return write(outputs)

    def _examples(self, method, name, version, label, body):
        members, signature_name = requests.read_body(body, lift=False)
        message = json_examples.example_input(members)
        with self._store.acquire(name, version, label) as servable:
            self._metrics.counted(name, len(members["examples"]))
            start = time.monotonic()
            run = inference.classify if method == "classify" else inference.regress
            result = run(servable, signature_name, lambda: inference.serialized_examples(message), self._timeout_ms)
            self._metrics.ran(name, method.capitalize(), time.monotonic() - start)
        return json_writer.classifications(*result) if method == "classify" else json_writer.regressions(result)

    # Beside it.

    async def _beside(self, request, path):
        if path == self._metrics_path:
            if request.scope.get("query_string"):
                return PlainTextResponse("Unsupported query string", 400)
            return PlainTextResponse(self._metrics.text())
        if path == "/healthz":
            return PlainTextResponse("ok\n")
        if path == "/readyz":
            ready = not self.draining and self._store.ready()
            waiting = "draining" if self.draining else "waiting for models"
            return PlainTextResponse("ok\n" if ready else f"{waiting}\n", 200 if ready else 503)
        found = await self._page.answer(request, path) if self._page is not None else None
        return found or HTMLResponse(_NOT_FOUND, 404)

    def _headers(self):
        return {"Content-Type": "application/json", **(_CORS if self._cors else {})}

    def _json(self, body, status=200, more=None):
        return Response(body, status, {**self._headers(), **(more or {})})

    def _error(self, message, status):
        if len(message) > LONGEST_ERROR:
            message = message[:LONGEST_ERROR] + "...TRUNCATED"  # a name that the client made up may be of any length
        body = f'{{ "error": {json_writer.quoted(message)} }}'.encode("utf-8", "backslashreplace")
        return self._json(body, status, {"Retry-After": "1"} if status == 503 else None)
