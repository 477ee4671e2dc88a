"""The wire format of `tf.train.SequenceExample`, written and read without TensorFlow, which starts slowly.

A value of a feature is a list of bytes, ints or floats. Layout: the public protocol buffer encoding of `example.proto`
and `feature.proto`; map entries are written in the order of their keys, so that equal records are equal bytes.
"""

import struct

_BYTES, _FLOATS, _INTS = 1, 2, 3
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """Bytes that are no SequenceExample."""


def encode(context, lists):
    """A serialised SequenceExample.

    Args:
        context: {name: values of one feature}.
        lists: {name: [values of one step, ...]}.

    >>> decode(encode({"n": [1, -1]}, {"frames": [[b"a"], [b"b"]]}))
    ({'n': [1, -1]}, {'frames': [[b'a'], [b'b']]})
    """
    return b"".join([encode_context(context), *list_pieces(lists)])


def encode_context(context):
    """The part of a SequenceExample that holds the context; it comes first."""
    return _field(1, b"".join(_entry(name, _feature(values)) for name, values in sorted(context.items())))


def before_bytes(name, size):
    """The bytes that stand before the value of a context feature whose only value is `size` bytes.

    >>> encode_context({"n": [b"abc"]}).endswith(before_bytes("n", 3) + b"abc")
    True
    """
    return _entry(name, _feature([bytes(size)]))[:-size]


def list_pieces(lists):
    """The part of a SequenceExample that holds the feature lists, to be joined: a video's frames are worth one copy.

    A step's only value, if it is bytes, is a piece of its own; there is one before it.

    >>> list_pieces({"frames": [[b"a"], [b"bc"]]})[2::2]
    [b'a', b'bc']
    """
    entries = []
    for name, steps in sorted(lists.items()):
        pieces, size = [], 0
        for values in steps:
            if len(values) == 1 and type(values[0]) is bytes:
                head, whole = b"", len(values[0])
                for kind in (1, _BYTES, 1):  # the value lies in a list, that in a feature, that in a step
                    mark = bytes([kind << 3 | _LENGTH]) + _varint(whole)
                    head, whole = mark + head, whole + len(mark)
                pieces += head, values[0]
            else:
                pieces.append(_field(1, _feature(values)))
                whole = len(pieces[-1])
            size += whole
        key = _field(1, name.encode())
        mark = bytes([2 << 3 | _LENGTH]) + _varint(size)
        entries += bytes([1 << 3 | _LENGTH]) + _varint(len(key) + len(mark) + size) + key + mark, *pieces
    entries[:1] = [bytes([2 << 3 | _LENGTH]) + _varint(sum(map(len, entries))) + b"".join(entries[:1])]
    return entries


def decode(serialized, lists=None):
    """(context, lists) as `encode` takes them; fields that it does not know are passed over.

    Args:
        serialized: bytes.
        lists: names of the feature lists wanted, or None for all.

    Raises:
        WireError: saying what is wrong with the bytes.
    """
    view = memoryview(serialized)
    context, steps = {}, {}
    for number, value in _fields(view):
        if number == 1:
            for name, feature in _map(value):
                context[name] = _values(feature)
        elif number == 2:
            for name, found in _map(value):
                if lists is None or name in lists:
                    steps[name] = [_values(step) for field, step in _fields(found) if field == 1]
    return context, steps


def _field(number, payload):
    return bytes([number << 3 | _LENGTH]) + _varint(len(payload)) + payload


def _entry(name, payload):
    return _field(1, _field(1, name.encode()) + _field(2, payload))


def _feature(values):
    if not values:
        return b""
    kind = type(values[0])
    if kind is bytes:
        return _field(_BYTES, b"".join(_field(1, value) for value in values))
    if kind is float:
        return _field(_FLOATS, _field(1, struct.pack(f"<{len(values)}f", *values)))
    return _field(_INTS, _field(1, b"".join(_varint(value & 0xFFFFFFFFFFFFFFFF) for value in values)))


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(view, at):
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise WireError("a number is cut off")
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(view):
    """(number, value) of each field of a message; a value is an int or a view of bytes."""
    if not isinstance(view, memoryview):
        raise WireError("a number stands where a message should")
    at, end = 0, len(view)
    while at < end:
        tag, at = _read_varint(view, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _read_varint(view, at)
        else:
            if kind == _LENGTH:
                size, at = _read_varint(view, at)
            elif kind in (_FIXED32, _FIXED64):
                size = 4 if kind == _FIXED32 else 8
            else:
                raise WireError(f"a field of unknown kind {kind}")
            if at + size > end:
                raise WireError(f"a field of {size} bytes with {end - at} left")
            value, at = view[at:at + size], at + size
        yield tag >> 3, value


def _map(view):
    for number, entry in _fields(view):
        if number == 1:
            parts = dict(_fields(entry))
            try:
                name = bytes(parts.get(1, b"")).decode()
            except (UnicodeDecodeError, TypeError):
                raise WireError("a feature's name is no text") from None
            yield name, parts.get(2, memoryview(b""))


def _values(feature):
    found = []
    for kind, values in _fields(feature):
        for number, value in _fields(values):
            if number != 1:
                continue
            if kind == _BYTES:
                found.append(bytes(_view(value)))
            elif kind == _FLOATS:  # packed or not, a run of little-endian floats
                value = _view(value)
                if len(value) % 4:
                    raise WireError("floats are cut off")
                found.extend(struct.unpack(f"<{len(value) // 4}f", value))
            elif kind == _INTS:
                found.extend(_ints(value))
    return found


def _view(value):
    if not isinstance(value, memoryview):
        raise WireError("a number stands where bytes should")
    return value


def _ints(value):
    if isinstance(value, int):  # written one by one
        value, rest = [value], None
    else:
        rest, value, at = value, [], 0
        while at < len(rest):
            number, at = _read_varint(rest, at)
            value.append(number)
    return [number - (1 << 64) if number >> 63 else number for number in value]
