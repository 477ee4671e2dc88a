"""The contract in time: what it refuses, and that a file gives it back."""

import pytest

from res3d.spans import SpanSpec


def test_a_contract_comes_back_from_its_file(tmp_path):
    spec = SpanSpec(("serve", "smásh"), 12.5, 40, step=10, instants=("serve",), threshold=0.42, alarms_per_hour=3.0)
    spec.save(tmp_path / "spans.json")
    assert SpanSpec.load(tmp_path / "spans.json") == spec


@pytest.mark.parametrize(("changes", "says"), [
    ({"labels": ()}, "`labels`"), ({"labels": ("a", "a")}, "different names"), ({"rate": 0}, "`rate`"),
    ({"window": 0}, "`window`"), ({"step": 9}, "at most the window of 8"), ({"instants": ("z",)}, "`instants`"),
    ({"off": 0.7}, "from 0 to on=0.5"), ({"levels": (1.0,)}, "between 0 and 1"), ({"scoring": "max"}, "contrast, mean"),
    ({"overlap": 0}, "`overlap`"), ({"temperature": 0}, "`temperature`"), ({"keep": float("nan")}, "`keep`"),
])
def test_a_field_out_of_its_domain_is_refused_by_name(changes, says):
    with pytest.raises(ValueError, match=says):
        SpanSpec(**{"labels": ("a", "b"), "rate": 10, "window": 8, **changes})


def test_a_file_of_other_fields_is_refused():
    with pytest.raises(ValueError, match="has the fields labels, rate"):
        SpanSpec.from_json('{"labels": ["a"], "fps": 3}')
