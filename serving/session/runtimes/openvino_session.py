"""An OpenVINO model, `NAME.xml` with `NAME.bin` beside it, run by OpenVINO on the CPU."""

import os

from serving.session.runtimes.contract import KEYS, LOGITS, SCORES, Facts, check_clips
from serving.session.runtimes.errors import not_installed, refused


class OpenVinoSession:
    """Loads a model that `res3d export --format=openvino` wrote.

    Args:
        path: the `.xml` file.
        threads: int or None. None leaves it to the runtime, one a core.
        dtype: "float32", or "bfloat16" to compute in it where the processor can. Left to itself OpenVINO takes
            bfloat16 on processors with AMX, and answers differ by some hundredths then.

    Attributes:
        facts, runtime, batch: as of `onnx_session.OnnxSession`.

    Raises:
        ImportError, SessionError, ValueError: as there.
    """

    def __init__(self, path, threads=None, dtype="float32"):
        self.path = os.fspath(path)
        try:
            import openvino
        except ImportError:
            raise not_installed(f"'{path}'", "OpenVINO", "openvino") from None
        options = {"INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[dtype],
                   "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        try:
            core = openvino.Core()
            model = core.read_model(self.path)
            texts = {key: model.get_rt_info(key).astype(str) for key in KEYS if model.has_rt_info(key)}
            self._compiled = core.compile_model(model, "CPU", options)
        except RuntimeError as error:
            raise refused(self.path, error) from None
        self.runtime = f"OpenVINO {openvino.__version__.partition('-')[0]}"
        self.facts = Facts.from_texts(texts, self.path)
        first = self._compiled.input(0).partial_shape[0]
        self.batch = self.facts.batch(first.get_length() if first.is_static else None)

    def run(self, clips):
        """As `onnx_session.OnnxSession.run`."""
        clips = check_clips(clips, self.facts, self.batch, self.path)
        try:
            request = self._compiled.create_infer_request()  # one a call: a request serves one thread
            request.infer([clips])
            return {name: request.get_tensor(name).data.copy() for name in (SCORES, LOGITS)}
        except RuntimeError as error:
            raise refused(self.path, error) from None
