"""A model file of another runtime, opened by what its name ends in."""

import pathlib

from serving.session.runtimes.litert_session import LiteRtSession
from serving.session.runtimes.onnx_session import OnnxSession
from serving.session.runtimes.openvino_session import OpenVinoSession

SESSIONS = {".onnx": OnnxSession, ".xml": OpenVinoSession, ".tflite": LiteRtSession}


def parts_of(path):
    """The files that a model's file is made of, that which names it last.

    >>> [[part.name for part in parts_of(pathlib.Path(name))] for name in ("m.xml", "m.onnx")]
    [['m.bin', 'm.xml'], ['m.onnx']]
    """
    return [path.with_suffix(".bin"), path] if path.suffix == ".xml" else [path]


def open_file(path, threads=None):
    """The session of a file; each takes the same path and threads, and runs the same way.

    Raises:
        ImportError: without its runtime.
        OSError: if there is no such file.
        SessionError: if the runtime cannot load it.
        ValueError: if no runtime is known for it, or it is not an export of ours.
    """
    path = pathlib.Path(path).expanduser()
    if path.suffix not in SESSIONS:
        raise ValueError(f"A model file of another runtime ends in {', '.join(SESSIONS)}. Received: '{path}'.")
    if not path.is_file():
        raise FileNotFoundError(f"There must be a model file. Received: '{path}', which does not exist.")
    return SESSIONS[path.suffix](path, threads)
