"""WebVTT, which players show under a video: `mpv VIDEO --sub-file=VIDEO.vtt`, or `<track>` of a page. One file a video.

An instant is shown for a second.
"""

import os

from pipelines.annotations.writing import by_video, without_times
from pipelines.storage.addresses import file_name, shown
from res3d.atomic import writing

SHOWN = 1.0  # seconds that an instant is shown


def write(spans, path, options):
    """Writes `path` for the one video, or, for several, a folder with `NAME.vtt` for each.

    Raises:
        ValueError: for several videos and a name of one file, or several videos of one name.
    """
    videos, path = by_video(spans.rows), os.fspath(path)
    one = path.lower().endswith(".vtt")
    if one and len(videos) > 1:
        raise ValueError(f"Expected labels of one video for '{path}'. Received those of {len(videos)}. Name a folder, "
                         "which gets a file for each.")
    places = {}
    for video in videos or [""]:
        place = path if one else os.path.join(path, os.path.splitext(file_name(video))[0] + ".vtt")
        if place in places:
            raise ValueError(f"Expected videos of different names. Received '{shown(places[place])}' and "
                             f"'{shown(video)}'. Rename one.")
        places[place] = video
    if not one:
        os.makedirs(path, exist_ok=True)
    for place, video in places.items() if videos or one else ():
        with writing(place, "w", errors="backslashreplace") as file:
            file.write(text(videos.get(video, ())))
    return without_times(spans, "a cue has times")


def text(rows):
    """The cues of one video's rows, in order of time.

    >>> from pipelines.annotations.spans import Span
    >>> print(text([Span("a.mp4", 1.0, 2.5, "run & <jump>")]))
    WEBVTT
    <BLANKLINE>
    00:00:01.000 --> 00:00:02.500
    run &amp; &lt;jump&gt;
    <BLANKLINE>
    """
    cues = sorted((row for row in rows if row.start is not None), key=lambda row: (row.start, row.end))
    parts = [f"{_time(row.start)} --> {_time(row.start + SHOWN if row.is_instant else row.end)}\n{_said(row)}\n"
             for row in cues]
    return "\n".join(["WEBVTT\n", *parts])


def _said(row):
    score = "" if row.score is None else f" ({row.score:.2f})"
    said = f"{row.subject}: {row.label}{score}" if row.subject else f"{row.label}{score}"
    return " ".join(said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())


def _time(seconds):
    thousandths = round(seconds * 1000)
    return (f"{thousandths // 3_600_000:02d}:{thousandths // 60_000 % 60:02d}:{thousandths // 1000 % 60:02d}"
            f".{thousandths % 1000:03d}")
