"""Threads that answer HTTP requests, so many at once, and so many that may wait for one."""

import asyncio
import contextlib
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

from absl import logging

from serving.batching import callers
from serving.errors import ServingError, from_exception
from serving.server.rest import threads


class Turns:
    """A pool of threads with a limit of requests.

    Args:
        threads: int. Requests answered at once.
        max_queued: int. Requests beside them that may wait or send; more are refused.
        name: str. Of the threads.
    """

    def __init__(self, threads, max_queued, name):
        self._pool, self._room, self._busy = ThreadPoolExecutor(threads, name), threads + max_queued, 0

    def close(self):
        self._pool.shutdown(wait=True)

    @contextlib.contextmanager
    def place(self):
        """A place for a request from its head to its answer.

        Raises:
            ServingError: UNAVAILABLE if there is none.
        """
        if self._busy >= self._room:
            raise ServingError("UNAVAILABLE", f"The server answers or keeps waiting {self._room} requests already. Try "
                                              "again later.")
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def run(self, request, call):
        """What a call gives that runs in the pool; one that has not begun when its client leaves never does."""
        left = threading.Event()
        work, answer = threads.begin(self._pool, functools.partial(_refusing, call, left))
        watch = None
        if request.method == "POST":
            watch = asyncio.ensure_future(_departure(request, left, work, answer))
        waiting = threads.result(answer)
        del call, work, answer
        try:
            return await waiting
        except asyncio.CancelledError:
            if left.is_set():
                raise callers.gone() from None
            raise
        finally:
            if watch is not None:
                watch.cancel()
            del watch


async def _departure(request, left, work, answer):
    """Waits until the client has gone; work that has not begun is dropped then."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    left.set()
    if work.cancel():
        answer.cancel()


def _refusing(call, left):
    """Runs a call; whatever it raises becomes a ServingError, and a defect leaves its traceback in the log."""
    try:
        with callers.waiting(lambda: not left.is_set()):
            return call()
    except ServingError:
        raise
    except Exception as error:
        logging.exception("A request failed in a way that nobody foresaw")
        raise from_exception(error) from error
