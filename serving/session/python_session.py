"""A SavedModel run by TensorFlow's Python session: what `csession` does, where the C library cannot be opened."""

import threading

import tensorflow as tf

from serving.session import signatures
from serving.session.errors import SessionError

_FAILED_PRECONDITION = 9


class PythonSession:
    """Loads the SavedModel in `path`; the same interface and errors as `csession.CSession`.

    Args:
        path: the version folder.
        tags: strings.
        threads: int or None. Threads inside one operation.

    Raises:
        SessionError: with TensorFlow's code and message.
    """

    def __init__(self, path, tags=("serve",), threads=None):
        self._graph = tf.Graph()
        config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads or 0)
        config.gpu_options.allow_growth = True
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        self._running = 0
        self._idle = threading.Condition()
        self._closed = False
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")  # it calls this loader deprecated, and the other one takes no session
        try:
            with self._graph.as_default():
                self.meta_graph = tf.compat.v1.saved_model.load(self._session, list(tags), path)
        except tf.errors.OpError as error:
            raise SessionError(error.code, error.message) from None
        except (OSError, RuntimeError) as error:  # how the Python loader says "no such folder" and "no such tags"
            raise SessionError(5, str(error)) from None
        finally:
            logger.setLevel(level)
        self.signatures = signatures.read_signatures(self.meta_graph)

    def run(self, feeds, fetches, timeout_ms=None):
        """As `csession.CSession.run`."""
        with self._idle:
            if self._closed:
                raise SessionError(_FAILED_PRECONDITION, "The session is closed.")
            self._running += 1
        options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(timeout_ms))) if timeout_ms is not None else None
        try:
            return self._session.run(list(fetches), dict(feeds), options)
        except tf.errors.OpError as error:
            raise SessionError(error.code, error.message) from None
        except (TypeError, ValueError, KeyError) as error:  # what Python refuses before the C++ session sees it
            raise SessionError(3, str(error)) from None
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def close(self):
        """As `csession.CSession.close`."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._running == 0)
        self._session.close()
