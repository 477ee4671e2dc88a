"""Python called from tf.data's threads, and made to stop before the interpreter does.

A thread that comes back from decoding while Python shuts down brings the whole process down with it ("terminate called
without an active exception"), as happens when a script ends, or fails, with a half-read dataset still in a variable.
"""

import atexit
import threading
import time

import tensorflow as tf

QUIET_SECONDS = 0.05  # without a call in flight, after which none is on its way in or out


class _Gate:
    """Counts the calls in flight; once closed, lets no more in."""

    def __init__(self):
        self.inside, self.closed, self.last = 0, False, 0.0
        self.lock = threading.Lock()

    def __enter__(self):
        with self.lock:
            self.last = time.monotonic()
            if self.closed:
                raise RuntimeError("the interpreter is shutting down")
            self.inside += 1

    def __exit__(self, *exc_info):
        with self.lock:
            self.inside -= 1
            self.last = time.monotonic()

    def close(self, seconds=30.0):
        self.closed = True
        end = time.monotonic() + seconds
        while time.monotonic() < end and (self.inside or time.monotonic() - self.last < QUIET_SECONDS):
            time.sleep(QUIET_SECONDS / 5)


_GATE = _Gate()
atexit.register(_GATE.close)


def call(function, inputs, dtypes, shapes):
    """`function(*arrays)` as TensorFlow op, on CPU: tensors of `dtypes` and `shapes`, which may be nested alike."""
    def guarded(*arrays):
        with _GATE:
            return function(*arrays)

    found = tf.numpy_function(tf.autograph.experimental.do_not_convert(guarded), inputs, dtypes)
    if isinstance(dtypes, list | tuple):
        return tuple(tf.ensure_shape(value, shape) for value, shape in zip(found, shapes))
    return tf.ensure_shape(found, shapes)
