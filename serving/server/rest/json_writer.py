"""Answers as JSON, written here because they are TensorFlow Serving's digit for digit, which no JSON package prints.

Floats are the shortest of 6 or 9 (double: 17) significant digits that reads back the same, always with `.0` or an
exponent; NaN and Infinity are bare words; strings are raw text, bytes of outputs named `*_bytes` are base64 objects.
"""

import base64
import json

import numpy as np

from serving.errors import invalid
from serving.tensors import dtypes
from serving.tensors.protos import types_pb2

_WRITABLE = {types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_INT32, types_pb2.DT_INT16, types_pb2.DT_INT8,
             types_pb2.DT_UINT8, types_pb2.DT_STRING, types_pb2.DT_INT64, types_pb2.DT_BOOL, types_pb2.DT_UINT32,
             types_pb2.DT_UINT64}
_INDENT = "    "
_QUOTED = 1000  # characters of a value in an error
_QUOTING = json.JSONEncoder(indent=4, ensure_ascii=False, default=lambda array: array.tolist())


def predictions(outputs):
    """The body that answers `instances`: row by row.

    Args:
        outputs: {alias: array}, each with the batch as axis 0.

    Returns:
        bytes.

    Raises:
        ServingError: if an output has no batch axis, batch sizes differ, or a type has no JSON form.

    >>> print(predictions({"y": np.float32([2.5, 3])}).decode())
    {
        "predictions": [2.5, 3.0
        ]
    }
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    size = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size is not None and len(array) != size:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}")
        size = len(array)
    columns = {name: _rows(name, array) for name, array in outputs.items()}
    if len(columns) == 1:
        items = ", ".join(next(iter(columns.values())))
    else:
        names = [f"{_INDENT * 3}{quoted(name)}: " for name in columns]
        rows = (",\n".join(map(str.__add__, names, row)) for row in zip(*columns.values()))
        items = ",".join(f"\n{_INDENT * 2}{{\n{row}\n{_INDENT * 2}}}" for row in rows)
    return _document("predictions", f"[{items}\n{_INDENT}]" if size else "[]")


def outputs_object(outputs):
    """The body that answers `inputs`: whole tensors, one bare, several by name.

    >>> outputs_object({"y": np.int32(3)})
    b'{\\n    "outputs": 3\\n}'
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    if len(outputs) == 1:
        (name, array), = outputs.items()
        return _document("outputs", _nested(_texts(name, array), array.shape, 1))
    members = (f"{_INDENT * 2}{quoted(name)}: {_nested(_texts(name, array), array.shape, 2)}"
               for name, array in outputs.items())
    return _document("outputs", "{\n" + ",\n".join(members) + f"\n{_INDENT}}}")


def classifications(labels, scores):
    """The body that answers `classify`: per example a list of [label, score]; a missing part is "" or 0.

    >>> print(classifications(np.array([[b"a"]], object), np.float32([[0.5]])).decode())
    {
        "results": [[["a", 0.5]]
        ]
    }
    """
    present = labels if labels is not None else scores
    names = _texts("", labels) if labels is not None else ['""'] * present.size
    values = floats(scores) if scores is not None else ["0.0"] * present.size
    pairs = iter([f"[{name}, {value}]" for name, value in zip(names, values)])
    rows = ("[" + ", ".join(next(pairs) for _ in range(present.shape[1])) + "]" for _ in range(len(present)))
    return _document("results", f"[{', '.join(rows)}\n{_INDENT}]")


def regressions(values):
    """The body that answers `regress`: one number per example."""
    return _document("results", f"[{', '.join(floats(values))}]")


def floats(array):
    """Every element of a float array as text.

    >>> floats(np.float32([0.1, 1 / 3, 1e10, -0.0, np.inf])), floats(np.float64([1 / 3]))
    (['0.1', '0.333333343', '1e+10', '-0.0', 'Infinity'], ['0.33333333333333331'])
    """
    flat = np.asarray(array).reshape(-1)
    digits = 9 if flat.dtype == np.float32 else 17
    values = flat.tolist()
    texts = [f"{value:.6g}" for value in values]
    with np.errstate(over="ignore"):
        short = np.array([float(text) for text in texts], np.float64).astype(flat.dtype) == flat
    if not short.all():
        texts = [text if fits else f"{value:.{digits}g}" for text, fits, value in zip(texts, short.tolist(), values)]
    return [text if "." in text or "e" in text else _whole(text) for text in texts]


def _whole(text):
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text) or text + ".0"


def quoted(text):
    """A JSON string; what was not UTF-8 stays the bytes it was."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return json.dumps(text, ensure_ascii=False)


def show(value):
    """A parsed value as error messages quote it, cut after 1000 characters."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return floats(np.float64([value]))[0]
    text = ""
    try:
        for part in _QUOTING.iterencode(value):  # no further than is shown: indented, deep lists grow with their square
            text += part
            if len(text) > _QUOTED:
                return text[:_QUOTED] + "..."
    except (RecursionError, ValueError):
        return "[...]" if isinstance(value, list) else "{...}"
    return text


def _document(key, text):
    return f'{{\n{_INDENT}"{key}": {text}\n}}'.encode("utf-8", "surrogateescape")


def _texts(name, array):
    """Every element as JSON text, in order."""
    number = dtypes.type_number(array.dtype)
    if number not in _WRITABLE:
        raise invalid(f"Failed to write JSON value for tensor type: {dtypes.type_name(number)}")
    flat = array.reshape(-1)
    if number in (types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE):
        return floats(flat)
    if number == types_pb2.DT_BOOL:
        return ["true" if value else "false" for value in flat.tolist()]
    if number != types_pb2.DT_STRING:
        return list(map(str, flat.tolist()))
    if name.endswith("_bytes"):
        return [f'{{"b64": "{base64.b64encode(value).decode()}"}}' for value in flat.tolist()]
    return list(map(quoted, flat.tolist()))


def _rows(name, array):
    """One text per row of the batch, its lists on one line."""
    texts = _texts(name, array)
    for axis in reversed(range(1, array.ndim)):
        size = array.shape[axis]
        if size == 0:
            texts = ["[]"] * int(np.prod(array.shape[:axis]))
            continue
        texts = ["[" + ", ".join(texts[i:i + size]) + "]" for i in range(0, len(texts), size)]
    return texts


def _nested(texts, shape, depth):
    """Nested lists with one element a line."""
    if not shape:
        return texts[0]
    for axis in reversed(range(len(shape))):
        size, pad = shape[axis], _INDENT * (depth + axis)
        if size == 0 or not texts:
            texts = ["[]"] * int(np.prod(shape[:axis]))
            continue
        between = f",\n{pad}{_INDENT}"
        texts = [f"[\n{pad}{_INDENT}{between.join(texts[i:i + size])}\n{pad}]" for i in range(0, len(texts), size)]
    return texts[0]
