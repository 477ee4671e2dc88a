"""Long lists of whole numbers in JSON straight to NumPy, here because clips are read 5 times faster than by `json`.

The rows "JSON pixels" of `benchmarks/serving_speed.py` measure it. `lift` cuts such lists out of a body and leaves a
mark in their place; the parser of the short rest puts them back. Whatever is not plainly a rectangular list of whole
numbers stays where it is and is parsed, or refused, by the parser.
"""

import uuid

import numpy as np

MARK = f"lifted-{uuid.uuid4().hex}"  # no body can know it
SHORTEST = 256  # bytes; below this `json` is as fast
_PIECE = 1 << 16  # bytes read at once: fits a core's cache
_MISSES = 64  # short lists in a row after which looking further does not pay

_WHITE = b" \t\n\r"


def lift(body):
    """Cuts the long numeric lists out of a JSON body.

    Returns:
        `(rest, arrays)`: the body with `{MARK: i}` in the place of `arrays[i]`, int64.

    >>> lift(b'{"x": [' + b"1, " * 200 + b"2]}")[1][0].shape
    (201,)
    """
    if len(body) < SHORTEST:
        return body, []
    nearest = _Finder(body)
    parts, arrays, done, at, misses = [], [], 0, 0, 0
    while misses < _MISSES and (start := nearest(b'"[', at)) < len(body):
        if body[start] == 34:  # a string: brackets inside it are not lists
            at = _end_of_string(body, start)
            misses += at - start < SHORTEST
            continue
        at = nearest(b'"{}', start)
        end = body.rfind(b"]", start, at) + 1
        array = read(body[start:end]) if end - start >= SHORTEST else None
        if array is None:
            misses += 1
            continue
        parts += [body[done:start], b'{"%s": %d}' % (MARK.encode(), len(arrays))]
        arrays.append(array)
        done = at = end
        misses = 0
    return (b"".join([*parts, body[done:]]), arrays) if arrays else (body, [])


class _Finder:
    """The next of some characters from a position on; positions only grow, so every byte is looked at once."""

    def __init__(self, body):
        self.body = body
        self.known = {}

    def __call__(self, characters, at):
        best = len(self.body)
        for character in characters:
            place = self.known.get(character, -1)
            if place < at:
                place = self.body.find(character, at)
                self.known[character] = place = place if place >= 0 else len(self.body)
            best = min(best, place)
        return best


def restorer(arrays):
    """An `object_hook` that puts the arrays back in place of their marks."""
    return lambda members: arrays[members[MARK]] if MARK in members else members


def _end_of_string(body, quote):
    at = quote
    while (at := body.find(b'"', at + 1)) >= 0:
        slashes = at - 1
        while body[slashes] == 92:
            slashes -= 1
        if (at - slashes) % 2:  # an even number of backslashes: this quote is not escaped
            return at + 1
    return len(body)


def read(span):
    """The array that a nested list of whole JSON numbers spells, or None if it is anything else.

    >>> read(b"[[1, 2], [3, -4]]").tolist(), read(b"[01]"), read(b"[[1], [2, 3]]"), read(b"[1.5]")
    ([[1, 2], [3, -4]], None, None, None)
    """
    structure, values = [], []
    at = 0
    while at < len(span):
        end = min(at + _PIECE, len(span))
        if end < len(span):
            end = span.rfind(b",", at, end) + 1
            if not end:
                return None
        piece = span[at:end]
        numbers = _values(piece, structure)
        if numbers is None:
            return None
        values.append(numbers)
        at = end
    structure = b"".join(structure)
    shape = _shape(structure)
    values = np.concatenate(values)
    if shape is None or len(values) != np.prod(shape) or structure != _expected(shape):
        return None
    return values.reshape(shape)


def _shape(structure):
    """The sizes that the first list of every depth has; whether the others agree is for the caller to see."""
    rank = len(structure) - len(structure.lstrip(b"["))
    shape, inner = [], 0
    for depth in range(min(rank, 33)):
        end = structure.find(b"]" * (depth + 1)) + depth + 1
        length = end - (rank - 1 - depth)  # characters of the first list: "[", its items and the commas between, "]"
        if end == depth or length < 2:
            return None
        shape.insert(0, (length - 1) // (inner + 1))
        inner = length
    return tuple(shape) if 0 < rank <= 32 else None


def _expected(shape):
    text = b"[" + b"," * (shape[-1] - 1) + b"]"
    for size in reversed(shape[:-1]):
        text = b"[" + b",".join([text] * size) + b"]"
    return text


def _values(piece, structure):
    structure.append(piece.translate(None, b"0123456789-" + _WHITE))
    text = np.frombuffer(b",,," + piece + b",", np.uint8)
    value = text - np.uint8(48)
    tokens = _tokens(text, value < 10)
    if tokens is None:
        return None
    starts, ends, negative = tokens
    lengths = ends - starts
    longest = lengths.max(initial=0)
    if longest >= 17 or ((lengths > 1) & (value[starts + 1] == 0)).any():
        return None  # beyond what int64 surely holds; or leading zeros, which only the parser may judge
    numbers = value[ends].astype(np.int64)
    for place in range(1, longest):
        more = lengths > place
        numbers += value[ends - place] * more * np.int64(10**place)
    if negative is None:
        return numbers
    return None if (negative & (numbers == 0)).any() else np.where(negative, -numbers, numbers)


def _tokens(text, inside):
    """Where the runs of `inside` begin (exclusive) and end, and which have a minus before; None if anything but one
    comma or bracket and at most one space stands between two of them."""
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    before, negative = text[starts], None
    minus = before == 45
    if minus.any():
        negative = minus
        before = text[starts - minus]
    if np.count_nonzero(text == 45) != (0 if negative is None else np.count_nonzero(negative)):
        return None
    blank = before == 32
    if blank.any():
        before = text[starts - blank - (0 if negative is None else negative)]
    after = text[ends + 1]
    if ((before == 44) | (before == 91)).all() and ((after == 44) | (after == 93)).all():
        return starts, ends, negative
    return None
