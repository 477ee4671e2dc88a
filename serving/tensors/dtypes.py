"""TensorFlow's element types as NumPy's, and the names that error texts use for them."""

import ml_dtypes
import numpy as np

from serving.tensors.protos import types_pb2

STRING = types_pb2.DT_STRING
_NUMPY = {  # DataType number: NumPy dtype
    types_pb2.DT_FLOAT: np.dtype(np.float32), types_pb2.DT_DOUBLE: np.dtype(np.float64),
    types_pb2.DT_INT32: np.dtype(np.int32), types_pb2.DT_UINT8: np.dtype(np.uint8),
    types_pb2.DT_INT16: np.dtype(np.int16), types_pb2.DT_INT8: np.dtype(np.int8),
    types_pb2.DT_STRING: np.dtype(object), types_pb2.DT_COMPLEX64: np.dtype(np.complex64),
    types_pb2.DT_INT64: np.dtype(np.int64), types_pb2.DT_BOOL: np.dtype(np.bool_),
    types_pb2.DT_BFLOAT16: np.dtype(ml_dtypes.bfloat16), types_pb2.DT_UINT16: np.dtype(np.uint16),
    types_pb2.DT_COMPLEX128: np.dtype(np.complex128), types_pb2.DT_HALF: np.dtype(np.float16),
    types_pb2.DT_UINT32: np.dtype(np.uint32), types_pb2.DT_UINT64: np.dtype(np.uint64),
    types_pb2.DT_FLOAT8_E5M2: np.dtype(ml_dtypes.float8_e5m2),
    types_pb2.DT_FLOAT8_E4M3FN: np.dtype(ml_dtypes.float8_e4m3fn),
}
_NUMBER = {dtype: number for number, dtype in _NUMPY.items()}


def numpy_dtype(number):
    """The NumPy dtype of an element type; strings are objects.

    Raises:
        ValueError: for an element type that NumPy cannot hold, such as a resource.
    """
    try:
        return _NUMPY[number]
    except KeyError:
        raise ValueError(f"An array cannot hold elements of type {type_name(number)}.") from None


def type_number(dtype):
    """The element type of a NumPy dtype; objects, `S` and `U` hold strings.

    Raises:
        ValueError: if TensorFlow has no such element type.
    """
    dtype = np.dtype(dtype)
    if dtype.kind in "OSU":
        return STRING
    try:
        return _NUMBER[dtype.newbyteorder("=")]
    except KeyError:
        raise ValueError(f"A tensor's dtype must be one that TensorFlow has. Received: {dtype}.") from None


def type_name(number):
    """The short name TensorFlow prints: DT_FLOAT -> float, DT_QINT8 -> qint8.

    >>> type_name(types_pb2.DT_HALF)
    'half'
    """
    try:
        return types_pb2.DataType.Name(number).removeprefix("DT_").lower()
    except ValueError:
        return f"unknown dtype enum ({number})"
