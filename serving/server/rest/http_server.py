"""The process side of HTTP: an ASGI application on a bound socket, in a thread of its own."""

import asyncio
import logging
import threading
import time

import uvicorn


class HttpServer:
    """Serves an application with uvicorn.

    Args:
        app: ASGI application.
        bound: socket, bound.
        drain_seconds: float. Longest wait for the requests under way when stopping.
    """

    def __init__(self, app, bound, *, drain_seconds):
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        self._socket = bound
        self._server = uvicorn.Server(uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False,
            server_header=False, backlog=2048, timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, int(drain_seconds))))
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def _run(self):
        asyncio.run(self._server.serve(sockets=[self._socket]))

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
