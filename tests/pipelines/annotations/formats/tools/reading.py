"""What the tests of tools share: a file made by hand, read, as plain tuples."""

import json

from pipelines.spans import read_spans


def spans_of(folder, name, content, **options):
    """The `Spans` of a file `name` with this content, which is text, or made JSON of."""
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_spans(folder / name, **options)


def told(spans):
    """[(name of the video, start, end, label)], times rounded to a microsecond."""
    return [(span.video.rpartition("/")[2], span.start if span.start is None else round(span.start, 6),
             span.end if span.end is None else round(span.end, 6), span.label) for span in spans]


def reasons(spans):
    """Why entries were passed over."""
    return [row.reason for row in spans.missing]
