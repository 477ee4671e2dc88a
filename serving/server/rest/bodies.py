"""Request bodies as bytes, and what they may take: bytes each and together, and time."""

import asyncio
import contextlib
import functools
import time
from concurrent.futures import ThreadPoolExecutor

from serving.errors import ServingError
from serving.server.rest import threads, unpacking

SLOWEST = 4096  # bytes a second; what comes slower for longer than a pause may last is given up
MOST_UNPACKED = 100 << 20  # bytes of one body
FREE_UNPACKED, MOST_RATIO = 8 << 20, 8  # beyond the first, a body may unpack to so many times its size only
_UNPACKED_AT_ONCE = 2  # bodies
MOST_HELD = 512 << 20  # bytes of all bodies that are being sent or answered, or twice the longest where that is more


class TooLargeError(Exception):
    """Answered 413."""

    def __init__(self, limit, size):
        super().__init__(f"A request body must have at most {limit} bytes. Received: {size} or more. Send frames as "
                         "JPEG, or start the server with a larger --max_body_bytes.")


class TooSlowError(Exception):
    """Answered 408."""

    def __init__(self, seconds, size):
        came = f"less than {SLOWEST} bytes a second" if size else "nothing"
        super().__init__(f"A request body must keep coming. Received {came} for {seconds:g} seconds.")


class Bodies:
    """Reads bodies.

    Args:
        limit: int. Bytes of one as it is sent.
        idle_seconds: float. How long a client may pause, or be slow.
        most_held: int or None. Bytes of all at a time.
    """

    def __init__(self, limit, idle_seconds=30.0, most_held=None):
        self.limit, self.idle_seconds = limit, idle_seconds
        self.most_held = max(MOST_HELD, 2 * limit) if most_held is None else most_held
        self.held = 0
        self._unpackers = ThreadPoolExecutor(_UNPACKED_AT_ONCE, "unpack")

    @contextlib.asynccontextmanager
    async def of(self, request):
        """The whole body, unpacked; its bytes count until the `async with` ends.

        Raises:
            TooLargeError, TooSlowError, ClientDisconnect; ServingError where all bodies together take too much.
        """
        share = _Share(self)
        try:
            body = await self._read(request, share)
            if unpacking.is_gzip(request.headers.get("content-encoding", "")):
                most = min(MOST_UNPACKED, FREE_UNPACKED + MOST_RATIO * len(body))
                share.take(most)  # before it is there
                _, unpacked = threads.begin(self._unpackers, functools.partial(unpacking.unpacked, body, most))
                body = await threads.result(unpacked)  # a bomb holds up nobody else
                del unpacked
                share.take(len(body) - most)
            yield body
        finally:
            share.give_back()

    async def _read(self, request, share):
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self.limit:
            raise TooLargeError(self.limit, int(length))
        share.check(int(length) if length.isdigit() else 0)
        parts, size, stream, start = [], 0, request.stream(), time.monotonic()
        while True:
            left = max(start + self.idle_seconds + size / SLOWEST - time.monotonic(), 0)
            try:
                async with asyncio.timeout(min(self.idle_seconds, left)):
                    part = await anext(stream, None)
            except TimeoutError:
                raise TooSlowError(self.idle_seconds, size if left < 0.9 * self.idle_seconds else 0) from None
            if part is None:
                return b"".join(parts)
            size += len(part)
            if size > self.limit:
                raise TooLargeError(self.limit, size)
            share.take(len(part))
            parts.append(part)


class _Share:
    """What one body takes of the bytes that all may have."""

    def __init__(self, bodies):
        self._bodies, self._bytes = bodies, 0

    def check(self, size):
        if size > 0 and self._bodies.held + size > self._bodies.most_held:
            raise ServingError("UNAVAILABLE", f"The bodies of all requests must have at most {self._bodies.most_held} "
                                              "bytes together. Try again later.")

    def take(self, size):
        self.check(size)
        self._bodies.held += size
        self._bytes += size

    def give_back(self):
        self._bodies.held -= self._bytes
