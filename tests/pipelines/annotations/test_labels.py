"""Several labels as one text, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.annotations import labels


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)))
def test_joined_labels_come_apart_again(names):
    assert labels.split(labels.join(names)) == names


@pytest.mark.parametrize(("text", "names"), [
    ("", []), ("run", ["run"]), ("run|jump", ["run", "jump"]), ("|run||", ["run"]), (r"a\|b", ["a|b"]),
    (r"a\\|b", ["a\\", "b"])])
def test_what_a_text_of_labels_says(text, names):
    assert labels.split(text) == names
