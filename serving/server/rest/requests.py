"""TensorFlow Serving's JSON bodies: predict requests to arrays. No HTTP here; `json_writer` has the way back.

What a body means depends on the signature it names, which is only known after parsing, so a request is read in two
steps: `read_body`, then `predict_inputs` (or `json_examples.example_input`).
"""

import numpy as np

from serving.errors import ServingError, invalid
from serving.server.rest import json_reader, json_tensors
from serving.server.rest.json_tensors import is_base64
from serving.server.rest.json_writer import show

ROW, COLUMN = "row", "column"


def read_body(body, lift=True):
    """The members of a request and the signature it names.

    Args:
        body: bytes.
        lift: bool. As in `json_reader.decode`.

    Returns:
        `(members, signature_name)`; the name is "" where the body has none.

    Raises:
        ServingError: INVALID_ARGUMENT.

    >>> read_body(b'{"signature_name": "s", "instances": [1]}')
    ({'signature_name': 's', 'instances': [1]}, 's')
    """
    members = json_reader.decode(body, lift)
    if not isinstance(members, dict):
        raise invalid(f"JSON Value: {show(members)} Is not object")
    name = members.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(f"JSON Value: {show(members)} not formatted correctly. 'signature_name' key must be a string "
                      "value.")
    return members, name


def predict_inputs(members, inputs):
    """The arrays of a predict request.

    Args:
        members: dict. The body's.
        inputs: {alias: DataType number}. The signature's inputs.

    Returns:
        `(form, arrays)`: `ROW` or `COLUMN`, which decides how the answer is written, and {alias: array}.

    Raises:
        ServingError: with TensorFlow Serving's wording.

    >>> predict_inputs({"instances": [1.0, 2.0]}, {"x": 1})
    ('row', {'x': array([1., 2.], dtype=float32)})
    """
    if "instances" in members:
        rows = members["instances"]
        if "inputs" in members:
            raise invalid(f"JSON Value: {show(members)} Not formatted correctly expecting only one of 'inputs' or "
                          "'instances' keys to exist ")
        if not isinstance(rows, list | np.ndarray):
            raise invalid(f"JSON Value: {show(members)} Expecting 'instances' to be an list/array")
        if not len(rows):
            raise invalid(f"JSON Value: {show(members)} No values in 'instances' array")
        return ROW, _from_rows(rows, inputs)
    if "inputs" in members:
        return COLUMN, _from_columns(members["inputs"], inputs)
    raise invalid("Missing 'inputs' or 'instances' key")


def _from_rows(rows, inputs):
    if not isinstance(rows[0], dict) and len(inputs) > 1:
        raise invalid("instances is a plain list, but expecting list of objects as multiple input tensors required as "
                      "per tensorinfo_map")
    if isinstance(rows, np.ndarray):
        (name, number), = inputs.items()
        return {name: _one_row_failing(rows, name, number)}
    named = _is_named(rows[0])
    try:  # the whole column at once; who is to blame for a failure is found row by row
        if not named and not any(map(_is_named, rows)):
            (name, number), = inputs.items()
            return {name: json_tensors.to_array(rows, number)}
        if named and all(_is_named(row) and row.keys() == inputs.keys() for row in rows):
            return {name: json_tensors.to_array([row[name] for row in rows], number)
                    for name, number in inputs.items()}
    except ServingError:
        pass
    return _row_by_row(rows, named, inputs)


def _one_row_failing(rows, name, number):
    try:
        return json_tensors.to_array(rows, number)
    except ServingError:
        return _row_by_row(rows.tolist(), False, {name: number})[name]


def _is_named(row):
    return isinstance(row, dict) and not is_base64(row)


def _row_by_row(rows, named, inputs):
    columns = {}
    for i, row in enumerate(rows):
        if named != _is_named(row):
            raise invalid(f"Expecting object but got list at item {i} of input list" if named else
                          f"Expecting value/list but got object at item {i} of input list")
        where = f"Failed to process element: {i}"
        for name, value in row.items() if named else [(next(iter(inputs)), row)]:
            try:
                _add(columns, name, value, inputs)
            except ServingError as error:
                key = f" key: {name}" if named else ""
                raise ServingError(error.code, f"{where}{key} of 'instances' list. Error: {error.code}: "
                                               f"{error.message}") from None
        if named and row.keys() != inputs.keys():
            raise invalid(f"{where} of 'instances' list. JSON object: {show(row)} keys must be equal to: "
                          f"{','.join(sorted(inputs))}")
    return {name: np.stack(arrays) for name, arrays in columns.items()}


def _add(columns, name, value, inputs):
    if name not in inputs:
        raise invalid(f"JSON object: does not have named input: {name}")
    array = json_tensors.to_array(value, inputs[name])
    first = columns.setdefault(name, [array])[0]
    if array.size != first.size:
        raise invalid(f"Expecting tensor size: {first.size} but got: {array.size}")
    if array.shape != first.shape:
        raise invalid(f"Expecting shape [{_sizes(first)}] but got: [{_sizes(array)}]")
    if array is not first:
        columns[name].append(array)


def _sizes(array):
    return ",".join(map(str, array.shape))


def _from_columns(value, inputs):
    if not isinstance(value, dict) or is_base64(value):
        if len(inputs) > 1:
            raise invalid("inputs is a plain value/list, but expecting an object as multiple input tensors required as "
                          "per tensorinfo_map")
        (name, number), = inputs.items()
        return {name: json_tensors.to_array(value, number)}
    arrays = {}
    for name, number in inputs.items():
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        arrays[name] = json_tensors.to_array(value[name], number)
    return arrays
