"""How much error each layer adds in 8 bits, so that the worst can be named and left in float."""

import os

import numpy as np

HEAVY_OPENVINO = ("Convolution", "GroupConvolution", "MatMul")
CLAMPS = ("Relu", "Clip")  # which ONNX Runtime's quantizer takes into the convolution before
_LEAST_POWER = 1e-12


def added(layers, before, after, parts):
    """{layer: error that it adds}, the worst first: relative to its output, beyond what arrives with its input.

    Args:
        layers: {name: (key of its input, key of its output)}.
        before, after: functions of a part that give {key: array}, of the float model and of the one in 8 bits.
        parts: what a model takes, one or more.

    >>> right, found = {"a": np.ones(4), "b": np.ones(4)}, {"a": np.full(4, 1.3), "b": np.full(4, 1.5)}
    >>> {name: round(float(error), 2) for name, error in
    ...  added({"conv": ("a", "b")}, lambda part: right, lambda part: found, [None]).items()}
    {'conv': 0.4}
    """
    sums = {key: np.zeros(2) for ends in layers.values() for key in ends}
    for part in parts:
        right, found = before(part), after(part)
        for key, total in sums.items():
            wanted = np.asarray(right[key], float)
            total += np.square(found[key] - wanted).sum(), np.square(wanted).sum()
    relative = {key: difference / max(power, _LEAST_POWER) for key, (difference, power) in sums.items()}
    errors = {name: float(np.sqrt(max(0.0, relative[end] - relative[start]))) for name, (start, end) in layers.items()}
    return dict(sorted(errors.items(), key=lambda item: -item[1]))


def openvino_errors(source, quantized, parts):
    """`added` of OpenVINO models; layers are called by their friendly names, and where these say little by a place."""
    import openvino

    layers = {}
    for op in openvino.Core().read_model(os.fspath(source)).get_ordered_ops():
        if op.get_type_name() in HEAVY_OPENVINO:
            output = op.input_value(0)
            layers[_told(op)] = ((output.get_node().get_friendly_name(), output.get_index()),
                                 (op.get_friendly_name(), 0))
    runs = [_openvino_run(path, sorted({key for ends in layers.values() for key in ends}))
            for path in (source, quantized)]
    return added(layers, *runs, parts)


def openvino_name(layer):
    """The friendly name out of what `openvino_errors` calls a layer.

    >>> openvino_name("Convolution_272 (r3d_18/stage1/conv)")
    'Convolution_272'
    """
    return layer.partition(" (")[0]


def _told(op):
    """A name, and the place that a name of Keras's tells after it or, failing that, before."""
    name = op.get_friendly_name()
    if "/" in name:
        return name
    after = _first_named(op, lambda node: [end.get_node() for port in node.outputs()
                                           for end in port.get_target_inputs()])
    before = after or _first_named(op, lambda node: [port.get_source_output().get_node() for port in node.inputs()][:1])
    return f"{name} ({after or 'after ' + before})" if before else name


def _first_named(op, neighbours):
    """The nearest name with a slash along `neighbours`, as far as another layer; or nothing."""
    nodes = neighbours(op)
    while nodes and nodes[0].get_type_name() not in (*HEAVY_OPENVINO, "Parameter", "Result"):
        if "/" in nodes[0].get_friendly_name():
            return nodes[0].get_friendly_name()
        nodes = neighbours(nodes[0])
    return ""


def _openvino_run(path, keys):
    import openvino

    core = openvino.Core()
    model = core.read_model(os.fspath(path))
    first = len(model.outputs)
    model.add_outputs(keys)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(part):
        found = compiled([part])
        return {key: found[first + place] for place, key in enumerate(keys)}

    return run


def onnx_errors(source, quantized, parts, heavy, name):
    """`added` of ONNX models; `heavy` are the operations with kernels, `name` the input's; layers are nodes' names."""
    import onnx

    models = [onnx.load(os.fspath(path)) for path in (source, quantized)]
    nodes = list(models[0].graph.node)
    # Where a clamp follows, the model in 8 bits has the clamp's numbers alone.
    clamped = {node.input[0]: node.output[0] for node in nodes if node.op_type in CLAMPS}
    known = set.intersection(*({entry for node in model.graph.node for entry in (*node.input, *node.output)}
                               for model in models))
    layers = {node.name: (node.input[0], clamped.get(node.output[0], node.output[0]))
              for node in nodes if node.op_type in heavy}
    layers = {layer: ends for layer, ends in layers.items() if known.issuperset(ends)}
    keys = sorted({key for ends in layers.values() for key in ends})
    return added(layers, *(_onnx_run(model, keys, name) for model in models), parts)


def _onnx_run(model, keys, name):
    import onnx
    import onnxruntime

    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, None) for key in keys)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda part: dict(zip(keys, session.run(keys, {name: part})))
