"""The process side of HTTP: an ASGI application on a bound socket, in a thread of its own."""

import asyncio
import logging
import threading
import time

import uvicorn

from serving.server.rest.connections import Connection

_QUIET_SECONDS = 60  # between two words about connections that cannot be accepted


class HttpServer:
    """Serves an application with uvicorn.

    Args:
        app: ASGI application.
        bound: socket, bound.
        drain_seconds: float. Longest wait for the requests under way when stopping.
        connection: class. What a connection may take; `connections.Connection` has the limits.
    """

    def __init__(self, app, bound, *, drain_seconds, connection=Connection):
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").filters[:] = [_Seldom()]
        self._socket = bound
        self._server = uvicorn.Server(uvicorn.Config(
            app, http=connection, ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False,
            server_header=False, backlog=2048, timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, int(drain_seconds))))
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def _run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        asyncio.get_running_loop().set_exception_handler(_Complaints())
        await self._server.serve(sockets=[self._socket])

    def start(self):
        """Returns `host:port` once connections are accepted."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def stop(self):
        """Accepts nothing more and returns when what was accepted has been answered."""
        self._server.should_exit = True
        self._thread.join()


class _Seldom(logging.Filter):
    """Lets a text through once a minute: strangers send what is no HTTP as fast as they can, and the disk is ours."""

    def __init__(self):
        super().__init__()
        self._said = {}  # by text, of which uvicorn has a few

    def filter(self, record):
        now = time.monotonic()
        if record.exc_info or now - self._said.get(record.msg, -_QUIET_SECONDS) >= _QUIET_SECONDS:
            self._said[record.msg] = now
            return True
        return False


class _Complaints:
    """The loop's exceptions as it logs them; where descriptors run out it has thousands a second, and one is said."""

    def __init__(self):
        self._said = -_QUIET_SECONDS

    def __call__(self, loop, context):
        if "out of system resource" not in context.get("message", ""):
            loop.default_exception_handler(context)
            return
        now = time.monotonic()
        if now - self._said >= _QUIET_SECONDS:
            self._said = now
            logging.getLogger("uvicorn.error").error(
                "HTTP connections cannot be accepted: %s. Close some, or raise the limit (ulimit -n).",
                context.get("exception"))
