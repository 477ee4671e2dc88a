"""A loaded SavedModel: arrays in, arrays out, by tensor name. It knows no protocol and no versions.

TensorFlow's C library runs it where that can be opened, so nothing imports TensorFlow; elsewhere TensorFlow's Python
session does.
"""

from absl import logging

from serving.errors import ServingError
from serving.session import csession, errors


class Predictor:
    """Loads the SavedModel in a version folder.

    Args:
        path: the folder with saved_model.pb.
        tags: strings. The tag set of the meta graph.
        threads: int or None. Threads inside one operation; None leaves it to TensorFlow.
        python: bool. Use TensorFlow's Python session even where the C library is there.

    Attributes:
        signatures: {name: csession.Signature}, without TensorFlow's initialiser entry.
        signature_defs: {name: SignatureDef}, with it, as the metadata of a model lists them.

    Raises:
        ServingError: with TensorFlow's code and text, if the folder cannot be loaded.
    """

    def __init__(self, path, tags=("serve",), threads=None, python=False):
        self.path = str(path)
        self._session = _open(self.path, tuple(tags), threads, python)
        self.signatures = self._session.signatures
        self.signature_defs = dict(self._session.meta_graph.signature_def)
        # The graph itself is no longer needed, and is the largest part of the message.
        self._session.meta_graph.ClearField("graph_def")

    def run(self, feeds, fetches, timeout_ms=None):
        """The values of `fetches`, in order, for the arrays fed by tensor name.

        Raises:
            ServingError: with TensorFlow's code and text.
        """
        try:
            return self._session.run(feeds, fetches, timeout_ms)
        except errors.SessionError as error:
            raise ServingError(error.code, error.message) from None

    def close(self):
        """Frees the model once the runs under way have ended."""
        self._session.close()


def _open(path, tags, threads, python):
    try:
        if not python:
            try:
                return csession.CSession(path, tags, threads)
            except errors.LibraryError as error:
                logging.log_first_n(logging.WARNING, "%s Serving with TensorFlow's Python session.", 1, error)
        from serving.session import python_session  # late: it imports all of TensorFlow

        return python_session.PythonSession(path, tags, threads)
    except errors.SessionError as error:
        raise ServingError(error.code, error.message) from None
