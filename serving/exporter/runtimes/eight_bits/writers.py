"""How each runtime's model gets its 8-bit form: NNCF for OpenVINO, QDQ for ONNX Runtime, LiteRT's own converter."""

import contextlib
import functools
import io
import os
import tempfile

from serving.exporter.runtimes.litert_file import write_litert
from serving.exporter.runtimes.openvino_file import save
from serving.session.runtimes.contract import CLIP

HEAVY = ("Conv", "Gemm", "MatMul")
LIGHT = ("Add", "Mul", "Relu", "MaxPool", "Concat", "Pad", "Slice", "Reshape", "Transpose")  # kept in 8 bits between


def writer(format, path, function, variables, batch, axes):
    """The function of (path, texts, clips, keep) that writes the 8-bit form of a model.

    Args:
        format: "onnx", "openvino" or "litert".
        path: the float32 file.
        function, variables: what it was written from, which LiteRT's converter starts from again.
        batch: int or None. The clips that it takes at once.
        axes: 4 or 5; with 4 frames stand on the batch axis.
    """
    fed = functools.partial(_fed, batch or 1, axes)
    if format == "litert":
        return functools.partial(_write_litert, function, variables, fed)
    return functools.partial({"onnx": _write_onnx, "openvino": _write_openvino}[format], path, fed)


def _fed(batch, axes, clips):
    """Clips as a graph takes them, as often as it takes; the last ones that fill no batch are left out."""
    parts = [clips[start:start + batch] for start in range(0, len(clips) - batch + 1, batch)]
    return parts if axes == 5 else [part.reshape(-1, *part.shape[2:]) for part in parts]


def _write_openvino(source, fed, path, texts, clips, keep):
    with contextlib.redirect_stdout(io.StringIO()):  # it draws bars
        import nncf
    import openvino

    model = openvino.Core().read_model(os.fspath(source))
    heavy = [op.get_friendly_name() for op in model.get_ordered_ops()
             if op.get_type_name() in ("Convolution", "GroupConvolution", "MatMul")]
    kept = [heavy[0], heavy[-1]] if keep else []
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(model, nncf.Dataset(fed(clips)), subset_size=len(clips),
                                  ignored_scope=nncf.IgnoredScope(names=kept))
    save(quantized, path, texts)


def _write_onnx(source, fed, path, texts, clips, keep):
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    left = ({CLIP: part} for part in fed(clips))

    class Reader(quantization.CalibrationDataReader):
        def get_next(self):
            return next(left, None)

    with tempfile.TemporaryDirectory() as folder:
        ready, aside = (os.path.join(folder, name) for name in ("ready.onnx", "quantized.onnx"))
        quant_pre_process(os.fspath(source), ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready, aside, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=[*HEAVY, *LIGHT], nodes_to_exclude=_in_float(onnx.load(ready).graph.node, keep),
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"]})
        model = onnx.load(aside)
    onnx.helper.set_model_props(model, texts)
    onnx.save_model(model, os.fspath(path))


def _in_float(nodes, keep):
    """Names of what comes after the head, which 256 steps would not tell apart, and with `keep` of both ends."""
    places = [place for place, node in enumerate(nodes) if node.op_type in HEAVY]
    ends = [nodes[place].name for place in (places[0], places[-1])] if keep else []
    return ends + [node.name for node in nodes[places[-1] + 1:]]


def _write_litert(function, variables, fed, path, texts, clips, keep):
    write_litert(function, path, texts, variables, clips=fed(clips), keep=keep)
