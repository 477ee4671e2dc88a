"""A function to an ONNX file, by tf2onnx."""

import logging

from absl import logging as absl_logging

from res3d.quiet import logged_from
from serving.session.runtimes.errors import not_installed

OPSET = 18  # of 2022: ONNX Runtime 1.14 and whatever came after it read it


def write_onnx(function, path, texts, variables=()):
    """Writes `function`, a `tf.function` of one input, to `path`, with `texts`, {key: text}, as its metadata.

    Args:
        function, path, texts, variables: as of `litert_file.write_litert`; the variables are found without being told.

    Raises:
        ImportError: without tf2onnx or onnx.
        ValueError: for an operation that has no counterpart, by its name.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise not_installed("`--format=onnx`", error.name, "onnx") from None
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)  # it tells what it could not convert, which the error says too
    try:
        with logged_from(absl_logging.ERROR):
            model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    finally:
        for logger, before in zip(loggers, levels):
            logger.setLevel(before)
    foreign = sorted({f"{node.op_type} at '{node.name}'" for node in model.graph.node
                      if not onnx.defs.has(node.op_type, node.domain)})
    if foreign:
        raise ValueError("A network for ONNX must be made of ONNX's own operations. Received one with "
                         f"{', '.join(foreign[:5])}. Export it as a SavedModel, or as OpenVINO.")
    onnx.helper.set_model_props(model, texts)
    model.producer_name = "res3d"
    onnx.save_model(model, str(path))
    return path
