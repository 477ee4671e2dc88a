"""A LiteRT file, `.tflite`, run by LiteRT's interpreter on the CPU."""

import os
import pathlib
import threading

from serving.session.runtimes.contract import CLIP, KEYS, LOGITS, SCORES, Facts, check_clips
from serving.session.runtimes.errors import not_installed, refused


class LiteRtSession:
    """Loads a file that `res3d export --format=litert` wrote.

    Args:
        path: the file.
        threads: int or None. None is one a core.

    Attributes:
        facts, runtime, batch: as of `onnx_session.OnnxSession`.

    Raises:
        ImportError, SessionError, ValueError: as there.
    """

    def __init__(self, path, threads=None):
        self.path = os.fspath(path)
        try:
            import ai_edge_litert
            from ai_edge_litert import interpreter
        except ImportError:
            raise not_installed(f"'{path}'", "LiteRT", "litert") from None
        content = pathlib.Path(self.path).read_bytes()
        try:
            self._interpreter = interpreter.Interpreter(model_content=content, num_threads=threads or os.cpu_count())
            self._interpreter.allocate_tensors()
            first, = self._interpreter.get_input_details()
        except (ValueError, RuntimeError) as error:
            raise refused(self.path, error) from None
        self.runtime = f"LiteRT {ai_edge_litert.__version__}"
        self.facts = Facts.from_texts(_texts(content), self.path)
        size = int(first["shape_signature"][0])
        self.batch = self.facts.batch(size if size > 0 else None)
        self._shape, self._turn = tuple(first["shape"]), threading.Lock()

    def run(self, clips):
        """As `onnx_session.OnnxSession.run`; calls from several threads wait for one another."""
        clips = check_clips(clips, self.facts, self.batch, self.path)
        try:
            with self._turn:
                if clips.shape != self._shape:
                    self._interpreter.resize_tensor_input(self._interpreter.get_input_details()[0]["index"],
                                                          clips.shape, strict=True)
                    self._interpreter.allocate_tensors()
                    self._shape = clips.shape
                found = self._interpreter.get_signature_runner()(**{CLIP: clips})
        except (ValueError, RuntimeError) as error:
            raise refused(self.path, error) from None
        return {name: found[name] for name in (SCORES, LOGITS)}


def _texts(content):
    """{key: text} of the metadata that an export adds."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    entries = {model.Metadata(i).Name().decode(): model.Metadata(i).Buffer() for i in range(model.MetadataLength())}
    return {key: model.Buffers(entries[key]).DataAsNumpy().tobytes().decode() for key in KEYS if key in entries}
