"""Spans that were found, as `pipelines.write_spans` writes those of people."""

import os

from pipelines.annotations.writing import SUFFIXES, write_rows
from res3d.spans.span import as_dict

PAGES = (".html", ".htm")


def is_page(path):
    """Whether the name of a file is that of a page."""
    return os.path.splitext(os.fspath(path))[1].lower() in PAGES


def check_output(path):
    """Raises ValueError for a file that spans cannot be written to, before anything is computed.

    >>> check_output("found.html"), check_output("found.csv")
    (None, None)
    """
    if not is_page(path) and os.path.splitext(os.fspath(path))[1].lower() not in SUFFIXES:
        raise ValueError(f"`--output` of spans must be a page, {PAGES[0]}, or end in {', '.join(SUFFIXES)}. Received: "
                         f"'{path}'.")


def write_found(spans, path):
    """Writes spans of `res3d.spans` as `pipelines.annotations.writing.write_rows` does."""
    write_rows([as_dict(span) for span in spans], path)
