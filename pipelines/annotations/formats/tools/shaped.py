"""Reading what a tool has written, whatever it has written: what has another shape is one error that shows it."""

import csv
import math
import reprlib
import urllib.parse

from pipelines.annotations.text import LOOKED_AT, read_text, separated
from pipelines.storage import folders
from pipelines.storage.addresses import file_name, is_remote, plain, shown

_SHORT = reprlib.Repr()
_SHORT.maxdict = _SHORT.maxlist = 8
_SHORT.maxstring = _SHORT.maxother = 80
SHOWN = _SHORT.repr
_WRONG = (KeyError, TypeError, AttributeError, IndexError, OverflowError)


def first_rows(path, *endings):
    """The rows at the beginning of a table whose name has one of some endings, as lists of cells; else none."""
    rows = []
    if plain(path).lower().endswith(endings) and folders.is_file(path):
        try:
            for cells in separated(read_text(path, LOOKED_AT, names=True))[1]:
                rows.append(cells)
        except csv.Error:  # `table_rows` says so, of what is taken for a table by its first rows
            pass
    return rows


def table_rows(path, advice):
    """All rows of a table, as lists of cells, of which names need not be text.

    Raises:
        ValueError: with `advice` on what to do, for a file that is no table.
    """
    try:
        return list(separated(read_text(path, names=True))[1])
    except csv.Error as error:
        raise ValueError(f"Expected a table in '{path}'. It is none: {error}. {advice}.") from None


def careful(make, shape, path):
    """`make`, of one item, whose failure at an item of another shape is a ValueError that names the file.

    Args:
        make: function of an item.
        shape: str. What was expected, in words.
        path: str. The file, for the message.
    """
    def made(item):
        try:
            return make(item)
        except (ValueError, *_WRONG) as error:
            if isinstance(error, ValueError) and str(error).startswith("Expected "):
                raise placed(error, path) from None
            raise ValueError(f"Expected {shape} in '{shown(path)}'. Received {SHOWN(item)}. Correct it.") from None

    return made


def placed(error, path):
    """A ValueError that says in which file it was, if it does not yet."""
    text = str(error)
    if path in text:
        return error
    expected, _, rest = text.partition(". ")
    return ValueError(f"{expected} in '{shown(path)}'. {rest} Correct it.")


def checked(good, expected, received):
    """ValueError, if not `good`, of what was expected and received."""
    if not good:
        raise ValueError(f"Expected {expected}. Received: {SHOWN(received)}.")


def names_of(place):
    """Names under which a file may lie that a tool knows by a path, an address or a path of another machine.

    >>> names_of("file:///C:/Users/me/my%20clip.mp4"), names_of("a.mp4")
    (('my clip.mp4',), ('a.mp4',))
    >>> names_of("clips/a.mp4")
    ('clips/a.mp4', 'a.mp4')
    """
    checked(isinstance(place, str) and place.strip(), "the name of a video", place)
    if is_remote(place):
        return urllib.parse.unquote(file_name(place)), place
    if place.lower().startswith("file:"):
        return (urllib.parse.unquote(place).replace("\\", "/").rpartition("/")[2],)
    slashed = place.replace("\\", "/").removeprefix("./")
    return tuple(dict.fromkeys((slashed, slashed.rpartition("/")[2])))


def text_of(value):
    """A name of a text or a number, without blanks around; None of nothing, and ValueError of anything else."""
    checked(value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)), "a name", value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value).strip() or None if value is not None else None
