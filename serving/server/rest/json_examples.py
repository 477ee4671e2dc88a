"""TensorFlow Serving's JSON bodies: classify and regress requests to tf.Example messages.

Whole numbers and booleans become int64 features, numbers with a point float features, strings and base64 bytes
features; one feature holds one kind.
"""

import numpy as np

from serving.errors import invalid
from serving.server.rest import json_tensors
from serving.server.rest.json_tensors import is_base64, type_word
from serving.server.rest.json_writer import show
from serving.tensors.protos import input_pb2


def example_input(members):
    """The examples of a classify or regress request, as the message that gRPC carries them in.

    Raises:
        ServingError: with TensorFlow Serving's wording.

    >>> example_input({"examples": [{"x": 1.5}]}).example_list.examples[0].features.feature["x"].float_list.value
    [1.5]
    >>> example_input({"examples": [{"x": [True, 7]}]}).example_list.examples[0].features.feature["x"].int64_list.value
    [1, 7]
    """
    result = input_pb2.Input()
    examples = result.example_list.examples
    if "context" in members:
        _fill_example(members["context"], result.example_list_with_context.context)
        examples = result.example_list_with_context.examples
    if "examples" not in members:
        raise invalid(f"JSON Value: {show(members)} When method is classify, key 'examples' is expected and was not "
                      "found")
    rows = members["examples"]
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {show(members)} Expecting 'examples' value to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {show(members)} 'examples' value is an empty array")
    for row in rows:
        _fill_example(row, examples.add())
    return result


def _fill_example(row, example):
    if not isinstance(row, dict):
        raise invalid(f"Example must be JSON object but got JSON {type_word(row)}")
    for name, values in row.items():
        try:
            feature = example.features.feature[name]
        except (ValueError, UnicodeEncodeError):
            raise invalid(f"Feature: {name!r} has a name that is not UTF-8") from None
        for value in values if isinstance(values, list) else [values]:
            _add_value(feature, name, value)


def _add_value(feature, name, value):
    kind = feature.WhichOneof("kind")
    if isinstance(value, str) or is_base64(value):
        wanted = "bytes_list"
        value = json_tensors.text_bytes(value) if isinstance(value, str) else json_tensors.base64_bytes(value["b64"])
    elif value is None or isinstance(value, list | dict):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_word(value)}")
    elif isinstance(value, float) or not -2**63 <= value < 2**64:
        wanted = "float_list"  # the parser takes integers beyond 64 bits as doubles, too
        with np.errstate(over="ignore"):
            value = np.float32(_double(value))
    else:
        wanted, value = "int64_list", int(value)  # protobuf is about to refuse True and False
    if kind not in (None, wanted):
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {kind.removesuffix('_list')}")
    if wanted == "int64_list" and value >= 2**63:
        raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
    getattr(feature, wanted).value.append(value)


def _double(value):
    try:
        return float(value)
    except OverflowError:
        raise invalid("JSON Parse error: Number too big to be stored in double. at offset: 0") from None
