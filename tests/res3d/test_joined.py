"""Several names as one text, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from res3d import joined


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)))
def test_joined_names_come_apart_again(names):
    assert joined.split(joined.join(names)) == names


@pytest.mark.parametrize(("text", "names"), [
    ("", []), ("run", ["run"]), ("run|jump", ["run", "jump"]), ("|run||", ["run"]), (r"a\|b", ["a|b"]),
    (r"a\\|b", ["a\\", "b"])])
def test_what_a_text_of_names_says(text, names):
    assert joined.split(text) == names
