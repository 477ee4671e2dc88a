"""The rows of `runtimes.py`: what runs a network, out of which file, and how one clip is handed to it."""

import copy
import dataclasses
import os
import time

SUFFIX = {"onnx": ".onnx", "openvino": ".xml", "litert": ".tflite"}


@dataclasses.dataclass(frozen=True)
class Row:
    """One row: `kind` is what runs it, `form` which file or way, `dtype` what it computes in."""

    kind: str
    form: str = ""
    dtype: str = "float32"


ROWS = {
    "torch": Row("torch", "eager"),
    "torch_compile": Row("torch", "compile"),
    "torch_bfloat16": Row("torch", "eager", "bfloat16"),
    "keras": Row("keras"),
    "saved_model": Row("saved_model"),
    "onnx": Row("onnx", "five"),
    "onnx_four": Row("onnx", "four"),
    "onnx_int8": Row("onnx", "int8", "int8"),
    "openvino": Row("openvino", "five"),
    "openvino_four": Row("openvino", "four"),
    "openvino_bfloat16": Row("openvino", "five", "bfloat16"),
    "openvino_int8": Row("openvino", "int8", "int8"),
    "litert": Row("litert", "five"),
    "litert_four": Row("litert", "four"),
    "litert_int8": Row("litert", "int8", "int8"),
}


def caller(name, network, folder, threads):
    """(function of uint8 clips `(1, *clip.shape)` that returns logits, shape of a clip); None where there is no such.

    Args:
        name: of `ROWS`.
        network: a row of the family.
        folder: where `files.prepare` put it.
        threads: int.
    """
    row = ROWS[name]
    if row.kind == "torch":
        return _torch(row, network, folder, threads)
    if row.kind == "keras":
        return _keras(network, folder, threads)
    if row.kind == "saved_model":
        return _saved_model(network, folder, threads)
    return _file(row, network, folder, threads)


def _file(row, network, folder, threads):
    from serving.session.runtimes.contract import LOGITS
    from serving.session.runtimes.opening import open_file
    from serving.session.runtimes.openvino_session import OpenVinoSession

    path = folder / row.form / f"{network}{SUFFIX[row.kind]}"
    if not path.is_file():
        return None
    session = OpenVinoSession(path, threads, row.dtype) if row.dtype == "bfloat16" else open_file(path, threads)
    return lambda clips: session.run(clips)[LOGITS], session.facts.clip.shape


def _saved_model(network, folder, threads):
    from res3d.geometry import ClipSpec
    from serving.session.csession import CSession

    session = CSession(folder / network / "1", threads=threads)
    clip = ClipSpec.from_json((folder / f"{network}.json").read_text(encoding="utf-8"))
    return lambda clips: session.call("serving_default", {"clip": clips}, ["logits"])["logits"], clip.shape


def _keras(network, folder, threads):
    import tensorflow as tf

    import res3d

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = res3d.load_model(folder / f"{network}.keras")
    model.jit_compile = False
    return model.predict_on_batch, model.input_shape[1:]


def _torch(row, network, folder, threads):
    """The original of torchvision or pytorchvideo; where there is none, ours on Keras's torch backend."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    low = torch.autocast("cpu", torch.bfloat16, enabled=row.dtype == "bfloat16")
    module, shape = original(network) or ours(network, folder)

    def run(call):
        def answer(clips):
            with torch.inference_mode(), low:
                return call(torch.from_numpy(clips)).float().cpu().numpy()

        return answer

    # The layout is chosen as torch runs eagerly: each that is compiled takes a minute.
    best = min(module, key=lambda call: _trial(run(call), shape)) if len(module) > 1 else module[0]
    return run(torch.compile(best) if row.form == "compile" else best), shape


def _trial(call, shape):
    """Seconds of the faster of two calls, after one that warms up."""
    import numpy as np

    clips, took = np.zeros((1, *shape), "uint8"), []
    for _ in range(3):
        began = time.perf_counter()
        call(clips)
        took.append(time.perf_counter() - began)
    return min(took[1:])


def ours(network, folder):
    """([function of a tensor of uint8 clips], shape of a clip): the Keras model, on torch."""
    os.environ["KERAS_BACKEND"] = "torch"
    import res3d

    model = res3d.load_model(folder / f"{network}.keras")
    return [lambda clips: model(clips, training=False)], model.input_shape[1:]


def original(network):
    """The same of the published torch network, in two layouts of memory; None where there is none, or no package."""
    import torch

    from benchmarks import model_speed

    try:
        made = model_speed.torch_model(network)
    except ImportError:
        return None
    if made is None:
        return None
    channels, *shape = made[1]

    def layout(order):
        module = copy.deepcopy(made[0]).eval().to(memory_format=order)

        def call(clips):
            pixels = clips.permute(0, 4, 1, 2, 3).to(torch.float32, memory_format=order) / 255
            return module([pixels[:, :, ::8], pixels]) if network.startswith("slowfast") else module(pixels)

        return call

    return [layout(order) for order in (torch.contiguous_format, torch.channels_last_3d)], (*shape, channels)


def needed(names):
    """{(kind, form)} of the files that rows read."""
    return {(row.kind, row.form) for row in (ROWS[name] for name in names)}


def torch_best(times):
    """The fastest float32 time of torch's rows, of {row: ms or None}; None where none ran."""
    ran = [ms for name, ms in times.items() if ms and (ROWS[name].kind, ROWS[name].dtype) == ("torch", "float32")]
    return min(ran, default=None)


def best_of(times, dtype, kind=None):
    """(row, ms) of the fastest row of a dtype but for torch's, of one kind or of any; None where none ran."""
    ran = {name: ms for name, ms in times.items() if ms and ROWS[name].dtype == dtype
           and (ROWS[name].kind == kind if kind else ROWS[name].kind != "torch")}
    return min(ran.items(), key=lambda item: item[1], default=None)
