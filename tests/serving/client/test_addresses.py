"""Addresses of servers: what each part means, and what means nothing is refused without telling a secret."""

import pytest

from serving.client.addresses import parse, shown


@pytest.mark.parametrize(("address", "said", "path"), [
    ("http://h:1/m", {}, "/v1/models/m"),
    ("http://h:1/team/v1/models/m", {}, "/team/v1/models/m"),
    ("http://h:1/a/b/v1/models/m/labels/new%20one/", {}, "/a/b/v1/models/m/labels/new%20one"),
    ("https://h/a/b/m/versions/12", {}, "/a/b/v1/models/m/versions/12"),
    ("http://h:1/team/v1/models/", {"model": "m", "version": 3}, "/team/v1/models/m/versions/3"),
    ("http://h:1/v1/models/m", {"model": "m", "label": "a/b"}, "/v1/models/m/labels/a%2Fb"),
    ("http://h:1/v1/models/v1%2Fmodels%2Fm%3F", {}, "/v1/models/v1%2Fmodels%2Fm%3F"),
    ("HTTP://h:1/m@2", {}, "/v1/models/m%402"), ("http://[::1]:8501/m", {}, "/v1/models/m"),
])
def test_the_path_of_a_model_over_rest(address, said, path):
    assert parse(address, **said).path == path


@pytest.mark.parametrize(("address", "local"), [
    ("localhost:1/m", True), ("127.8.0.1:1/m", True), ("[::1]:1/m", True), ("LOCALHOST/m", True),
    ("localhost.example:1/m", False), ("127.example:1/m", False), ("10.0.0.1:1/m", False)])
def test_what_is_on_this_machine(address, local):
    assert parse(f"grpc://{address}").local is local
    assert parse("unix:/run/s.sock", "m").local


@pytest.mark.parametrize(("address", "words"), [
    ("http://h:1/v1/models/m:predict", "leave out what follows the name"),
    ("http://h:1/v1/models/m/metadata", "leave out what follows the name"),
    ("http://h:1/v1/models/m/versions/x", "must be grpc://HOST"),
    ("http://h:1/a//m", "its parts not empty"), ("http://h:1", "without a model"),
    ("http://h:1/v1/models", "without a model"),
    ("grpc://h:1/team/m", "no path before the model with gRPC"), ("http:///m", "must be named HOST:PORT"),
    ("http://::1:8501/m", "an IPv6 address in brackets"), ("grpc://h:x/m", "must be named HOST:PORT"),
    ("grpc://h:0/m", "a port from 1 to 65535"), ("grpc://h:65536/m", "a port from 1 to 65535"),
    ("http://a b:1/m", "must be named HOST:PORT"), ("ftp://h:1/m", "must be grpc://HOST"),
    (f"http://h:1/m/versions/{2**63}", "a version from 0 to"),
])
def test_what_is_no_address(address, words):
    with pytest.raises(ValueError, match=f"^A server's address .*{words}"):
        parse(address)


@pytest.mark.parametrize("said", [{"model": "n"}, {"version": 4}, {"label": "x"}])
def test_nothing_is_said_twice(said):
    with pytest.raises(ValueError, match=r"a second time|at most one"):
        parse("http://h:1/m/versions/3", **said)
    assert parse("http://h:1/m/versions/3", model="m", version=3).version == 3


@pytest.mark.parametrize("scheme", ["", "grpc://", "http://", "https://"])
@pytest.mark.parametrize("rest", ["user:hunter2@h:1/m", "hunter2@h:1/m", "user:hun/hunter2@h:1/m", "u:1/hunter2@h:1/m",
                                  "h:1/m?token=hunter2", "h:1/m#hunter2", "u:hunter2@h:1/m?x=1#y"])
def test_secrets_are_refused_and_not_told(scheme, rest):
    with pytest.raises(ValueError, match=r"^A server's address ") as refused:
        parse(scheme + rest)
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in shown(scheme + rest)
