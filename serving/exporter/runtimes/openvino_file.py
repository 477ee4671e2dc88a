"""A function to an OpenVINO model, by OpenVINO's own reader of TensorFlow graphs."""

import os
import tempfile

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from serving.session.runtimes.contract import CLIP, LOGITS, SCORES
from serving.session.runtimes.errors import not_installed


def write_openvino(function, path, texts, variables=()):
    """Writes `function`, a `tf.function` of one input, to `path`, `NAME.xml`, and `NAME.bin` beside it.

    Args:
        function: as of `graph.answering`.
        path: the .xml file.
        texts: {key: text} for the model's `rt_info`.
        variables: not needed here; they are found without being told.

    Raises:
        ImportError: without OpenVINO.
        ValueError: for an operation that has no counterpart, by its name.
    """
    try:
        import openvino
    except ImportError:
        raise not_installed("`--format=openvino`", "OpenVINO", "openvino") from None
    graph = convert_variables_to_constants_v2(function.get_concrete_function()).graph.as_graph_def()
    with tempfile.TemporaryDirectory() as folder:
        tf.io.write_graph(graph, folder, "graph.pb", as_text=False)
        try:
            model = openvino.Core().read_model(os.path.join(folder, "graph.pb"))
        except RuntimeError as error:
            raise ValueError("A network for OpenVINO must be made of operations that it reads. "
                             f"It says: {' '.join(str(error).split())}") from None
        model.inputs[0].get_tensor().set_names({CLIP})
        for output in model.outputs:
            name, = {SCORES, LOGITS} & {known.partition(":")[0] for known in output.get_names()}
            output.get_tensor().set_names({name})
        save(model, path, texts)
    return path


def save(model, path, texts):
    """Writes an OpenVINO model to `path`, `NAME.xml`, and `NAME.bin` beside it, with `texts`, {key: text}, in it."""
    import openvino

    for key, text in texts.items():
        model.set_rt_info(text, key)
    openvino.save_model(model, os.fspath(path), compress_to_fp16=False)
