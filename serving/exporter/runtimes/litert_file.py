"""A function to a LiteRT file, by TensorFlow's own converter, of LiteRT's own operations alone."""

import re

import tensorflow as tf
from absl import logging

from res3d.quiet import logged_from, muted_stderr
from serving.session.runtimes.errors import not_installed

FORBIDDEN = re.compile(r"tf\.(\w+)\(tensor")  # as the converter's report has it


def write_litert(function, path, texts, variables):
    """Writes `function`, a `tf.function` of one input, to `path`, with `texts`, {key: text}, as its metadata.

    Args:
        function: as of `graph.answering`, best of a fixed batch of one: kernels then know all sizes.
        path: the file.
        texts: {key: text}.
        variables: list of tf.Variable. What the function reads.

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
        try:
            converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # others would load on no phone
            with muted_stderr():  # the converter writes its report there, too
                content = converter.convert()
        except Exception as error:  # the converter's own class is not to be had from a public place
            raise ValueError(_refusal(str(error), concrete.graph)) from None
    path.write_bytes(_with_metadata(content, texts, schema))
    return path


def _refusal(said, graph):
    """The operations out of many lines of a converter's report, and the layers that they lie in."""
    operations = list(dict.fromkeys(FORBIDDEN.findall(said)))
    layers = dict.fromkeys(operation.name.rpartition("/")[0] for operation in graph.get_operations()
                           if operation.type in operations)
    told = ", ".join(operations) + (f", in '{next(iter(layers))}'" if layers else "")
    return ("A network for LiteRT must be made of LiteRT's own operations. Received one with "
            f"{told or ' '.join(said.split())[:200]}. Export it as ONNX, OpenVINO or a SavedModel.")


def _with_metadata(content, texts, schema):
    """The file with one named buffer a text more."""
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.metadata = list(model.metadata or [])
    for key, text in texts.items():
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = list(text.encode())
        entry.name, entry.buffer = key.encode(), len(model.buffers)
        model.buffers.append(buffer)
        model.metadata.append(entry)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
