"""One parsed JSON value to one array, done here because what fits which element type, and its refusal, are a contract.

Both are TensorFlow Serving's, to the word.
"""

import base64
import binascii
import itertools

import numpy as np

from serving.errors import ServingError, invalid
from serving.server.rest.json_writer import show
from serving.tensors import dtypes
from serving.tensors.protos import types_pb2

_INT32_RANGE = (-2**31, 2**31 - 1)
_RANGES = {  # what JSON integers an element type takes: the narrow types take any int32 and wrap
    types_pb2.DT_INT32: _INT32_RANGE, types_pb2.DT_INT16: _INT32_RANGE, types_pb2.DT_INT8: _INT32_RANGE,
    types_pb2.DT_UINT8: _INT32_RANGE, types_pb2.DT_INT64: (-2**63, 2**63 - 1), types_pb2.DT_UINT32: (0, 2**32 - 1),
    types_pb2.DT_UINT64: (0, 2**64 - 1),
}
_FLOATS = (types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE)
_KNOWN = {*_RANGES, *_FLOATS, types_pb2.DT_BOOL, types_pb2.DT_STRING}
_MAX_RANK = 32  # NumPy's, and twice what any graph takes


def to_array(value, number):
    """The dense tensor that a JSON value means.

    Args:
        value: what `json_reader.decode` gave: scalars, nested lists, `{"b64": ...}` objects, arrays.
        number: int. The DataType wanted.

    Raises:
        ServingError: INVALID_ARGUMENT for wrong or mixed elements and ragged lists, UNIMPLEMENTED for a DataType that
            JSON cannot carry.

    >>> to_array([[1, 2], [3, 4]], types_pb2.DT_FLOAT)
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    if isinstance(value, np.ndarray):
        if number in _RANGES or number in _FLOATS:
            return _from_numbers(value, number)
        value = value.tolist()
    shape = shape_of(value)
    flat = _flatten(value, shape)
    if flat is None:
        raise _irregular(value, shape, number)
    return _convert(flat, number).reshape(shape)


def is_base64(value):
    """Whether a value is bytes in the form `{"b64": "..."}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def text_bytes(text):
    """A JSON string as the bytes it came as.

    Raises:
        ServingError: for an escape that no UTF-8 can carry.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid. at offset: 0") from None


def base64_bytes(text):
    """The bytes of standard base64; white space is skipped, padding may be missing.

    Raises:
        ServingError: for anything else, the URL-safe alphabet included.
    """
    text = "".join(text.split())
    if not text.endswith("="):
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def shape_of(value):
    """The sizes that the first element of every list has."""
    shape = []
    while isinstance(value, list | np.ndarray):
        if isinstance(value, np.ndarray):
            return (*shape, *value.shape)
        shape.append(len(value))
        if len(shape) > _MAX_RANK:
            raise invalid(f"JSON Value: [...] is nested deeper than any tensor. Expected at most {_MAX_RANK} levels")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _flatten(value, shape):
    """All leaves in order, or None if the lists are not those of `shape`."""
    level = [value]
    for size in shape:
        level = [item.tolist() if isinstance(item, np.ndarray) else item for item in level]
        if not all(isinstance(item, list) and len(item) == size for item in level):
            return None
        level = list(itertools.chain.from_iterable(level))
    return None if any(isinstance(item, list | np.ndarray) for item in level) else level


def _irregular(value, shape, number):
    """The complaint about the first value, in reading order, that does not fit."""
    rank = len(shape)
    stack = [(value, 0)]
    while stack:
        value, level = stack.pop()
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if not isinstance(value, list):
            if level != rank:
                return invalid(f"JSON Value: {show(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                               f"Expected at level: {rank}")
            try:
                _convert([value], number)
            except ServingError as error:
                return error
            continue
        if level >= rank:
            return invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
        if len(value) != shape[level]:
            return invalid(f"Encountered list at unexpected size: {len(value)} at level: {level} "
                           f"expected size: {shape[level]}")
        stack.extend((item, level + 1) for item in reversed(value))
    return invalid("JSON Value is not a dense tensor")


def _convert(flat, number):
    """Leaves to a flat array; the first that does not fit is named."""
    kinds = set(map(type, flat))
    if number not in _KNOWN:
        if not flat:
            return np.empty(0, np.float32)
        if dict in kinds:
            raise _type_error(next(v for v in flat if isinstance(v, dict)), number)
        raise ServingError("UNIMPLEMENTED", f"Conversion of JSON Value: {show(flat[0])} to type: "
                                            f"{dtypes.type_name(number)}")
    if number == types_pb2.DT_STRING:
        return _strings(flat, number)
    allowed = {bool} if number == types_pb2.DT_BOOL else {int} if number in _RANGES else {int, float}
    if not kinds <= allowed:
        raise _type_error(next(v for v in flat if type(v) not in allowed), number)
    if number in _RANGES:
        low, high = _RANGES[number]
        if flat and (min(flat) < low or max(flat) > high):
            raise _type_error(next(v for v in flat if not low <= v <= high), number)
        wide = np.uint64 if number == types_pb2.DT_UINT64 else np.int64
        return np.array(flat, wide).astype(dtypes.numpy_dtype(number))
    try:
        with np.errstate(over="ignore"):
            return np.array(flat, np.float64 if number in _FLOATS else np.bool_).astype(dtypes.numpy_dtype(number))
    except OverflowError:
        raise invalid("JSON Parse error: Number too big to be stored in double. at offset: 0") from None


def _from_numbers(array, number):
    if number in _RANGES:
        low, high = _RANGES[number]
        if array.size and (array.min() < low or array.max() > high):
            raise _type_error(int(array[(array < low) | (array > min(high, 2**63 - 1))][0]), number)
    return array.astype(dtypes.numpy_dtype(number))


def _strings(flat, number):
    values = np.empty(len(flat), object)
    for i, value in enumerate(flat):
        if isinstance(value, str):
            values[i] = text_bytes(value)
        elif is_base64(value):
            values[i] = base64_bytes(value["b64"])
        elif isinstance(value, dict):
            raise invalid(f"JSON Value: {show(value)} not formatted correctly for base64 data")
        else:
            raise _type_error(value, number)
    return values


def type_word(value):
    """The kind of a JSON value as errors call it."""
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    words = {dict: "Object", list: "Array", np.ndarray: "Array", str: "String"}
    return words.get(type(value), "Number")


def _type_error(value, number):
    return invalid(f"JSON Value: {show(value)} Type: {type_word(value)} is not of expected type: "
                   f"{dtypes.type_name(number)}")
