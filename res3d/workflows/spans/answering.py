"""What `res3d predict` says of long videos, whoever finds the spans: a network here, or a served one."""

from pipelines.video.info import VideoError
from res3d.spans.span import as_dict
from res3d.workflows.showing.spans import show_spans
from res3d.workflows.spans.writing import is_page, write_found


def answer_each(videos, find, output=None, *, asked="", failures=(VideoError,), said=str):
    """A list, one a video and in their order: {"video", "spans": [...], "lines"} or {"video", "error"}.

    Args:
        videos: paths.
        find: function of one that gives its `Span`s in the order of time.
        output: file that all spans are written to, if there is a video that could be read; a page shows the others'
            errors as well. None writes nothing.
        asked: str. The network or the server, for a page.
        failures: exceptions of `find` that are the answer to that video.
        said: function of such an exception that gives the text.
    """
    answers, found = [], []
    for video in videos:
        try:
            spans = find(video)
        except failures as error:
            answers.append({"video": video, "error": said(error)})
            continue
        found += spans
        answers.append(_answer(video, spans))
    if output is not None and any("spans" in answer for answer in answers):
        if is_page(output):
            show_spans(output, answers, asked)
        else:
            write_found(found, output)
    return answers


def tell_events(videos, follow):
    """Yields, as the one of `videos` goes on, {"event": "open", "close" or "instant", and a span's fields}.

    Args:
        videos: one path, number of a camera or address of a stream.
        follow: function of it, the number being an int, that yields `Event`s.

    Raises:
        ValueError: for more than one video.
    """
    if len(videos) != 1:
        raise ValueError(f"`--sliding` takes one video. Received {len(videos)}.")
    video, = videos
    for event in follow(int(video) if video.isdecimal() else video):
        yield {"event": event.kind, **as_dict(event.span._replace(video=video))}


def _answer(video, spans):
    rows = [f"  {span.start:9.2f} {span.end:9.2f}  {span.score:.2f}  {span.label}" for span in spans]
    return {"video": video, "spans": [as_dict(span) for span in spans],
            "lines": [f"{video}: {len(spans)} spans", *rows]}
