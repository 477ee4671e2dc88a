"""What in a SavedModel would fail in TensorFlow Serving, found by reading its graph and functions; nothing is run."""

import pathlib

from serving.tensors.protos import saved_model_pb2

PYTHON_OPS = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
MUST_COMPILE = "_XlaMustCompile"


def scan(folder, known_ops=None):
    """The reasons why the model in `folder` cannot be served, one text each; an empty list if there is none.

    Args:
        folder: a version folder with saved_model.pb.
        known_ops: set of op names that the server's TensorFlow has, or None to leave that question out.

    Raises:
        OSError: if there is no saved_model.pb.
        google.protobuf.message.DecodeError: if it is damaged.
    """
    content = (pathlib.Path(folder) / "saved_model.pb").read_bytes()
    found = {}
    for meta_graph in saved_model_pb2.SavedModel.FromString(content).meta_graphs:
        graph = meta_graph.graph_def
        own = {function.signature.name for function in graph.library.function}
        for function in graph.library.function:
            if function.attr[MUST_COMPILE].b:
                found.setdefault(f"function {_plain(function.signature.name)} must be compiled (jit_compile=True), and "
                                 "TensorFlow Serving turns compilation off", None)
        for place, nodes in [("the graph", graph.node),
                             *((f"function {_plain(f.signature.name)}", f.node_def) for f in graph.library.function)]:
            for node in nodes:
                for reason in _refused(node, place, own, known_ops):
                    found.setdefault(reason, None)
    return list(found)


def _refused(node, place, functions, known_ops):
    if node.op in PYTHON_OPS:
        yield f"{place} calls Python (op {node.op}), which no server has: use TensorFlow's own operations"
    elif known_ops is not None and node.op not in known_ops and node.op not in functions:
        yield f"{place} uses the op {node.op}, which is not part of TensorFlow"
    if MUST_COMPILE in node.attr and node.attr[MUST_COMPILE].b:
        yield f"{place} must be compiled (op {node.op}, jit_compile=True), and TensorFlow Serving turns compilation off"


def _plain(name):
    """`__inference_checked_123` -> `checked`: the name in the source."""
    return name.removeprefix("__inference_").rstrip("0123456789").rstrip("_") or name
