"""Several names as one text, in a cell of a table, and back."""

import re


def join(names):
    """Several names as one text, which `split` takes apart again: with `|` between them.

    >>> join(["jump", "a|b"])
    'jump|a\\\\|b'
    """
    return "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in names)


def split(text):
    """The names of a text that `join` wrote, as a list; empty ones are left out.

    >>> split(join(["jump", "a|b"]))
    ['jump', 'a|b']
    """
    return [re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"(?:\\.|[^|\\])+", text)]
