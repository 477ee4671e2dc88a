"""An ONNX file run by ONNX Runtime on the CPU."""

import os

from serving.session.runtimes.contract import CLIP, LOGITS, SCORES, Facts, check_clips
from serving.session.runtimes.errors import not_installed, refused


class OnnxSession:
    """Loads an ONNX file that `res3d export` wrote.

    Args:
        path: the file.
        threads: int or None. Threads inside one operation; None leaves it to the runtime, one a core.

    Attributes:
        facts: `contract.Facts`.
        runtime: str. What runs it, with its version.
        batch: int or None. The clips that it takes at once, None where that is free.

    Raises:
        ImportError: without ONNX Runtime.
        SessionError: with the runtime's message, if the file cannot be loaded.
        ValueError: if it is not an export of ours.
    """

    def __init__(self, path, threads=None):
        self.path = os.fspath(path)
        try:
            import onnxruntime
        except ImportError:
            raise not_installed(f"'{path}'", "ONNX Runtime", "onnx") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no class of their own
            raise refused(self.path, error) from None
        self.runtime = f"ONNX Runtime {onnxruntime.__version__}"
        self.facts = Facts.from_texts(self._session.get_modelmeta().custom_metadata_map, self.path)
        first = self._session.get_inputs()[0].shape[0]
        self.batch = self.facts.batch(first if isinstance(first, int) else None)

    def run(self, clips):
        """{"scores", "logits"} of uint8 clips, float32 `(batch, labels)`.

        Raises:
            ValueError: for clips of another type or shape.
            SessionError: with the runtime's message.
        """
        clips = check_clips(clips, self.facts, self.batch, self.path)
        try:
            return dict(zip((SCORES, LOGITS), self._session.run([SCORES, LOGITS], {CLIP: clips})))
        except Exception as error:
            raise refused(self.path, error) from None
