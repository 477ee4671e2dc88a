"""Spans to files: CSV, JSON, and WebVTT, which players show as subtitles."""

import csv
import io
import json
import os
import pathlib
from collections.abc import Iterable

from res3d.atomic import write_aside
from res3d.spans.span import Span

INSTANT_SECONDS = 0.5  # how long a player shows what is a moment


def write_spans(path: str | os.PathLike, spans: Iterable[Span]) -> None:
    """Writes spans in the order of time, in the form that the ending names.

    Args:
        path: file ending in .csv (video, start, end, label, score), .json (a list of objects of the same) or .vtt.
        spans: of one video, or for .csv and .json of several.

    Raises:
        ValueError: for another ending, or a .vtt of several videos.

    >>> write_spans("found.vtt", [Span(61.5, 63.0, "serve", 0.9)])
    >>> print(pathlib.Path("found.vtt").read_text(encoding="utf-8"))
    WEBVTT
    <BLANKLINE>
    00:01:01.500 --> 00:01:03.000
    serve (0.90)
    <BLANKLINE>
    """
    ending = pathlib.Path(path).suffix.lower()
    if ending not in FORMS:
        raise ValueError(f"Spans are written as {', '.join(FORMS)}. Received: '{os.fspath(path)}'.")
    spans = sorted(spans, key=lambda span: (str(span.video), span.start, span.end, str(span.label)))
    write_aside(path, FORMS[ending](spans))


def _csv(spans):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("video", "start", "end", "label", "score"))
    writer.writerows((span.video, f"{span.start:.3f}", f"{span.end:.3f}", span.label, f"{span.score:.4f}")
                     for span in spans)
    return text.getvalue()


def _json(spans):
    return json.dumps([as_dict(span) for span in spans], indent=2, ensure_ascii=False) + "\n"


def _vtt(spans):
    videos = {span.video for span in spans}
    if len(videos) > 1:
        raise ValueError(f"A .vtt file is of one video. Received spans of {len(videos)}: write one file for each.")
    cues = []
    for span in spans:
        end = span.start + INSTANT_SECONDS if span.instant else span.end
        text = str(span.label).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
        cues.append(f"\n{_clock(span.start)} --> {_clock(end)}\n{text} ({span.score:.2f})\n")
    return "WEBVTT\n" + "".join(cues)


def as_dict(span: Span) -> dict:
    """A span as JSON-ready values, times to the millisecond."""
    return {"video": span.video, "start": round(span.start, 3), "end": round(span.end, 3), "label": span.label,
            "score": round(span.score, 4)}


def _clock(seconds):
    """hh:mm:ss.mmm, as WebVTT has it."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"


FORMS = {".csv": _csv, ".json": _json, ".vtt": _vtt}
