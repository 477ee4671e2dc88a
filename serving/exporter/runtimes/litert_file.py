"""A function to a LiteRT file, by TensorFlow's own converter, of LiteRT's own operations alone."""

import re
import warnings

import tensorflow as tf
from absl import logging

from res3d.quiet import logged_from, muted_stderr
from serving.session.runtimes.errors import not_installed

HEAVY = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "FULLY_CONNECTED")
FORBIDDEN = re.compile(r"tf\.(\w+)\(tensor")  # as the converter's report has it


def write_litert(function, path, texts, variables, clips=None, keep=False):
    """Writes `function`, a `tf.function` of one input, to `path`, with `texts`, {key: text}, as its metadata.

    Args:
        function: as of `graph.answering`, best of a fixed batch of one: kernels then know all sizes.
        path: the file.
        texts: {key: text}.
        variables: list of tf.Variable. What the function reads.
        clips: list of what the function takes, to calibrate 8-bit arithmetic on, or None for float32.
        keep: bool. Leaves the first convolution and the head in float.

    Raises:
        ImportError: without LiteRT.
        ValueError: for an operation that LiteRT does not have, with the layer that it lies in.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise not_installed("`--format=litert`", "LiteRT", "litert") from None
    module = tf.Module()
    module.read, module.answer = variables, function
    with logged_from(logging.FATAL):
        concrete = function.get_concrete_function()

        def make():  # anew for each conversion, which uses it up
            converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # others would load on no phone
            return converter

        try:
            with muted_stderr():  # the converter writes its report there, too
                content = make().convert() if clips is None else _in_eight_bits(make, clips, keep, schema)
        except Exception as error:  # the converter's own class is not to be had from a public place
            raise ValueError(_refusal(str(error), concrete.graph)) from None
    path.write_bytes(with_metadata(content, texts))
    return path


def _in_eight_bits(make, clips, keep, schema):
    """What a converter makes, computing in 8 bits where LiteRT can; calibrated on `clips`."""
    ends = _ends(make().convert(), schema) if keep else []
    converter = make()

    def examples():
        return ([clip] for clip in clips)

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=ends, denylisted_ops=["SOFTMAX"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it starts the interpreter of `tf.lite`, which is on its way out
        debugger = tf.lite.experimental.QuantizationDebugger(converter=converter, debug_dataset=examples,
                                                             debug_options=options)
    return debugger.get_nondebug_quantized_model()


def _ends(content, schema):
    """Names of what the first and the last layer with a kernel make."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph, heavy = model.subgraphs[0], {getattr(schema.BuiltinOperator, name) for name in HEAVY}
    made = [graph.tensors[operator.outputs[0]].name.decode() for operator in graph.operators
            if model.operatorCodes[operator.opcodeIndex].builtinCode in heavy]
    return [made[0], made[-1]]


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
