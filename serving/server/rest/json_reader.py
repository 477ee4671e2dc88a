"""Request bodies, read here because TensorFlow Serving's parser accepts and words what no JSON package does.

It takes the first JSON value in some bytes and ignores what follows; NaN and Infinity are numbers, nesting may be as
deep as the body is long (`parsing.nesting`), and strings keep bytes that are not UTF-8. Long lists of whole numbers
become NumPy arrays on the way (`parsing.numbers`).
"""

import json
import re

from serving.errors import invalid
from serving.server.rest.parsing import nesting, numbers

MOST_PARSED, MOST_TIMES = 2**28, 16  # bytes that the values of a body may take, and times its own where that is more
LARGE = 2**22  # bytes; a shorter body is parsed in some hundredths of a second
_PIECE = 2**18  # bytes counted at a time: no other thread runs meanwhile
_COSTS = {b"[": 100, b"{": 400, b'"': 40, b",": 32}  # bytes that go with each in Python's values, and in rows of them
_SPACE = re.compile(r"[ \t\n\r]*")
_WORDING = (  # how Python's parser begins its complaint, how TensorFlow Serving's does
    ("Expecting property name", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Expecting ','", "Missing a comma or closing bracket after an element."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid \\", "Invalid escape character in string."),
    ("Invalid control character", "Invalid encoding in string."),
)


def decode(body, lift=True):
    """The first JSON value in `body`.

    Args:
        body: bytes. UTF-8, with or without a byte order mark.
        lift: bool. Whether long lists of whole numbers may become arrays.

    Returns:
        dict, list, str, int, float, bool or None; rectangular lists of whole numbers beyond a few hundred bytes may be
        NumPy arrays of int64. Bytes outside UTF-8 are kept as surrogate escapes.

    Raises:
        ServingError: INVALID_ARGUMENT, if there is no JSON value at the beginning, or too much of it.

    >>> decode(b'{"instances": [1.0, NaN]} and what follows')
    {'instances': [1.0, nan]}
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    short, arrays = numbers.lift(body) if lift else (body, [])
    _check_room(short)
    if arrays:
        try:
            return _parse(short, _decoder(short, object_hook=numbers.restorer(arrays)))
        except (json.JSONDecodeError, RecursionError):
            pass  # said again below, from the untouched body, with the right offset
    try:
        return _parse(body, _decoder(body))
    except json.JSONDecodeError as error:
        raise invalid(_complaint(error)) from None
    except ValueError as error:  # an integer of thousands of digits
        raise invalid("JSON Parse error: Number too big to be stored in double. at offset: 0") from error


def _check_room(body):
    """Refuses a body whose values would take too much: a list takes 50 times the bytes of its brackets, and a body that
    came packed has brackets by the million. How deep they are nested is free, as it is in TensorFlow Serving."""
    most = max(MOST_PARSED, MOST_TIMES * len(body))
    if len(body) * max(_COSTS.values()) <= most:
        return
    needed = sum(cost * body.count(mark, at, at + _PIECE) for at in range(0, len(body), _PIECE)
                 for mark, cost in _COSTS.items())
    if needed > most:
        raise invalid(f"The lists, objects and values of a JSON body must take at most {most} bytes in memory. "
                      f"Received: {len(body)} bytes of text that would take about {needed}. Send fewer at once, or "
                      "frames as JPEG.")


def _decoder(body, **options):
    """A parser that lets other threads run in between where a body is long: Python's functions do, and C's do not."""
    if len(body) > LARGE:
        options |= {"parse_float": lambda text: float(text), "parse_int": lambda text: int(text)}
    return json.JSONDecoder(**options)


def _parse(body, decoder):
    text = body.decode("utf-8", "surrogateescape")
    start = _SPACE.match(text).end()
    try:
        return decoder.raw_decode(text, start)[0]
    except RecursionError:
        if decoder.object_hook is not None:
            raise
        return nesting.parse(text, start)


def _complaint(error):
    reason = next((ours for theirs, ours in _WORDING if error.msg.startswith(theirs)), "Invalid value.")
    if error.pos >= len(error.doc) and not error.doc.strip(" \t\n\r"):
        reason = "The document is empty."
    offset = len(error.doc[:error.pos].encode("utf-8", "surrogateescape"))
    return f"JSON Parse error: {reason} at offset: {offset}"
