"""How each runtime's model gets its 8-bit form: NNCF for OpenVINO, QDQ for ONNX Runtime, LiteRT's own converter."""

import contextlib
import dataclasses
import functools
import io
import os
import tempfile
from collections.abc import Callable

from serving.exporter.runtimes.eight_bits.layer_errors import onnx_errors, openvino_errors, openvino_name
from serving.exporter.runtimes.litert_file import layer_errors, write_litert
from serving.exporter.runtimes.openvino_file import save
from serving.session.runtimes.contract import CLIP

HEAVY = ("Conv", "Gemm", "MatMul")
LIGHT = ("Add", "Mul", "Relu", "MaxPool", "Concat", "Pad", "Slice", "Reshape", "Transpose")  # kept in 8 bits between


@dataclasses.dataclass(frozen=True)
class EightBits:
    """What makes the 8-bit form of one model, and says where it errs.

    Args:
        write: function of (path, texts, clips, keep); layers named in `keep` stay in float.
        errors: function of (path of the 8-bit form, clips) that gives {layer: error}, the worst first. For OpenVINO
            and ONNX it is what `layer_errors.added` says, for LiteRT the error in steps of the layer's own scale.
    """

    write: Callable
    errors: Callable


def eight_bits(format, path, function, variables, batch, axes):
    """`EightBits` of a model.

    Args:
        format: "onnx", "openvino" or "litert".
        path: the float32 file.
        function, variables: what it was written from, which LiteRT's converter starts from again.
        batch: int or None. The clips that it takes at once.
        axes: 4 or 5; with 4 frames stand on the batch axis.
    """
    fed = functools.partial(_fed, batch or 1, axes)
    if format == "litert":
        return EightBits(functools.partial(_write_litert, function, variables, fed),
                         lambda path, clips: layer_errors(function, variables, fed(clips)))
    write, errors = {"onnx": (_write_onnx, _onnx_errors), "openvino": (_write_openvino, _openvino_errors)}[format]
    return EightBits(functools.partial(write, path, fed), functools.partial(errors, path, fed))


def _fed(batch, axes, clips):
    """Clips as a graph takes them, as often as it takes; the last ones that fill no batch are left out."""
    parts = [clips[start:start + batch] for start in range(0, len(clips) - batch + 1, batch)]
    return parts if axes == 5 else [part.reshape(-1, *part.shape[2:]) for part in parts]


def _write_openvino(source, fed, path, texts, clips, keep):
    with contextlib.redirect_stdout(io.StringIO()):  # it draws bars
        import nncf
    import openvino

    model = openvino.Core().read_model(os.fspath(source))
    ops = [(op.get_type_name(), op.get_friendly_name()) for op in model.get_ordered_ops()]
    kept = [*map(openvino_name, keep), *_before_kernels(ops, ("Convolution", "GroupConvolution"))]
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(model, nncf.Dataset(fed(clips)), subset_size=len(clips),
                                  ignored_scope=nncf.IgnoredScope(names=kept, validate=False))
    save(quantized, path, texts)


def _openvino_errors(source, fed, path, clips):
    return openvino_errors(source, path, fed(clips))


def _write_onnx(source, fed, path, texts, clips, keep):
    import onnx
    from onnxruntime import quantization

    left = ({CLIP: part} for part in fed(clips))

    class Reader(quantization.CalibrationDataReader):
        def get_next(self):
            return next(left, None)

    with tempfile.TemporaryDirectory() as folder:
        ready, aside = _ready(source, folder), os.path.join(folder, "quantized.onnx")
        nodes = list(onnx.load(ready).graph.node)
        before = _before_kernels([(node.op_type, node.name) for node in nodes], ("Conv",))
        quantization.quantize_static(
            ready, aside, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=[*HEAVY, *LIGHT],
            nodes_to_exclude=[*keep, *before, *_after_head(nodes)],
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"]})
        model = onnx.load(aside)
    onnx.helper.set_model_props(model, texts)
    onnx.save_model(model, os.fspath(path))


def _ready(source, folder):
    """The path of a model as ONNX Runtime's quantizer wants it: shapes known, batch norms folded."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ready = os.path.join(folder, "ready.onnx")
    quant_pre_process(os.fspath(source), ready, skip_symbolic_shape=True)
    return ready


def _onnx_errors(source, fed, path, clips):
    with tempfile.TemporaryDirectory() as folder:
        return onnx_errors(_ready(source, folder), path, fed(clips), HEAVY, CLIP)


def _before_kernels(ops, kernels):
    """Names of the operations before the first kernel that was learnt, of [(type, name)] in their order.

    They scale pixels, and take frames from one another where a network sees motion: a small difference of large
    numbers, which 256 steps would drown.
    """
    first = next((place for place, (kind, _) in enumerate(ops) if kind in kernels), 0)
    return [name for kind, name in ops[:first] if kind not in ("Parameter", "Constant", "Result")]


def _after_head(nodes):
    """Names of what comes after the head, which 256 steps would not tell apart."""
    last = max(place for place, node in enumerate(nodes) if node.op_type in HEAVY)
    return [node.name for node in nodes[last + 1:]]


def _write_litert(function, variables, fed, path, texts, clips, keep):
    write_litert(function, path, texts, variables, clips=fed(clips), keep=keep)
