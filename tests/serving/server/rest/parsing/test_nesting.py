"""The parser for nesting beyond the interpreter's says what Python's says, of whole texts and of damaged ones."""

import gc
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.server.rest import json_reader
from serving.server.rest.parsing import nesting

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([-2.5, "a]b[", "\\\"", "{"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["a", "[", "]"]), inner, max_size=2), max_leaves=12)
NESTED = st.lists(VALUES, max_size=3) | st.dictionaries(st.sampled_from(["a", "]"]), VALUES, max_size=2)


def said(parse, text):
    try:
        return parse(text)
    except json.JSONDecodeError:
        return "refused"


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(NESTED, st.sampled_from([None, 1]), st.integers(0, 60), st.integers(0, 3), st.sampled_from(["", *"[]{},:"]))
def test_it_says_what_the_interpreters_parser_says(value, indent, at, gone, put):
    whole = json.dumps(value, indent=indent)
    at = min(at, len(whole))
    damaged = whole[:1] + (whole[:at] + put + whole[at + gone:])[1:]
    assert nesting.parse(whole, 0) == value
    assert said(lambda text: nesting.parse(text, 0), damaged) == said(
        lambda text: json.JSONDecoder().raw_decode(text)[0], damaged)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(NESTED, st.integers(0, 5), st.integers(0, 60), st.integers(0, 3), st.sampled_from(["", *"[]{},:"]))
def test_what_is_not_kept_is_read_as_well(value, kept, at, gone, put):
    whole = json.dumps(value)
    at = min(at, len(whole))
    damaged = whole[:1] + (whole[:at] + put + whole[at + gone:])[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "KEPT", kept)
        assert nesting.parse(whole, 0) == cut(value, kept)
        found = said(lambda text: nesting.parse(text, 0), damaged)
    wanted = said(lambda text: json.JSONDecoder().raw_decode(text)[0], damaged)
    assert found == (wanted if wanted == "refused" else cut(wanted, kept))


def cut(value, levels):
    if not isinstance(value, list | dict):
        return value
    if levels == 0:
        return type(value)()
    if isinstance(value, list):
        return [cut(item, levels - 1) for item in value]
    return {key: cut(item, levels - 1) for key, item in value.items()}


def test_lists_and_objects_in_turn_nest_as_deep_as_they_like():
    whole = b'[[{"a":' * 30_000 + b"7" + b"}]]" * 30_000
    value = json_reader.decode(whole)
    for _ in range(nesting.KEPT // 3):
        value = value[0][0]["a"]
    assert value == [[]]
    with pytest.raises(ServingError, match=rf"after an element\. at offset: {len(whole) - 3}"):
        json_reader.decode(whole[:-3] + b"]]]")


@pytest.mark.parametrize("body", [
    b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 60_000 + b"7" + b"}" * 60_000, b"[0,[[],{}]," * 40_000 + b"1" +
    b"]" * 40_000])
def test_deep_lists_leave_nothing_to_walk_through(body):
    gc.collect()
    before = len(gc.get_objects())
    value = json_reader.decode(body)
    assert len(gc.get_objects()) - before < 5000
    assert value


def test_lists_that_do_not_end_where_an_object_must_are_refused_at_once():
    with pytest.raises(ServingError, match=r"after an element\. at offset: 300005"):
        json_reader.decode(b"[" * 100_000 + b'{"a":' + b"[" * 100_000 + b"]" * 100_001)
