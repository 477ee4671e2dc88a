"""Tokens and certificates: they reach the server, what cannot be is refused, and no message has a secret."""

import concurrent.futures
import http.server
import json
import socket
import ssl
import subprocess
import threading

import grpc
import pytest

from serving.client.access import Certificates, check_headers, check_metadata
from serving.client.client import Client
from serving.client.retry import ServerError
from serving.tensors.protos import get_model_status_pb2, model_service_pb2_grpc

SECRET = "hunter2-hunter2"
STATUS = {"model_version_status": [{"version": "3", "state": "AVAILABLE"}]}


class Rest(http.server.BaseHTTPRequestHandler):
    """Says its status, and its callers' token back to who has a wrong one."""

    def do_GET(self):
        token = self.headers.get("Authorization")
        self.server.seen.append((self.path, token))
        status, answer = (401, {"error": f"no such token: {token}"}) if token == f"Bearer {SECRET}" else (200, STATUS)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Http(http.server.ThreadingHTTPServer):
    """With or without TLS."""

    daemon_threads, context = True, None

    def finish_request(self, request, client_address):
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        with request:
            self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, *_):
        pass


class Grpc(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self):
        self.seen = []

    def GetModelStatus(self, request, context):  # noqa: N802
        self.seen.append(dict(context.invocation_metadata()))
        if self.seen[-1].get("authorization") == f"Bearer {SECRET}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, f"no such token: {SECRET}")
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(version=3, state=30)
        return answer


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """ca.pem; server.pem for localhost and client.pem with their keys, signed by it; stranger.pem, signed by nobody."""
    folder = tmp_path_factory.mktemp("tls")

    def run(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "stranger"):
        run("req", "-x509", *new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", 2, "-subj", f"/CN={name}")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    for name in ("server", "client"):
        run("req", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=localhost")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 2,
            "-out", f"{name}.pem", "-extfile", "names")
    (folder / "both.pem").write_bytes((folder / "client.pem").read_bytes() + (folder / "client.key").read_bytes())
    run("pkey", "-aes256", "-passout", "pass:x", "-in", "client.key", "-out", "locked.key")
    return folder


@pytest.fixture
def start(files):
    """Starts a server: `start("rest", tls=True, mutual=False)` gives it with its `port` and what it has `seen`."""
    running = []

    def rest(tls, mutual):
        server = Http(("127.0.0.1", 0), Rest)
        server.seen, server.port = [], server.server_port
        if tls:
            server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.context.load_cert_chain(files / "server.pem", files / "server.key")
            if mutual:
                server.context.verify_mode = ssl.CERT_REQUIRED
                server.context.load_verify_locations(files / "ca.pem")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append(lambda: (server.shutdown(), thread.join(), server.server_close()))
        return server

    def grpc_server(tls, mutual):
        service, server = Grpc(), grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, server)
        read = {name: (files / name).read_bytes() for name in ("ca.pem", "server.pem", "server.key")}
        service.port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(read["server.key"], read["server.pem"])], read["ca.pem"] if mutual else None, mutual)
        ) if tls else server.add_insecure_port("127.0.0.1:0")
        server.start()
        running.append(lambda: server.stop(None).wait())
        return service

    yield lambda kind, tls=False, mutual=False: (rest if kind == "rest" else grpc_server)(tls, mutual)
    for stop in running:
        stop()


SCHEMES = {"rest": "http", "grpc": "grpc"}


@pytest.fixture(params=["rest", "grpc"])
def kind(request):
    return request.param


def status(kind, server, tls=False, host="localhost", **options):
    with Client(f"{SCHEMES[kind]}{'s' * tls}://{host}:{server.port}/m", timeout=10, **options) as client:
        return client.status()


def test_a_token_reaches_the_server_and_is_not_told(start, kind):
    server, what = start(kind), "headers" if kind == "rest" else "metadata"
    assert status(kind, server, **{what: {"Authorization": "Bearer other", "x-team": "video"}}) == [(3, "AVAILABLE")]
    seen = server.seen[-1]
    assert (seen == ("/v1/models/m", "Bearer other")) if kind == "rest" else (
        (seen["authorization"], seen["x-team"]) == ("Bearer other", "video"))
    with pytest.raises(ServerError, match=r"UNAUTHENTICATED: localhost:\d+.*: no such token: ") as refused:
        status(kind, server, **{what: {"authorization": f"Bearer {SECRET}"}})
    assert SECRET not in str(refused.value)
    assert len(server.seen) == 2, "what was refused is not asked again"


def test_a_prefix_reaches_the_server(start):
    server = start("rest")
    with Client(f"http://localhost:{server.port}/team/a/v1/models/m/versions/3") as client:
        client.status()
    assert server.seen[-1][0] == "/team/a/v1/models/m/versions/3"


