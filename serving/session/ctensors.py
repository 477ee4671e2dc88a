"""NumPy arrays to TensorFlow's C tensors and back; strings are 24-byte cells that the library fills and frees."""

import ctypes

import numpy as np

from serving.tensors import dtypes

STRING_BYTES = 24  # sizeof(TF_TString)


def from_array(c, array):
    """A new tensor with a copy of the array; free it with `free`.

    Raises:
        ValueError: for elements that no tensor can hold.
    """
    array = np.asarray(array)
    number = dtypes.type_number(array.dtype)
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    if number == dtypes.STRING:
        return _from_strings(c, array, shape)
    tensor = c.TF_AllocateTensor(number, shape, array.ndim, array.nbytes)
    if array.nbytes:
        target = (ctypes.c_uint8 * array.nbytes).from_address(c.TF_TensorData(tensor))
        np.copyto(np.frombuffer(target, array.dtype.newbyteorder("=")).reshape(array.shape), array)
    return tensor


def _from_strings(c, array, shape):
    values = [_encoded(value) for value in array.reshape(-1)]
    tensor = c.TF_AllocateTensor(dtypes.STRING, shape, array.ndim, STRING_BYTES * len(values))
    cell = c.TF_TensorData(tensor)
    for value in values:
        c.TF_StringInit(cell)
        c.TF_StringCopy(cell, value, len(value))
        cell += STRING_BYTES
    return tensor


def _encoded(value):
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, bytes):
        raise ValueError(f"A string tensor must hold bytes or str. Received: {value!r} ({type(value).__name__}).")
    return value


def free(c, tensor):
    """Frees a tensor that `from_array` made, its strings first: the library frees only the cells."""
    if c.TF_TensorType(tensor) == dtypes.STRING:
        cell = c.TF_TensorData(tensor)
        for _ in range(c.TF_TensorElementCount(tensor)):
            c.TF_StringDealloc(cell)
            cell += STRING_BYTES
    c.TF_DeleteTensor(tensor)


def to_array(c, tensor):
    """A copy of a tensor as an array; strings become an `object` array of bytes.

    Raises:
        ValueError: for an element type that NumPy cannot hold, such as a resource.
    """
    dtype = dtypes.numpy_dtype(c.TF_TensorType(tensor))
    shape = tuple(c.TF_Dim(tensor, axis) for axis in range(c.TF_NumDims(tensor)))
    if dtype == np.object_:
        return _to_strings(c, tensor, shape)
    size = c.TF_TensorByteSize(tensor)
    if size == 0:
        return np.empty(shape, dtype)
    content = (ctypes.c_uint8 * size).from_address(c.TF_TensorData(tensor))
    return np.frombuffer(content, dtype).reshape(shape).copy()


def _to_strings(c, tensor, shape):
    array = np.empty(int(np.prod(shape)), np.object_)
    cell = c.TF_TensorData(tensor)
    for position in range(array.size):
        array[position] = ctypes.string_at(c.TF_StringGetDataPointer(cell), c.TF_StringGetSize(cell))
        cell += STRING_BYTES
    return array.reshape(shape)
