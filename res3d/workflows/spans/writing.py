"""Spans that were found, as `pipelines.write_spans` writes those of people."""

from pipelines.annotations.spans import Span
from pipelines.spans import write_spans


def as_dict(span):
    """A span of `res3d.spans` as JSON-ready values, times to the millisecond."""
    return {"video": span.video, "start": round(span.start, 3), "end": round(span.end, 3), "label": span.label,
            "score": round(span.score, 4)}


def write_found(spans, path):
    """Writes spans of `res3d.spans` in the order of time, in the form that the name of `path` tells.

    Raises:
        ValueError: for another ending than those of `pipelines.write_spans`, or a .vtt of several videos.
    """
    spans = sorted(spans, key=lambda span: (str(span.video), span.start, span.end, str(span.label)))
    write_spans([Span(**as_dict(span)) for span in spans], path)
