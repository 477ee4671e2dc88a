"""Which page of the documentation solves an error: `pages.json` says it, made of the troubleshooting page."""

import functools
import json
import pathlib
import re

DOCS = "docs/"  # where the table's pages lie: a folder of the project, as the site has no address of its own
TABLE = pathlib.Path(__file__).with_name("pages.json")


def messages():
    """{message, … where it differs: page} of every message that has a page."""
    return json.loads(TABLE.read_text(encoding="utf-8"))


@functools.cache
def rows():
    """(pattern, page) of each, the longest message first: it says most."""
    return [(re.compile(".*".join(re.escape(piece.strip()) for piece in message.split("…"))), page)
            for message, page in sorted(messages().items(), key=lambda row: -len(row[0]))]


def page_of(error):
    """The page that solves `error`, such as docs/how-to/own-data.md, or None for an error that explains itself.

    >>> page_of(ValueError("Expected a folder per class with videos in it. 'a' is empty."))
    'docs/how-to/own-data.md'
    """
    text = " ".join(str(error).replace("`", "").split())
    return next((DOCS + page for pattern, page in rows() if pattern.search(text)), None)
