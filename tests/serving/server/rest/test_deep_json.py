"""The parser for nesting beyond the interpreter's says what Python's says, of whole texts and of damaged ones."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.server.rest import json_reader

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
    assert json_reader._parse_deep(whole, 0) == value
    assert said(lambda text: json_reader._parse_deep(text, 0), damaged) == said(
        lambda text: json.JSONDecoder().raw_decode(text)[0], damaged)


def test_lists_and_objects_in_turn_nest_as_deep_as_they_like():
    value = json_reader.decode(b'[[{"a":' * 30_000 + b"7" + b"}]]" * 30_000)
    for _ in range(30_000):
        value = value[0][0]["a"]
    assert value == 7
