"""JSON to arrays and back without a server: the fast path against the plain one, and every corner of the grammar."""

import json
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.server.rest import json_reader, json_tensors, json_writer, requests
from serving.server.rest.parsing import numbers
from serving.tensors.protos import types_pb2

FLOAT, INT32, UINT8, STRING = types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_UINT8, types_pb2.DT_STRING
RELAXED = settings(max_examples=150, deadline=None, derandomize=True, database=None)

leaves = st.integers(-10**20, 10**20) | st.floats(allow_nan=False) | st.sampled_from(['a"[1, 2]\\', "", "]["])
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from("abc"), inner, max_size=3), max_leaves=20)
grids = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(st.integers(-300, 70000), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
        lambda flat: np.reshape(flat, shape).tolist()))
styles = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}])


@pytest.fixture
def lift_everything(monkeypatch):
    monkeypatch.setattr(numbers, "SHORTEST", 1)


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_the_fast_path_reads_what_json_reads(lift_everything):
    @RELAXED
    @given(tree=trees, grid=grids, style=styles)
    def check(tree, grid, style):
        body = json.dumps({"tree": tree, "grid": grid, "more": [grid, tree]}, **style).encode()
        assert plain(json_reader.decode(body)) == json.loads(body)

    check()


def test_long_bodies_say_the_same_and_let_others_run(monkeypatch):
    monkeypatch.setattr(json_reader, "LARGE", 2**16)
    values = [[0.5, -3, 1e-7, 2.0]] * 20_000
    body = json.dumps({"instances": values}).encode()
    turns, over = [], threading.Event()

    def run():
        while not over.is_set():
            turns.append(None)
            time.sleep(0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    other = threading.Thread(target=run)
    other.start()
    try:
        turns.clear()
        found = json_reader.decode(body)
        count = len(turns)
    finally:
        over.set()
        other.join()
        sys.setswitchinterval(before)
    assert found == {"instances": values}
    assert count > 20  # a parse of C alone lets others run once or twice
    monkeypatch.setattr(json_reader, "LARGE", 0)
    short = b'{"a": [1, 2.5, -0.0, 1e400, NaN, 123456789012345678901234567890, {"b": true}]}'
    assert repr(json_reader.decode(short)) == repr(json.loads(short))
    with pytest.raises(ServingError, match="Number too big"):
        json_reader.decode(b"1" * 5000)


def test_the_fast_path_refuses_what_json_refuses(lift_everything):
    @RELAXED
    @given(grid=grids, at=st.integers(0, 10**6), noise=st.sampled_from(
        [b"0", b"00", b".", b"-", b"+", b"e", b",", b"[", b"]", b" ", b"1", b'"', b"\n", b"5 5", b"- 1"]))
    def check(grid, at, noise):
        body = json.dumps({"grid": grid}).encode()
        at = 9 + at % (len(body) - 9)
        body = body[:at] + noise + body[at:]
        try:
            wanted = json.JSONDecoder().raw_decode(body.decode())[0]
        except json.JSONDecodeError:
            with pytest.raises(ServingError, match="JSON Parse error"):
                json_reader.decode(body)
        else:
            assert plain(json_reader.decode(body)) == wanted

    check()


def test_long_lists_become_arrays():
    body = json.dumps({"instances": np.arange(600).reshape(2, 300).tolist(), "s": "[1, 2]"}).encode()
    members = json_reader.decode(body)
    assert isinstance(members["instances"], np.ndarray)
    np.testing.assert_array_equal(members["instances"], np.arange(600).reshape(2, 300))
    assert isinstance(json_reader.decode(body, lift=False)["instances"], list)


@pytest.mark.parametrize(("body", "message"), [
    (b"", "The document is empty$"), (b"\xef\xbb\xbf", "The document is empty$"),
    (b" \n", r"The document is empty\. at"),
    (b'{"a" 1}', "Missing a colon after a name of object member. at offset: 5"),
    (b"{1: 2}", "Missing a name for object member. at offset: 1"),
    (b'{"a": "x', "Missing a closing quotation mark in string. at offset: 6"),
    (b"[" * 5000, "JSON Parse error: "), (b"[" * 5000 + b"}", "JSON Parse error: Invalid value. at offset: 5000"),
    (b'["\xc3\xa4", x]', "Invalid value. at offset: 7")])
def test_parse_errors(body, message):
    with pytest.raises(ServingError, match=message) as caught:
        json_reader.decode(body)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_deep_values_keep_their_contents():
    kept = b'{"k": [1, -2.5e1, true, null, "s", {}, []]}'
    deep = json_reader.decode(b"[" * 90 + b"[" * 5000 + kept + b"]" * 5000 + b"," + kept + b"]" * 90)
    for _ in range(89):
        (deep,) = deep
    assert deep[1] == {"k": [1, -25.0, True, None, "s", {}, []]}


@pytest.mark.parametrize(("value", "number", "wanted"), [
    ([[1, 2.5]], FLOAT, np.float32([[1, 2.5]])), (3, INT32, np.int32(3)), ([], FLOAT, np.float32([])),
    (np.array([300, -1]), UINT8, np.uint8([44, 255])), (np.array([1, 2]), FLOAT, np.float32([1, 2])),
    ([2**24 + 1], FLOAT, np.float32([2**24])), ([1e39], FLOAT, np.float32([np.inf])),
    (["é", {"b64": "w6k"}], STRING, np.array(["é".encode()] * 2, object))])
def test_values_to_tensors(value, number, wanted):
    found = json_tensors.to_array(value, number)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("value", "number", "message"), [
    (np.array([1, 2**31]), UINT8, "JSON Value: 2147483648 Type: Number is not of expected type: uint8"),
    (np.array([1]), types_pb2.DT_BOOL, "Type: Number is not of expected type: bool"),
    ([10**400], FLOAT, "Number too big"), (["\ud800"], STRING, "surrogate pair"),
    ([{"b64": "a"}], STRING, "Unable to base64 decode")])
def test_values_that_are_no_tensors(value, number, message):
    with pytest.raises(ServingError, match=message):
        json_tensors.to_array(value, number)


def test_rows_of_arrays_that_differ_are_found():
    body = json.dumps({"instances": [{"a": list(range(100)), "b": 1}, {"a": list(range(101)), "b": 1}]}).encode()
    with pytest.raises(ServingError, match=r"element: 1 key: a .* Expecting tensor size: 100 but got: 101"):
        requests.predict_inputs(requests.read_body(body)[0], {"a": INT32, "b": INT32})


@RELAXED
@given(st.lists(st.floats(width=32), max_size=20))
def test_every_float_reads_back_the_same(values):
    array = np.float32(values)
    texts = json_writer.floats(array)
    np.testing.assert_array_equal(np.float32([float(text) for text in texts]), array)
    assert all("." in text or "e" in text or text in ("NaN", "Infinity", "-Infinity") for text in texts)


@pytest.mark.parametrize("shape", [(), (0,), (2,), (2, 0), (2, 3), (2, 0, 3), (2, 3, 0), (1, 2, 2)])
def test_written_tensors_read_back(shape):
    array = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    assert json.loads(json_writer.outputs_object({"y": array})) == {"outputs": array.tolist()}
    assert json.loads(json_writer.outputs_object({"y": array, "z": array})) == {
        "outputs": {"y": array.tolist(), "z": array.tolist()}}
    if shape:
        assert json.loads(json_writer.predictions({"y": array})) == {"predictions": array.tolist()}
        rows = json.loads(json_writer.predictions({"y": array, "z": array}))["predictions"]
        assert [row["y"] for row in rows] == array.tolist()
