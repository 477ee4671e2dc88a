"""TensorProto messages and arrays, both ways, done here because `tf.make_tensor_proto` takes seconds of import.

What is written and what is accepted, and how short typed fields are filled up, is TensorFlow's.
"""

import math

import numpy as np

from serving.tensors import dtypes
from serving.tensors.protos import tensor_pb2

# A network takes some 64 bytes for each byte of a clip; so a message of a few bytes stays below 256 MB.
MOST_STRETCHED = 2**22  # bytes that a stranger's short field may be repeated to
MOST_REPEATED = 64  # times that its last string may be, unless it is empty: a model may decode each
_STRING_BYTES = 32  # what a string costs beside its characters, here and in TensorFlow
_FIELDS = {  # element type: its repeated field; the others use `int_val`
    1: "float_val", 2: "double_val", 7: "string_val", 8: "scomplex_val", 9: "int64_val", 10: "bool_val",
    14: "half_val", 18: "dcomplex_val", 19: "half_val", 22: "uint32_val", 23: "uint64_val",
    24: "float8_val", 25: "float8_val",
}


def from_array(array, typed_fields=False):
    """A TensorProto of an array; strings are arrays of bytes or str.

    Args:
        array: any array with numbers, booleans, bytes or str.
        typed_fields: bool. Write `float_val` and its like, as TensorFlow Serving answers, and not the compact bytes of
            `tensor_content`. Strings always use `string_val`.

    >>> from_array(np.zeros((2, 3), np.uint8)).tensor_content
    b'\\x00\\x00\\x00\\x00\\x00\\x00'
    """
    array = np.asarray(array)
    number = dtypes.type_number(array.dtype)
    proto = tensor_pb2.TensorProto(dtype=number)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if number == dtypes.STRING:
        proto.string_val.extend(v.encode() if isinstance(v, str) else bytes(v) for v in array.reshape(-1))
    elif typed_fields:
        _write_field(proto, array)
    else:
        proto.tensor_content = array.astype(array.dtype.newbyteorder("="), copy=False).tobytes()
    return proto


def _write_field(proto, array):
    field, flat = _FIELDS.get(proto.dtype, "int_val"), array.reshape(-1)
    if field in ("scomplex_val", "dcomplex_val"):
        flat = np.stack([flat.real, flat.imag], -1).reshape(-1)
    elif field == "half_val":
        flat = flat.view(np.uint16)
    if field == "float8_val":
        proto.float8_val = flat.tobytes()
    else:
        getattr(proto, field).extend(flat.tolist())


def to_array(proto, most_stretched=None):
    """The array that a TensorProto means; strings become an `object` array of bytes.

    Numbers in `tensor_content` are a read-only view of the message. Typed fields that are shorter than the shape repeat
    their last value (zeros if there is none), longer ones are cut.

    Args:
        proto: TensorProto.
        most_stretched: int or None. Bytes that a field may have after it was filled up; None sets no limit.

    Raises:
        ValueError: for an element type NumPy cannot hold, an unknown or negative shape, the wrong number of bytes, or
            a field that would be filled up beyond the limit.
    """
    dtype = dtypes.numpy_dtype(proto.dtype)
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError(f"A tensor's shape must be known. Received: {list(shape) if shape else 'unknown rank'}.")
    count = math.prod(shape)
    if dtype != np.object_ and (proto.tensor_content or proto.dtype in (24, 25)):
        content = proto.tensor_content or proto.float8_val
        if len(content) != count * dtype.itemsize:
            raise ValueError(f"A {dtypes.type_name(proto.dtype)} tensor of shape {list(shape)} must hold "
                             f"{count * dtype.itemsize} bytes. Received: {len(content)}.")
        return np.frombuffer(content, dtype).reshape(shape)
    if most_stretched is not None:
        _check_stretched(proto, dtype, shape, count, most_stretched)
    return _read_field(proto, dtype, count).reshape(shape)


def _check_stretched(proto, dtype, shape, count, most):
    """A few bytes must not become gigabytes, or hours: neither by their shape, nor by one string repeated."""
    held = getattr(proto, _FIELDS.get(proto.dtype, "int_val"))
    missing = count - len(held) // (2 if dtype.kind == "c" else 1)
    last = held[-1] if dtype == np.object_ and held else b""
    size = dtype.itemsize if dtype != np.object_ else _STRING_BYTES + len(last)
    if missing > 0 and count * size > most:
        raise ValueError(f"A {dtypes.type_name(proto.dtype)} tensor of shape {list(shape)} that is filled up with its "
                         f"last value must have at most {most} bytes. Received: {len(held)} values for "
                         f"{count * size} bytes. Send all values, or fewer.")
    if last and missing > MOST_REPEATED:
        raise ValueError(f"A string tensor may repeat its last value {MOST_REPEATED} times. Received: {len(held)} "
                         f"values for shape {list(shape)}. Send all values, or fewer.")


def _read_field(proto, dtype, count):
    field = _FIELDS.get(proto.dtype, "int_val")
    values = getattr(proto, field)
    if field in ("scomplex_val", "dcomplex_val"):
        parts = np.asarray(values, dtype.type(0).real.dtype)
        flat = parts[: len(parts) // 2 * 2].view(dtype)
    elif field == "half_val":
        flat = np.asarray(values, np.uint16).view(dtype)
    elif field == "string_val":
        flat = np.empty(len(values), object)
        flat[:] = list(values)
    else:
        flat = np.asarray(values, np.int64 if field == "int_val" else dtype).astype(dtype)
    if len(flat) >= count:
        return flat[:count]
    fill = flat[-1] if len(flat) else b"" if field == "string_val" else np.zeros((), dtype)
    filled = np.full(count, fill, dtype)
    filled[:len(flat)] = flat
    return filled
