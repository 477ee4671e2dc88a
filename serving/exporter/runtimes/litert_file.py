"""A function to a LiteRT file, by TensorFlow's own converter, of LiteRT's own operations alone."""

import csv
import importlib.util
import io
import math
import re
import warnings

import tensorflow as tf
from absl import logging

from res3d.quiet import logged_from, muted_stderr
from serving.session.runtimes.errors import not_installed

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D")
HEAVY = (*CONVOLUTIONS, "FULLY_CONNECTED")
FORBIDDEN = re.compile(r"tf\.(\w+)\(tensor")  # as the converter's report has it


def write_litert(function, path, texts, variables, clips=None, keep=()):
    """Writes `function`, a `tf.function` of one input, to `path`, with `texts`, {key: text}, as its metadata.

    Args:
        function: as of `graph.answering`, best of a fixed batch of one: kernels then know all sizes.
        path: the file.
        texts: {key: text}.
        variables: list of tf.Variable. What the function reads.
        clips: list of what the function takes, to calibrate 8-bit arithmetic on, or None for float32.
        keep: names of layers, as `layer_errors` has them, that stay in float.

    Raises:
        ImportError: without LiteRT.
        ValueError: for an operation that LiteRT does not have, with the layer that it lies in.
    """
    def content(make):
        return make().convert() if clips is None else _quantizer(make, clips, keep).get_nondebug_quantized_model()

    path.write_bytes(with_metadata(_converted(function, variables, content), texts))
    return path


def layer_errors(function, variables, clips):
    """{layer: error} of the 8-bit form, the worst first: root mean square, in steps of the layer's scale.

    0.29 is what rounding alone makes. Layers with kernels are listed, by the tensors that they make.

    Args:
        function, variables, clips: as of `write_litert`.
    """
    def examined(make):
        quantizer, file = _quantizer(make, clips, ()), io.StringIO()
        quantizer.run()
        quantizer.layer_statistics_dump(file)
        return make().convert(), file.getvalue()

    content, text = _converted(function, variables, examined)
    errors = {row["tensor_name"]: math.sqrt(float(row["mean_squared_error"])) / float(row["scale"])
              for row in csv.DictReader(io.StringIO(text))}
    layers = [name for name in _layers(content) if name in errors]
    return dict(sorted(((name, errors[name]) for name in layers), key=lambda item: -item[1]))


def _converted(function, variables, use):
    """What `use` makes of a function without arguments that makes a converter, anew for each conversion.

    Raises:
        ImportError, ValueError: as of `write_litert`.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise not_installed("`--format=litert`", "LiteRT", "litert")
    module = tf.Module()
    module.read, module.answer = variables, function
    with logged_from(logging.FATAL):
        concrete = function.get_concrete_function()

        def make():
            converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # others would load on no phone
            return converter

        try:
            with muted_stderr():  # the converter writes its report there, too
                return use(make)
        except Exception as error:  # the converter's own class is not to be had from a public place
            raise ValueError(_refusal(str(error), concrete.graph)) from None


def _quantizer(make, clips, keep):
    """What makes the form that computes in 8 bits where LiteRT can, calibrated on `clips`."""
    converter, before = make(), _before_kernels(make().convert())

    def examples():
        return ([clip] for clip in clips)

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=[*keep, *before],
                                                            denylisted_ops=["SOFTMAX"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it starts the interpreter of `tf.lite`, which is on its way out
        return tf.lite.experimental.QuantizationDebugger(converter=converter, debug_dataset=examples,
                                                         debug_options=options)


def _layers(content):
    """Names of what the layers with a kernel make, in a float file."""
    return [name for name, kind in _made(content) if kind in HEAVY]


def _before_kernels(content):
    """Names of what is made before the first convolution: scaled pixels and motion, which 256 steps would drown."""
    made = _made(content)
    first = next((place for place, (_, kind) in enumerate(made) if kind in CONVOLUTIONS), 0)
    return [name for name, _ in made[:first]]


def _made(content):
    """[(name of what an operation makes, its type)] of a float file, in the order that it runs."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph, kinds = model.subgraphs[0], {getattr(schema.BuiltinOperator, name): name for name in HEAVY}
    return [(graph.tensors[operator.outputs[0]].name.decode(),
             kinds.get(model.operatorCodes[operator.opcodeIndex].builtinCode, "")) for operator in graph.operators]


def _refusal(said, graph):
    """The operations out of many lines of a converter's report, and the layers that they lie in."""
    operations = list(dict.fromkeys(FORBIDDEN.findall(said)))
    layers = dict.fromkeys(operation.name.rpartition("/")[0] for operation in graph.get_operations()
                           if operation.type in operations)
    told = ", ".join(operations) + (f", in '{next(iter(layers))}'" if layers else "")
    return ("A network for LiteRT must be made of LiteRT's own operations. Received one with "
            f"{told or ' '.join(said.split())[:200]}. Export it with four axes, or as ONNX, OpenVINO or a SavedModel.")


def with_metadata(content, texts):
    """The content of a file with one named buffer a text, in the place of former ones of those names."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.metadata = [entry for entry in model.metadata or [] if entry.name.decode() not in texts]
    for key, text in texts.items():
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = list(text.encode())
        entry.name, entry.buffer = key.encode(), len(model.buffers)
        model.buffers.append(buffer)
        model.metadata.append(entry)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
