"""Mappings to typed fields: what is taken, what is refused, and with which words."""

import dataclasses

import pytest

from res3d.training.fields import from_mapping, override, to_mapping


@dataclasses.dataclass(frozen=True)
class Inner:
    rate: float = 0.1
    steps: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner = dataclasses.field(default_factory=Inner)
    name: str | None = None
    count: int = 1
    on: bool = False


def test_values_arrive_with_their_types():
    made = from_mapping(Outer, {"inner": {"rate": 1, "steps": [1, 2]}, "name": "x", "count": 3, "on": True})
    assert made == Outer(Inner(1.0, (1, 2)), "x", 3, True)
    assert isinstance(made.inner.rate, float)


def test_numbers_that_yaml_reads_as_text_are_numbers():
    assert from_mapping(Inner, {"rate": "1e-4"}).rate == 1e-4


def test_round_trip():
    made = Outer(Inner(0.5, (3,)), None, 2, True)
    assert from_mapping(Outer, to_mapping(made)) == made


@pytest.mark.parametrize(("mapping", "words"), [
    ({"iner": {}}, r"no field 'iner'. Did you mean 'inner'\? Fields here: inner, name, count, on"),
    ({"inner": {"raet": 1}}, r"no field 'inner.raet'. Did you mean 'rate'\?"),
    ({"inner": {"zzz": 1}}, r"no field 'inner.zzz'. Fields here: rate, steps"),
    ({"count": 1.5}, r"`count` must be an int. Received: count=1.5"),
    ({"count": True}, r"`count` must be an int. Received: count=True"),
    ({"on": 1}, r"`on` must be true or false. Received: on=1"),
    ({"inner": 3}, r"`inner` must be a group of fields. Received: inner=3"),
    ({"inner": {"steps": 3}}, r"`inner.steps` must be a list"),
    ({"inner": {"rate": "fast"}}, r"`inner.rate` must be a number. Received: inner.rate='fast'"),
    ({"inner": {"rate": float("inf")}}, r"`inner.rate` must be a finite number. Received: inner.rate=inf"),
    ({"inner": {"rate": "nan"}}, r"`inner.rate` must be a number. Received: inner.rate='nan'"),
    ({"name": 3}, r"`name` must be text, or null. Received: name=3"),
])
def test_what_is_wrong_is_said_with_its_place(mapping, words):
    with pytest.raises(ValueError, match=words):
        from_mapping(Outer, mapping)


def test_settings_reach_into_groups_and_leave_the_original_alone():
    original = {"inner": {"rate": 1}}
    assert override(original, ["inner.rate=2e-1", "inner.steps=[1, 2]", "name=null"]) == {
        "inner": {"rate": 0.2, "steps": [1, 2]}, "name": None}
    assert original == {"inner": {"rate": 1}}


@pytest.mark.parametrize("setting", ["rate", "=3", ""])
def test_a_setting_is_field_and_value(setting):
    with pytest.raises(ValueError, match="must be field=value"):
        override({}, [setting])


def test_a_field_is_no_group():
    with pytest.raises(ValueError, match="`count` is a single field, not a group"):
        override({"count": 3}, ["count.more=1"])


@pytest.mark.parametrize(("text", "value"), [
    ("null", None), ("~", None), ("", None), ("None", "None"), ("off", False), ("True", True), ("1e-4", 1e-4),
    ("-2.5E+3", -2500.0), (".5e0", 0.5), ("1_000", 1000), ("[1e0, 2]", ["1e0", 2]), ("e5", "e5"), ("1e5x", "1e5x")])
def test_a_value_is_read_as_yaml_and_scientific(text, value):
    assert override({}, [f"a.b={text}"]) == {"a": {"b": value}}


def test_none_is_null_where_null_may_be():
    assert from_mapping(Outer, {"name": "None"}).name is None
    with pytest.raises(ValueError, match=r"`count` must be an int\. Received: count='None'"):
        from_mapping(Outer, {"count": "None"})
