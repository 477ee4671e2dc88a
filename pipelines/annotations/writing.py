"""Labels written as other tools read them: one table of forms, each a module that is imported when it is asked for."""

import dataclasses
import importlib
import json
import os

from pipelines.annotations.entries import Missing
from pipelines.annotations.spans import Span, Spans
from pipelines.storage.addresses import shown
from res3d.atomic import writing

WRITERS = {  # name: the module that writes it
    "csv": "pipelines.annotations.writers.table",
    "json": "pipelines.annotations.writers.objects",
    "label_studio": "pipelines.annotations.writers.label_studio",
    "via": "pipelines.annotations.writers.via",
    "activitynet": "pipelines.annotations.writers.activitynet",
    "boris": "pipelines.annotations.writers.boris",
    "webvtt": "pipelines.annotations.writers.webvtt",
}
KEEP_EMPTY = ("label_studio", "via", "activitynet")  # which list videos that nothing was labelled in
SUFFIXES = {".csv": "csv", ".json": "json", ".vtt": "webvtt"}  # of names that tell a form


@dataclasses.dataclass(frozen=True)
class WriteOptions:
    """What a writer may be told; the fields are the arguments of `pipelines.spans.write_spans`."""

    rate: float = 24.0
    first_frame: int = 1
    model: str = "res3d"
    address: str = ""


def form_of(path, format=None):
    """The name of the form to write: the one that was asked for, or that the name of the file tells."""
    if format is None:
        format = SUFFIXES.get(os.path.splitext(os.fspath(path))[1].lower())
        if format is None:
            raise ValueError(f"Expected a name that ends in {', '.join(SUFFIXES)}, or a format. Received: '{path}'. "
                             f"Name one of {', '.join(WRITERS)}.")
    if format not in WRITERS:
        raise ValueError(f"Labels are written as one of {', '.join(WRITERS)}. Received: format={format!r}.")
    return format


def write(spans, path, format=None, **options):
    """Writes `Spans`, or a list of `Span`; arguments and what is returned as of `pipelines.spans.write_spans`."""
    spans = spans if isinstance(spans, Spans) else Spans(list(spans))
    form = form_of(path, format)
    left = importlib.import_module(WRITERS[form]).write(spans, path, WriteOptions(**options))
    bare = [] if form in KEEP_EMPTY else spans.empty
    return left + [Missing(shown(video), "nothing in it has a label, and a row stands for one") for video in bare]


def write_rows(rows, path):
    """Writes what a network found, in the order of videos and of time, in the form that the name of `path` tells.

    Args:
        rows: dicts of {"video", "start", "end", "label", "score"}.

    Raises:
        ValueError: for another ending than those of `SUFFIXES`, or a .vtt of several videos.
    """
    rows = sorted(rows, key=lambda row: (str(row["video"]), row["start"], row["end"], str(row["label"])))
    write([Span(**row) for row in rows], path)


def write_json(path, value):
    """Writes a value as JSON, aside and renamed."""
    with writing(path, "w", errors="surrogateescape") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write("\n")


def by_video(rows, empty=()):
    """{video: its rows}, in order of appearance, and behind them those of `empty` that have none."""
    found = {}
    for row in rows:
        found.setdefault(row.video, []).append(row)
    for video in empty:
        found.setdefault(video, [])
    return found


def without_times(spans, why):
    """`Missing` rows of the labels of whole videos, for a form that cannot say them; `why` ends the reason."""
    return [Missing(shown(row.video), f"'{row.label}' is of the whole video, and {why}")
            for row in spans.rows if row.start is None]
