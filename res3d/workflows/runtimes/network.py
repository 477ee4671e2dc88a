"""An export to a file of another runtime, in the place of a Keras network where videos are scored."""

import contextlib
import pathlib

import numpy as np

from pipelines.storage.addresses import on_disk
from serving.session.errors import SessionError
from serving.session.runtimes.contract import LOGITS
from serving.session.runtimes.opening import SESSIONS, open_file
from serving.session.runtimes.turns import in_turns


def is_runtime_file(source):
    """Whether a model as people name it is a file for another runtime.

    >>> is_runtime_file("exports/actions.onnx"), is_runtime_file("runs/first")
    (True, False)
    """
    return pathlib.Path(source).suffix in SESSIONS


class RuntimeNetwork:
    """What a workflow needs of a network, answered by ONNX Runtime, OpenVINO or LiteRT.

    Args:
        path: the file.

    Attributes:
        facts: `serving.session.runtimes.contract.Facts`.
        output_shape: (None, classes).

    Raises:
        ImportError, OSError, ValueError: as of `serving.session.runtimes.opening.open_file`.
    """

    def __init__(self, path):
        path = on_disk(path, "A model file of another runtime")
        with _worded(path):
            self._session = open_file(path)
        self.path, self.facts = str(path), self._session.facts
        self.output_shape = (None, len(self.facts.labels))

    def at_shape(self, clip, frames=True):
        """The network itself; an export cannot be rebuilt for other clips.

        Raises:
            ValueError: where `clip` has another shape than its own, or its frames shall be open.
        """
        if clip.shape != self.facts.clip.shape or not frames:
            wanted = clip.shape if frames else ("any", *clip.shape[1:])
            raise ValueError(f"'{self.path}' takes clips of shape {self.facts.clip.shape}, and the protocol makes "
                             f"{wanted}. Choose one that keeps the size of its clips, or use the Keras model.")
        return self

    def predict_on_batch(self, clips):
        """Logits, float32 `(batch, classes)`, of uint8 clips; a file of a fixed batch runs as often as it must."""
        with _worded(self.path):
            return in_turns(self._session, np.asarray(clips))[LOGITS]


@contextlib.contextmanager
def _worded(path):
    """A runtime's refusal as an error that people are told."""
    try:
        yield
    except SessionError as error:
        raise ValueError("A model file must be one that its runtime can load and run. Received: "
                         f"{error.message or path}. Export it again.") from None