@pytest.mark.parametrize("given", [{"x y": SECRET}, {"": SECRET}, {"x": f"{SECRET}\r\ny: 1"}, {"x": f"{SECRET}\0"},
                                   {"x": 5}, {"x": f"{SECRET}\N{SNOWMAN}"}, {5: SECRET}, [SECRET]])
@pytest.mark.parametrize("check", [check_headers, check_metadata])
def test_what_cannot_be_sent_is_refused_without_its_value(check, given):
    with pytest.raises(ValueError, match=r"^`(headers|metadata)` must ") as refused:
        check(given)
    assert SECRET not in str(refused.value)


def test_what_each_may_carry():
    assert check_headers({"X-É".replace("É", "E"): "café"}) == {"X-E": "café"}
    assert check_metadata({"Trace-Bin": b"\xff", "a": "b"}) == (("trace-bin", b"\xff"), ("a", "b"))
    for name in ("Content-Length", "transfer-encoding"):
        with pytest.raises(ValueError, match="none that the client sets itself"):
            check_headers({name: "5"})
    for key, value in {"grpc-timeout": "1S", "x-bin": "text"}.items():
        with pytest.raises(ValueError, match="`metadata` must have"):
            check_metadata({key: value})


@pytest.mark.parametrize(("address", "options", "words"), [
    ("grpc://h:1/m", {"headers": {"a": "b"}}, "`headers` are for REST; gRPC has `metadata`"),
    ("http://h:1/m", {"metadata": {"a": "b"}}, "`metadata` is for gRPC; REST has `headers`"),
    ("http://h:1/m", {"ca": "no file"}, "are for TLS: https://"), ("h:1/m", {"cert": "c"}, "are for TLS: https://"),
])
def test_what_has_no_meaning_is_refused(address, options, words):
    with pytest.raises(ValueError, match=words):
        Client(address, **options)


def test_each_shows_its_certificate_to_the_other(start, kind, files):
    trusted = {"ca": files / "ca.pem"}
    assert status(kind, start(kind, tls=True), tls=True, **trusted) == [(3, "AVAILABLE")]
    server = start(kind, tls=True, mutual=True)
    for ours in ({"cert": files / "client.pem", "key": files / "client.key"}, {"cert": files / "both.pem"}):
        assert status(kind, server, tls=True, **trusted, **ours) == [(3, "AVAILABLE")]


@pytest.mark.parametrize(("served", "asked", "words"), [
    ({"tls": True}, {"tls": True}, "TLS with localhost:.* failed: .*Pass ca="),
    ({"tls": True}, {"tls": True, "ca": "ca.pem", "host": "127.0.0.1"}, "failed: .*ask it by that name"),
    ({"tls": True, "mutual": True}, {"tls": True, "ca": "ca.pem"}, "failed: .*pass cert= and key="),
    ({"tls": True, "mutual": True}, {"tls": True, "ca": "ca.pem", "cert": "stranger.pem", "key": "stranger.key"},
     "failed: .*pass cert= and key="),
    ({}, {"tls": True, "ca": "ca.pem"}, "failed: .*does not speak TLS there"),
    ({"tls": True}, {}, "speaks TLS: ask (https|grpcs)://"),
])
def test_a_failure_of_tls_is_told_as_one_and_at_once(start, kind, files, served, asked, words):
    asked = {name: files / value if name in ("ca", "cert", "key") else value for name, value in asked.items()}
    with pytest.raises(ServerError, match=f"^UNAUTHENTICATED: .*{words}") as refused:
        status(kind, start(kind, **served), **asked)
    assert refused.value.code == "UNAUTHENTICATED", "which is not tried again"


@pytest.mark.parametrize(("given", "words"), [
    ({"key": "client.key"}, "without cert="), ({"ca": "names"}, "`ca` must be a file of certificates in PEM"),
    ({"cert": "client.pem"}, "`cert` and `key` must be PEM files"),
    ({"cert": "client.pem", "key": "server.key"}, "a certificate and its own key.*mismatch"),
    ({"cert": "client.pem", "key": "locked.key"}, "without a password"), ({"ca": "absent.pem"}, "absent.pem"),
])
def test_files_that_are_no_certificates(files, given, words):
    with pytest.raises((ValueError, OSError), match=words):
        Certificates(**{name: files / value for name, value in given.items()})


def test_grpc_asks_this_machine_past_a_proxy(start, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for name in ("no_proxy", "no_grpc_proxy", "grpc_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://user:{SECRET}@127.0.0.1:{closed.getsockname()[1]}")
        assert status("grpc", start("grpc")) == [(3, "AVAILABLE")]
        with pytest.raises(ServerError, match=r"through the proxy of the environment, http_proxy=http://127.* no_proxy"
                           ) as refused, Client("grpc://example.test:1/m", retries=0, timeout=10) as client:
            client.status()
        assert SECRET not in str(refused.value)
