"""What torch, safetensors and Caffe2 call their number types, and how raw bytes of each become a numpy array."""

import numpy as np

# torch's storage class (without "Storage") and torch.dtype name: both lead to one numpy type.
TORCH = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64",
    "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
TORCH_DTYPES = {
    **{name: name for name in TORCH.values()}, "float": "float32", "double": "float64", "half": "float16",
    "long": "int64", "int": "int32", "short": "int16", "uint16": "uint16", "uint32": "uint32", "uint64": "uint64",
}
SAFETENSORS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool",
}


def itemsize(dtype):
    """Bytes of one number.

    >>> itemsize("bfloat16"), itemsize("float32")
    (2, 4)
    """
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def decode(data, dtype, little_endian=True):
    """Raw bytes as a flat numpy array; numpy has no bfloat16, whose values become float32, exactly.

    >>> decode(bytes([0x80, 0x3F, 0x00, 0xC0]), "bfloat16")
    array([ 1., -2.], dtype=float32)
    """
    order = "<" if little_endian else ">"
    if dtype == "bfloat16":
        high = np.frombuffer(data, np.dtype("uint16").newbyteorder(order)).astype(np.uint32)
        return (high << 16).view(np.float32)
    stored = np.frombuffer(data, np.dtype(dtype).newbyteorder(order))
    return stored.astype(dtype, copy=False)
