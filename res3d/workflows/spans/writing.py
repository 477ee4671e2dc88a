"""Spans that were found, as `pipelines.write_spans` writes those of people."""

import os

from pipelines.annotations.spans import Span
from pipelines.annotations.writing import SUFFIXES
from pipelines.spans import write_spans

PAGES = (".html", ".htm")


def as_dict(span):
    """A span of `res3d.spans` as JSON-ready values, times to the millisecond."""
    return {"video": span.video, "start": round(span.start, 3), "end": round(span.end, 3), "label": span.label,
            "score": round(span.score, 4)}


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
    """Writes spans of `res3d.spans` in the order of time, in the form that the name of `path` tells.

    Raises:
        ValueError: for another ending than those of `pipelines.write_spans`, or a .vtt of several videos.
    """
    spans = sorted(spans, key=lambda span: (str(span.video), span.start, span.end, str(span.label)))
    write_spans([Span(**as_dict(span)) for span in spans], path)
