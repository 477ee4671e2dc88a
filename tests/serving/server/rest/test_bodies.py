"""What bodies may take together, and how slowly one may come."""

import asyncio
import gzip

import pytest
from starlette.requests import Request

from serving.errors import ServingError
from serving.server.rest import bodies
from serving.server.rest.bodies import Bodies, TooLargeError, TooSlowError


def request(parts, pause=0.0, **headers):
    parts = list(parts)

    async def receive():
        await asyncio.sleep(pause)
        part = parts.pop(0) if parts else b""
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def read(limits, *args, **kwargs):
    async def run():
        async with limits.of(request(*args, **kwargs)) as body:
            return body, limits.held

    return asyncio.run(run())


def test_bytes_count_while_a_body_is_used():
    limits = Bodies(1000)
    assert read(limits, [b"abc", b"de"]) == (b"abcde", 5)
    assert limits.held == 0


@pytest.mark.parametrize("headers", [{}, {"content_length": "60"}])
def test_all_bodies_together_have_a_limit(headers):
    limits = Bodies(100, most_held=100)

    async def both():
        async with limits.of(request([b"x" * 50])):
            with pytest.raises(ServingError, match="at most 100 bytes together") as caught:
                async with limits.of(request([b"x" * 30, b"x" * 30], **headers)):
                    pass
            assert (caught.value.http_status, limits.held) == (503, 50)

    asyncio.run(both())
    assert limits.held == 0


def test_what_is_refused_gives_back_its_bytes():
    limits = Bodies(10, 0.1)
    with pytest.raises(TooLargeError):
        read(limits, [b"x" * 8] * 2)
    with pytest.raises(TooLargeError):
        read(limits, [b"x"], content_length="11")
    with pytest.raises(TooSlowError):
        read(limits, [b"x"] * 8, pause=0.2)
    assert limits.held == 0


def test_a_drip_is_given_up_after_a_pause_that_is_allowed():
    with pytest.raises(TooSlowError, match=r"less than 4096 bytes a second for 0\.2 seconds"):
        read(Bodies(1000, 0.2), [b"x"] * 100, pause=0.05)
    with pytest.raises(TooSlowError, match=r"Received nothing for 0\.2 seconds"):
        read(Bodies(1000, 0.2), [b"x"], pause=0.5)


def test_what_keeps_its_pace_may_take_longer_than_a_pause():
    assert len(read(Bodies(10_000, 0.2), [b"x" * 1000] * 6, pause=0.06)[0]) == 6000


def test_a_bomb_unpacks_to_a_multiple_of_itself_only():
    small = gzip.compress(bytes(bodies.FREE_UNPACKED))
    assert len(read(Bodies(2**20), [small], content_encoding="gzip")[0]) == bodies.FREE_UNPACKED
    bomb = gzip.compress(bytes(100 << 20))
    assert len(bomb) < 110_000
    limits = Bodies(2**20)
    assert read(limits, [bomb], content_encoding="gzip")[0] == b""
    assert limits.held == 0


def test_unpacked_bytes_count_too():
    with pytest.raises(ServingError, match="together"):
        read(Bodies(2**20, most_held=2**20), [gzip.compress(b"x")], content_encoding="gzip")
