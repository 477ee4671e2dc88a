"""The safetensors layout: every number type, and a header that lies is found out."""

import json

import numpy as np
import pytest

from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import read_checkpoint


def write(path, entries, data, length=None):
    header = json.dumps(entries).encode() if not isinstance(entries, bytes) else entries
    path.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header + data)
    return path


def entry(dtype, shape, start, stop):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def fails(path):
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    return str(caught.value)


def test_number_types(tmp_path):
    ramp = np.arange(6)
    types = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U8": "u1"}
    entries, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype in types.items():
        raw = ramp.astype(dtype).tobytes()
        entries[name] = entry(name, [2, 3], len(data), len(data) + len(raw))
        data += raw
    entries["BF16"] = entry("BF16", [2], len(data), len(data) + 4)
    read = read_checkpoint(write(tmp_path / "a.safetensors", entries, data + b"\x80\x3f\x00\xc0")).tensors
    assert list(read) == [*types, "BF16"]
    for name, dtype in types.items():
        assert read[name].dtype == dtype
        np.testing.assert_array_equal(read[name], ramp.reshape(2, 3))
    np.testing.assert_array_equal(read["BF16"], np.float32([1, -2]))


@pytest.mark.parametrize(("entries", "message"), [
    ({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)}, "starts at byte 4 where 8 was expected"),
    ({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 12, 20)}, "overlap or leave a hole"),
    ({"a": entry("F32", [3], 0, 8)}, "tensor 'a' of shape [3] needs 12 bytes and has 8"),
    ({"a": entry("F32", [-2], 0, 8)}, "has offsets 0, 8 and shape [-2]"),
    ({"a": entry("F4", [2], 0, 8)}, "tensor 'a' has the type 'F4'; known are F64"),
    ({"a": {"dtype": "F32"}}, "its header is not a safetensors one"),
    ({"a": entry("F32", [20], 0, 80)}, "truncated"),
    (b'{"a": 1, "a": 2}', "it names 'a' twice"),
    (b'{"a": ', "its header is not a safetensors one"),
])
def test_headers_that_lie(tmp_path, entries, message):
    assert message in fails(write(tmp_path / "a.safetensors", entries, bytes(24)))


def test_header_longer_than_the_file(tmp_path):
    assert "its header claims 5000 bytes" in fails(write(tmp_path / "a.safetensors", {}, b"", length=5000))
