"""Calls in threads, awaited without leaving circles of references.

`asyncio.wrap_future`, and so `asyncio.to_thread`, leaves one with every call, and an error in a local variable another:
the body and the answer of a request would lie there until a collection, which holds up all threads, and the longer the
more strangers have brought about since the last.
"""

import asyncio
import contextlib


def begin(pool, call):
    """Runs a call in a pool of threads.

    Returns:
        `(work, answer)`: the pool's future, to cancel it by, and the loop's, for `result`.
    """
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    return pool.submit(_work, call, loop, answer), answer


async def result(answer):
    """What the call gave; what it raised is raised, without the places that it came through."""
    try:
        value, error = await answer
    finally:
        del answer
    if error is None:
        return value
    try:
        raise error
    finally:
        del error


def _work(call, loop, answer):
    try:
        outcome = call(), None
    except Exception as error:
        error.__traceback__ = error.__context__ = error.__cause__ = None  # from frame to frame they lead back here
        outcome = None, error
    with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
        loop.call_soon_threadsafe(_give, answer, outcome)


def _give(answer, outcome):
    if not answer.done():
        answer.set_result(outcome)
