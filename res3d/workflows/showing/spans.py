"""Spans that were found, to be looked at: a page with the timeline of each video under a strip of its frames."""

import pathlib

from res3d.atomic import writing
from res3d.looks.rendering import render
from res3d.looks.timeline import clock, found_lanes, timeline
from res3d.terminal.progress import bar
from res3d.workflows.showing.strips import strip_or_none


def show_spans(path, answers, asked):
    """Writes the page, aside and renamed.

    Args:
        path: file to write.
        answers: list of {"video", "spans": [{"start", "end", "label", "score"}]} or {"video", "error"}.
        asked: str. The network or the server.
    """
    rows = []
    with bar(len(answers), "taking pictures", "video") as counted:
        for answer in answers:
            rows.append({"video": answer["video"], "error": answer["error"]} if "error" in answer else _row(answer))
            counted.update()
    text = render(pathlib.Path(__file__).parent, "spans.html.j2", title=f"Spans found by {asked}", rows=rows,
                  asked=asked, found=sum(len(row.get("spans", ())) for row in rows))
    with writing(path, "w", errors="backslashreplace") as file:
        file.write(text)


def _row(answer):
    film, seconds = strip_or_none(answer["video"])
    spans = [(clock(span["start"], 1), clock(span["end"], 1), span["label"], span["score"])
             for span in answer["spans"]]
    return {"video": answer["video"], "spans": spans, "line": timeline(found_lanes(answer["spans"]), seconds, film)}
