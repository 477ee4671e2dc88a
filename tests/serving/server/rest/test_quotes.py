"""What errors quote of a body costs no more than the quote."""

import json
import time
import tracemalloc

import numpy as np
import pytest

from serving.errors import ServingError
from serving.models import inference
from serving.server.rest import json_examples, json_reader, json_writer, requests
from serving.tensors.protos import types_pb2


@pytest.mark.slow
@pytest.mark.parametrize(("levels", "times"), [(900, 109), (400, 245), (98_000, 1), (5, 20_000)])
def test_a_refusal_of_nested_lists_is_cheap(levels, times):
    body = b'{"instances": [' + b",".join([b"[" * levels + b"]" * levels] * times) + b', "x"], "inputs": 1}'
    start = time.monotonic()
    members, _ = requests.read_body(body)
    tracemalloc.start()
    try:
        with pytest.raises(ServingError) as caught:
            requests.predict_inputs(members, {"x": types_pb2.DT_FLOAT})
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()
    assert time.monotonic() - start < 10
    assert len(caught.value.message) < 1200


@pytest.mark.parametrize("value", [
    [1, [2.5, {"a": None}], "é"], {}, [], {"k": [[[1]]]}, "x" * 2000, list(range(500)), True, 7, None])
def test_a_quote_is_the_text_of_the_value(value):
    whole = json.dumps(value, indent=4, ensure_ascii=False)
    assert json_writer.show(value) == (whole if len(whole) <= 1000 else whole[:1000] + "...")


def test_arrays_are_quoted_as_lists():
    assert json_writer.show(np.int64([[1, 2]])) == json_writer.show([[1, 2]]) == json_writer.show([np.int64([1, 2])])


def test_a_deep_value_is_quoted_as_far_as_a_quote_goes():
    deep = json_reader.decode(b"[" * 50_000 + b"]" * 50_000)
    assert json_writer.show(deep) == "[\n    [\n        [" + json_writer.show(deep)[len("[\n    [\n        ["):]
    assert len(json_writer.show(deep)) == 1003


def test_a_context_is_not_repeated_beyond_measure():
    members = {"context": {"c": "x" * 500_000}, "examples": [{}] * 5000}
    with pytest.raises(ServingError, match=r"at most 67108864 bytes in all\. Received: 5000"):
        inference.serialized_examples(json_examples.example_input(members))
    members["examples"] = members["examples"][:3]
    assert len(inference.serialized_examples(json_examples.example_input(members))) == 3
