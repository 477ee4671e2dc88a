"""What an address connects to, and what cannot be connected to."""

import contextlib

import pytest

from serving.client import client
from serving.client.client import Client


@pytest.mark.parametrize(("address", "options", "spec"), [
    ("grpc://h:1/m", {}, ("h:1", "m", None, None)),
    ("h:1/m", {}, ("h:1", "m", None, None)),
    ("h:1", {"model": "m", "version": 3}, ("h:1", "m", 3, None)),
    ("grpcs://h:1/v1/models/m/versions/12", {}, ("h:1", "m", 12, None)),
    ("unix:/run/serving.sock", {"model": "m", "label": "stable"}, ("unix:/run/serving.sock", "m", None, "stable")),
])
def test_addresses(address, options, spec):
    with contextlib.closing(client.connect(address, **options)) as transport:
        assert (transport.target, transport.model, transport.version, transport.label) == spec


@pytest.mark.parametrize(("address", "options", "message"), [
    ("grpc://h:1", {}, "must be grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL. .*: 'grpc://h:1' without a model"),
    ("ftp://h:1/m", {}, "Received: 'ftp://h:1/m'"),
    ("grpc://h:1/m", {"version": 1, "label": "x"}, "at most one of version and label"),
    ("http://h:x/m", {}, "a server must be named HOST:PORT, .* Received: 'http://h:x/m'"),
    ("grpc://h:1/m", {"encoding": "gif"}, "`encoding` must be one of jpeg, raw. Received: encoding='gif'"),
])
def test_wrong_addresses(address, options, message):
    with pytest.raises(ValueError, match=message):
        Client(address, **options)
