"""Labels of whatever tool people label videos with, as one list of spans and instants."""

import os
from collections.abc import Iterable

from pipelines.annotations import reading, writing
from pipelines.annotations.entries import Missing
from pipelines.annotations.spans import Span, Spans
from pipelines.records import spans as recorded
from pipelines.records.layout import are_records
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, shown


def read_spans(path: str | os.PathLike, *, videos: str | os.PathLike | None = None, format: str | None = None,
               rate: float | None = None, first_frame: int = 1, strict: bool = True) -> Spans:
    """Reads what happens when in which video, from any layout of `pipelines.annotations.FORMATS`.

    Args:
        path: an export of a labelling tool, an annotation file of a data set, a CSV
            `video,start,end,label[,subject,group,annotator]`, or a folder that holds such lists; or one of records that
            `res3d prepare --task=spans` wrote, whose videos go by the names that they have there.
        videos: folder with the video files, or its address; None is the annotation's own folder. Where no file is
            found, the name in the annotation is kept.
        format: a name of `pipelines.annotations.FORMATS`; None finds out by content.
        rate: float or None. Frames a second at which a tool that writes numbers of frames has counted them; None takes
            what the file says, else the tool's default (Label Studio: 24), else the times of the video's own frames.
        first_frame: int. The number that Label Studio gives the first frame, 0 or 1.
        strict: bool. False passes over what cannot be read, and names it in `missing`, instead of refusing the file.

    Returns:
        `Spans`. Times are seconds; an instant has `end == start`; a label of a whole video has neither.

    Raises:
        OSError: if `path` or `videos` does not exist.
        ValueError: for a file that no layout knows, or, with `strict`, for what cannot be read in it; for records of
            clips, and for `videos`, `format` or `rate` of records.

    >>> with open("spans.csv", "w") as file:
    ...     _ = file.write("video,start,end,label\\na.mp4,1.5,3,run\\na.mp4,0:04,0:04,jump\\n")
    >>> [(span.start, span.end, span.label) for span in read_spans("spans.csv")]
    [(1.5, 3.0, 'run'), (4.0, 4.0, 'jump')]
    """
    if rate is not None and not rate > 0:
        raise ValueError(f"`rate` must be frames a second, above 0. Received: rate={rate!r}.")
    if first_frame not in (0, 1):
        raise ValueError(f"`first_frame` must be 0 or 1. Received: first_frame={first_frame!r}.")
    path = absolute(path)
    if are_records(path):
        asked = {"videos": videos, "format": format, "rate": rate}
        given = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value is not None)
        if given:
            raise ValueError(f"Records know their videos and times. Received: {given} with '{shown(path)}'. Leave it "
                             "out.")
        return recorded.read(path)
    if not folders.exists(path):
        raise FileNotFoundError(f"Expected an annotation file. Nothing exists at '{shown(path)}'. Check the path.")
    return reading.read_spans(path, format, videos=videos if videos is None else absolute(videos), rate=rate,
                              first_frame=first_frame, strict=strict)


def write_spans(spans: Spans | Iterable[Span], path: str | os.PathLike, *, format: str | None = None,
                rate: float = 24.0, first_frame: int = 1, model: str = "res3d", address: str = "") -> list[Missing]:
    """Writes spans as a tool, a player or an evaluation reads them, aside and renamed.

    Args:
        spans: `Spans`, or `Span` objects, such as a model's.
        path: the file to write; for WebVTT of several videos a folder.
        format: "csv", "json" (a list of objects of its columns), "label_studio" (predictions to correct), "via",
            "activitynet" (results), "boris" or "webvtt"; None goes by `.csv`, `.json` and `.vtt`.
        rate: float. Frames a second of Label Studio's `frameRate`.
        first_frame: int. The number that Label Studio gives the first frame, 0 or 1.
        model: str. Whose predictions Label Studio says they are.
        address: str. Where Label Studio finds the videos, such as `/data/local-files/?d=videos`; "" writes paths.

    Returns:
        `Missing` rows of what the form cannot say, each with the reason.

    Raises:
        OSError: if the file cannot be written.
        ValueError: for a format that is not known, or several videos of one name where names must tell them.

    >>> write_spans([Span("a.mp4", 1.0, 2.5, "run")], "a.vtt")
    []
    """
    return writing.write(spans, path, format, rate=rate, first_frame=first_frame, model=model, address=address)
