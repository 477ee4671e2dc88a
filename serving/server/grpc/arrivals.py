"""Calls whose message is still on the way: each holds a place of the server, so they have a limit of time and number.

gRPC gives a call its place with its first bytes and waits for the message for ever. Here every unary method is served
as one that streams requests, of which the first is taken; on the wire the two are the same.
"""

import collections
import contextlib
import threading
import time

import grpc

SECONDS = 300  # for a message to come, however long it is
SHARE, STREAMS = 2, 4  # of all places, one in so many is for calls without a message, and for calls that stream


class Arrivals(grpc.ServerInterceptor):
    """Cancels calls that send nothing, and the oldest of them where there are too many.

    Args:
        places: int. Calls that the server takes at a time.
        seconds: float. For a message to come.
    """

    def __init__(self, places, seconds=SECONDS):
        self._most, self._seconds = max(1, places // SHARE), seconds
        self._streams = threading.Semaphore(max(1, places // STREAMS))
        self._waiting = collections.OrderedDict()  # {number of a call: (when it is too late, its context)}
        self._next, self._changed, self._watch = 0, threading.Condition(), None
        self._handlers = {}

    def intercept_service(self, continuation, handler_call_details):
        method = handler_call_details.method
        if method not in self._handlers:
            handler = continuation(handler_call_details)
            if handler is None:
                return None  # and nothing to remember: anybody may make up names
            self._handlers[method] = self._limited(method, handler)
        return self._handlers[method]

    def _limited(self, method, handler):
        """The same handler with limits. Whatever it answers, it is asked with the bytes of its first message."""
        ask, read = handler.unary_unary or handler.unary_stream, handler.request_deserializer
        if ask is None:
            return self._counted(handler)

        def answer(messages, context, *more):
            message = self._first(method, messages, context)
            try:
                request = read(message)
            except Exception:
                context.abort(grpc.StatusCode.INTERNAL, "Exception deserializing request!")
            return ask(request, context, *more)

        if handler.unary_unary:
            return grpc.stream_unary_rpc_method_handler(answer, None, handler.response_serializer)
        answer.experimental_non_blocking = getattr(ask, "experimental_non_blocking", False)  # as the health's is
        return grpc.stream_stream_rpc_method_handler(answer, None, handler.response_serializer)

    def _first(self, method, messages, context):
        with self._awaited(context):
            message = next(messages, None)
        if message is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f'"{method}" requires exactly one request message.')
        return message

    @contextlib.contextmanager
    def _awaited(self, context):
        """Cancels the call if its message does not come while this lasts."""
        crowded = None
        with self._changed:
            self._next += 1
            number = self._next
            self._waiting[number] = time.monotonic() + self._seconds, context
            if len(self._waiting) > self._most:
                crowded = self._waiting.popitem(last=False)[1][1]
            if self._watch is None:
                self._watch = threading.Thread(target=self._cancel_late, name="grpc-arrivals", daemon=True)
                self._watch.start()
        if crowded is not None:
            crowded.cancel()
        try:
            yield
        finally:
            with self._changed:
                self._waiting.pop(number, None)

    def _cancel_late(self):
        """Runs while calls wait, and ends where none did for a while."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._watch = None
                    return
                number, (end, context) = next(iter(self._waiting.items()))
                left = end - time.monotonic()
                if left <= 0:
                    del self._waiting[number]
            if left <= 0:
                context.cancel()
            else:
                time.sleep(min(left, 1))

    def _counted(self, handler):
        """A handler of calls that stream requests, as reflection is, with a limit of number."""

        def answer(messages, context):
            if not self._streams.acquire(blocking=False):
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many calls stream already. Try again later.")
            if not context.add_callback(self._streams.release):
                self._streams.release()
            return handler.stream_stream(messages, context)

        return grpc.stream_stream_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
