"""Mappings to typed dataclasses and back: every key known, every value of its type, the nearest name offered."""

import contextlib
import dataclasses
import difflib
import math
import re
import types
import typing

import yaml


def from_mapping(cls, mapping, where="", readers=None):
    """An instance of the dataclass `cls` from nested mappings.

    Args:
        cls: a dataclass; annotations are int, float, bool, str, tuple[T, ...], dict, unions with None, dataclasses.
        mapping: dict, or None for all defaults.
        where: str. Dotted place of `mapping`, for messages.
        readers: dict of type -> function. Types that are written in a way of their own.

    Raises:
        ValueError: for an unknown key (the nearest is offered) or a value of another type; the message has the place.

    >>> @dataclasses.dataclass
    ... class Optimizer:
    ...     rate: float = 0.1
    >>> from_mapping(Optimizer, {"rate": 1})
    Optimizer(rate=1.0)
    >>> from_mapping(Optimizer, {"raet": 1})
    Traceback (most recent call last):
    ...
    ValueError: A recipe has no field 'raet'. Did you mean 'rate'? Fields here: rate.
    """
    if mapping is None:
        mapping = {}
    if not isinstance(mapping, dict):
        raise ValueError(f"`{where}` must be a group of fields. Received: {where}={mapping!r}.")
    hints = typing.get_type_hints(cls)
    values = {}
    for key, value in mapping.items():
        if key not in hints:
            elsewhere = [f"{group}.{key}" for group, kind in hints.items()
                         if dataclasses.is_dataclass(kind) and key in typing.get_type_hints(kind)]
            raise ValueError(unknown(_join(where, key), key, hints, elsewhere))
        values[key] = convert(hints[key], value, _join(where, key), readers or {})
    return cls(**values)


def unknown(place, key, known, elsewhere=()):
    """The message for a key that is not there: what was meant, one `elsewhere` if there are any, and what there is."""
    near = elsewhere or difflib.get_close_matches(str(key), known, 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"A recipe has no field '{place}'.{hint} Fields here: {', '.join(known)}."


def convert(kind, value, place, readers):
    """`value` as the annotated `kind`; ints become floats, lists become tuples, nothing else is bent."""
    if kind in readers:
        return readers[kind](value)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        if value is None or value == "None":  # Python's word for null
            return None
        kinds = [k for k in typing.get_args(kind) if k is not type(None)]
        for choice in kinds:
            with contextlib.suppress(ValueError):
                return convert(choice, value, place, readers)
        names = " or ".join(_KINDS.get(choice, choice.__name__) for choice in kinds)
        raise ValueError(f"`{place}` must be {names}, or null. Received: {place}={value!r}.")
    if dataclasses.is_dataclass(kind):
        return from_mapping(kind, value, place, readers)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"`{place}` must be a list. Received: {place}={value!r}.")
        return tuple(convert(typing.get_args(kind)[0], item, place, readers) for item in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, str):
        value = number(value)
    if kind is float and isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`{place}` must be a finite number. Received: {place}={value!r}.")
    if isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool)):
        return value
    raise ValueError(f"`{place}` must be {_KINDS.get(kind, kind.__name__)}. Received: {place}={value!r}.")


def number(text):
    """Text such as 1e-4, which is no number to YAML 1.1, as a float; other text as it is.

    >>> number("1e-4"), number("fast")
    (0.0001, 'fast')
    """
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", text) else text


def override(mapping, settings):
    """A copy of nested `mapping` with `"a.b=c"` settings applied; values are read as YAML.

    >>> override({"optimizer": {"rate": 0.1}}, ["optimizer.rate=0.2", "seed=3"])
    {'optimizer': {'rate': 0.2}, 'seed': 3}
    """
    result = {k: override(v, []) if isinstance(v, dict) else v for k, v in mapping.items()}
    for setting in settings:
        place, separator, text = setting.partition("=")
        if not separator or not place.strip():
            raise ValueError(f"A setting must be field=value, such as optimizer.rate=0.1. Received: {setting!r}.")
        *groups, key = place.strip().split(".")
        group = result
        for name in groups:
            if group.get(name) is None:
                group[name] = {}
            group = group[name]
            if not isinstance(group, dict):
                raise ValueError(f"`{name}` is a single field, not a group. Received: {setting!r}.")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ValueError(f"The value of a setting must be YAML. Received: {setting!r}.") from None
        group[key] = number(value) if isinstance(value, str) else value
    return result


def to_mapping(value):
    """The inverse of `from_mapping`: plain dicts, lists and scalars, ready for YAML."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_mapping(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_mapping(item) for item in value]
    if isinstance(value, dict):
        return {key: to_mapping(item) for key, item in value.items()}
    return value


def _join(where, key):
    return f"{where}.{key}" if where else str(key)


_KINDS = {int: "an int", float: "a number", bool: "true or false", str: "text", dict: "a group of fields"}
