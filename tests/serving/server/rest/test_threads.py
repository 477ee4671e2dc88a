"""What a request brought and made is gone with its answer, and waits for no collection."""

import asyncio
import contextlib
import functools
import gc
import gzip
import weakref

import pytest
from absl import logging
from starlette.requests import ClientDisconnect, Request

from serving.errors import ServingError, invalid
from serving.server.rest.bodies import Bodies
from serving.server.rest.turns import Turns


class Body:
    """Something that can be watched as it goes."""


def answered(body):
    return [body]


def refused(body):
    raise invalid("No.")


def refused_for_another_error(body):
    held = [body]
    try:
        held[1]
    except IndexError:
        raise invalid("No.") from None


def failed(body):
    return {}[body]


@pytest.fixture
def no_collections():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def request(*messages):
    left = list(messages)

    async def receive():
        while not left:
            await asyncio.sleep(1)
        return left.pop(0)

    return Request({"type": "http", "method": "POST", "headers": [(b"content-encoding", b"gzip")]}, receive)


@pytest.mark.parametrize("call", [answered, refused, refused_for_another_error, failed])
def test_a_call_leaves_nothing(call, no_collections, monkeypatch):
    monkeypatch.setattr(logging, "exception", lambda text: None)  # pytest keeps what is logged

    async def ask(turns):
        body = Body()
        seen = weakref.ref(body)
        try:
            assert (await turns.run(request(), functools.partial(call, body)))[0] is body
        except ServingError as error:
            return seen, error.code
        return seen, "OK"

    turns = Turns(1, 1, "test")
    seen, code = asyncio.run(ask(turns))
    turns.close()
    assert code == {answered: "OK", failed: "INTERNAL"}.get(call, "INVALID_ARGUMENT")
    assert seen() is None


@pytest.mark.parametrize("messages", [
    [{"type": "http.request", "body": gzip.compress(b"[]"), "more_body": False}],
    [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]])
def test_a_body_leaves_nothing(messages, no_collections):
    async def read(bodies):
        asked = request(*messages)
        seen = weakref.ref(asked)
        with contextlib.suppress(ClientDisconnect):
            async with bodies.of(asked) as body:
                assert body == b"[]"
        return seen

    assert asyncio.run(read(Bodies(1000)))() is None
