"""The safetensors layout, read and written here because the rest of checkpoints is, and it is no more than a page.

Eight bytes of header length, a JSON header, then the numbers, little-endian.
"""

import json
import math
import os

import numpy as np

from res3d.atomic import renamed
from res3d.weights.errors import CheckpointError
from res3d.weights.formats import dtypes

SUFFIX = ".safetensors"
HEADER_LIMIT = 100_000_000  # bytes, the format's own


def looks_like_safetensors(path):
    """Whether the file starts as one: a header length that fits and an opening brace."""
    with open(path, "rb") as file:
        start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    return len(start) == 9 and start[8:] == b"{" and length <= HEADER_LIMIT


def read_safetensors(path):
    """Tensors by name, in the order of the header.

    Raises:
        CheckpointError: if the header is not what the format says, or a tensor lies outside the file or over another.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(HEADER_LIMIT, size - 8):
            raise CheckpointError(path, f"its header claims {length} bytes and the file has {size}. It is truncated or "
                                        "no safetensors file: download it again.")
        try:
            header = json.loads(file.read(length), object_pairs_hook=_no_twins)
            header.pop("__metadata__", None)
            spans = sorted((*_span(name, entry), name) for name, entry in header.items())
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CheckpointError(path, f"its header is not a safetensors one ({error}). Download it again.") from error
        end = 0
        for start, stop, name in spans:
            if start != end:
                raise CheckpointError(path, f"tensor {name!r} starts at byte {start} where {end} was expected: tensors "
                                            "overlap or leave a hole. Download it again.")
            end = stop
        if 8 + length + end > size:
            raise CheckpointError(path, f"its tensors end at byte {8 + length + end} and the file at {size}. It is "
                                        "truncated: download it again.")
        tensors = {}
        for start, stop, name in spans:
            file.seek(8 + length + start)
            entry = header[name]
            flat = dtypes.decode(file.read(stop - start), dtypes.SAFETENSORS[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"])
    return {name: tensors[name] for name in header}


def read_metadata(path):
    """What a safetensors file says beside its tensors: {name: text}; {} where it says nothing, or nothing readable."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            said = json.loads(file.read(min(length, HEADER_LIMIT))).get("__metadata__")
        except (ValueError, AttributeError, RecursionError):
            return {}
    return {key: value for key, value in said.items() if isinstance(value, str)} if isinstance(said, dict) else {}


def write_safetensors(path, tensors, metadata=None):
    """Writes numpy arrays by name, whole or not at all.

    Args:
        path: ends in `.safetensors`.
        tensors: dict of arrays of float32, float16 or an integer type.
        metadata: {name: text} to lie beside them, or None.
    """
    names = {np.dtype(dtype): name for name, dtype in dtypes.SAFETENSORS.items() if dtype != "bfloat16"}
    header: dict = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, array in tensors.items():
        start, end = end, end + array.nbytes
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with renamed(path, SUFFIX) as aside, open(aside, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.asarray(array, array.dtype.newbyteorder("<"), order="C").tobytes())


def _no_twins(pairs):
    names = [name for name, _ in pairs]
    twins = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()
    if twins:
        raise ValueError(f"it names {min(twins)!r} twice")
    return dict(pairs)


def _span(name, entry):
    if entry["dtype"] not in dtypes.SAFETENSORS:
        raise ValueError(f"tensor {name!r} has the type {entry['dtype']!r}; known are {', '.join(dtypes.SAFETENSORS)}")
    start, stop = entry["data_offsets"]
    shape = entry["shape"]
    if not all(type(n) is int and n >= 0 for n in (start, stop, *shape)):
        raise ValueError(f"tensor {name!r} has offsets {start!r}, {stop!r} and shape {shape!r}")
    expected = math.prod(shape) * dtypes.itemsize(dtypes.SAFETENSORS[entry["dtype"]])
    if stop - start != expected:
        raise ValueError(f"tensor {name!r} of shape {shape} needs {expected} bytes and has {stop - start}")
    return start, stop
