"""TensorFlow's and TensorFlow Serving's messages without TensorFlow: 0.1 s to import instead of several.

The message modules lie in packages that import all of TensorFlow. While they load, an empty module that only knows
where `tensorflow` lies stands in for it; it is taken away before this import returns, so that a later
`import tensorflow` finds the real one. Where TensorFlow is loaded already, the messages come from there.

>>> tensor_pb2.TensorProto(dtype=types_pb2.DT_UINT8, int_val=[7]).int_val[0]
7
"""

import contextlib
import importlib.util
import pathlib
import sys
import types


def tensorflow_folder():
    """The folder of the installed TensorFlow, found without importing it.

    Raises:
        ImportError: if TensorFlow is not installed.
    """
    file = getattr(sys.modules.get("tensorflow"), "__file__", None)
    if file is not None:  # its __path__ begins elsewhere once it is loaded
        return pathlib.Path(file).parent
    found = importlib.util.find_spec("tensorflow")
    if found is None or not found.submodule_search_locations:
        raise ImportError("The messages of TensorFlow Serving need the package tensorflow beside "
                          "tensorflow-serving-api. It was not found. Run: pip install tensorflow")
    return pathlib.Path(next(iter(found.submodule_search_locations)))


_stand_in = None
if "tensorflow" not in sys.modules:
    _stand_in = types.ModuleType("tensorflow")
    _stand_in.__path__ = [str(tensorflow_folder())]
    sys.modules["tensorflow"] = _stand_in
try:
    from tensorflow.core.example import example_pb2, feature_pb2
    from tensorflow.core.framework import graph_pb2, op_def_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorflow.core.protobuf import config_pb2, error_codes_pb2, meta_graph_pb2, saved_model_pb2
    from tensorflow_serving.apis import (
        classification_pb2,
        get_model_metadata_pb2,
        get_model_status_pb2,
        inference_pb2,
        input_pb2,
        model_management_pb2,
        model_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_log_pb2,
        prediction_service_pb2_grpc,
        regression_pb2,
        status_pb2,
    )
    from tensorflow_serving.config import model_server_config_pb2

    # Nothing but gRPC's reflection needs these two. In tensorflow-serving-api before 2.18 they stop with an
    # AttributeError at options that no protobuf of today lets them set, after the service is in the pool.
    for _name in ("model_service_pb2", "prediction_service_pb2"):
        with contextlib.suppress(AttributeError):
            importlib.import_module(f"tensorflow_serving.apis.{_name}")
finally:
    if _stand_in is not None and sys.modules.get("tensorflow") is _stand_in:
        del sys.modules["tensorflow"]

__all__ = [
    "classification_pb2", "config_pb2", "error_codes_pb2", "example_pb2", "feature_pb2", "get_model_metadata_pb2",
    "get_model_status_pb2", "graph_pb2", "inference_pb2", "input_pb2", "meta_graph_pb2", "model_management_pb2",
    "model_pb2", "model_server_config_pb2", "model_service_pb2_grpc", "op_def_pb2", "predict_pb2", "prediction_log_pb2",
    "prediction_service_pb2_grpc", "regression_pb2", "saved_model_pb2", "status_pb2", "tensor_pb2", "tensor_shape_pb2",
    "tensorflow_folder", "types_pb2",
]
