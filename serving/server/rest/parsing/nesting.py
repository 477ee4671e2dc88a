"""JSON nested beyond the interpreter's own parser, whose stack ends at a thousand levels.

Of what lies deeper than any tensor no value is kept, as nothing can ask for it: it is read, so that what is no JSON is
refused as anywhere else, and costs the time of reading alone, where lists by the hundred thousand would hold up other
requests while they are made, walked through by collections, and freed.
"""

import json
import re

KEPT = 100  # levels: three times those of the deepest tensor, and what a quote in a refusal shows
_SPACE = re.compile(r"[ \t\n\r]*")
_OPENING, _CLOSING = re.compile(r"\[+|{"), re.compile(r"\]+")
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\d.])|true|false|null|NaN|-?Infinity")
_CONSTANTS = {"true": True, "false": False, "null": None, "NaN": float("nan"), "Infinity": float("inf"),
              "-Infinity": float("-inf")}
_LIST, _OBJECT = "]", "}"  # containers that keep nothing


def parse(text, at):
    """The value that begins at `at`; lists and objects below level `KEPT` come out empty.

    Raises:
        json.JSONDecodeError: as Python's parser.

    >>> parse('[[1, {"a": []}], 2] and what follows', 0)
    [[1, {'a': []}], 2]
    """
    stack, keys = [], []  # open containers; the names under which the members being read will go
    while True:
        at = _SPACE.match(text, at).end()
        start = text[at:at + 1]
        if start == "[" or start == "{":
            at = _open(text, at, stack)
            if text[at:at + 1] != ("]" if start == "[" else "}"):
                if start == "{":
                    at = _read_key(text, at, keys)
                continue
            value, at = _closed(stack), at + 1
        elif start == '"':
            value, at = json.decoder.scanstring(text, at + 1, True)
        else:
            value, at = _read_scalar(text, at)
        while stack:  # put the value where it belongs; close whatever ends here
            at = _SPACE.match(text, at).end()
            mark = text[at:at + 1]
            _put(value, stack[-1], keys)
            if mark == ",":
                at += 1
                if _is_object(stack[-1]):
                    at = _read_key(text, _SPACE.match(text, at).end(), keys)
                break
            if mark != ("}" if _is_object(stack[-1]) else "]"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            if mark == "]":
                at = _close_many(text, at, stack)
            value, at = _closed(stack), at + 1
        else:
            return value


def _open(text, at, stack):
    """Opens the object, or all the lists, that begin here; returns where the first thing in them does."""
    end = _OPENING.match(text, at).end()
    if text[at] == "[":
        fresh = max(0, min(end - at, KEPT - len(stack)))
        stack += [[] for _ in range(fresh)]
        stack += [_LIST] * (end - at - fresh)
    else:
        stack.append({} if len(stack) < KEPT else _OBJECT)
    return _SPACE.match(text, end).end()


def _close_many(text, at, stack):
    """Closes all but the last of the lists that end here and keep nothing; returns where that one ends."""
    many = min(_CLOSING.match(text, at).end() - at, len(stack) - KEPT)
    if many > 1:
        innermost = stack[:-many - 1:-1]
        many = innermost.index(_OBJECT) if _OBJECT in innermost else many
    if many > 1:
        del stack[1 - many:]
        at += many - 1
    return at


def _closed(stack):
    value = stack.pop()
    return [] if value is _LIST else {} if value is _OBJECT else value


def _is_object(container):
    return container is _OBJECT or isinstance(container, dict)


def _put(value, container, keys):
    if isinstance(container, list):
        container.append(value)
    elif container is not _LIST:
        key = keys.pop()
        if container is not _OBJECT:
            container[key] = value


def _read_key(text, at, keys):
    if text[at:at + 1] != '"':
        raise json.JSONDecodeError("Expecting property name", text, at)
    key, at = json.decoder.scanstring(text, at + 1, True)
    at = _SPACE.match(text, at).end()
    if text[at:at + 1] != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    keys.append(key)
    return at + 1


def _read_scalar(text, at):
    found = _SCALAR.match(text, at)
    if not found:
        raise json.JSONDecodeError("Expecting value", text, at)
    word = found.group()
    if word in _CONSTANTS:
        return _CONSTANTS[word], found.end()
    return (float if set(word) & set(".eE") else int)(word), found.end()
