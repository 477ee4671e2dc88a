"""When things happen in long videos, by a network that a run has left."""

from pipelines.annotations.writing import form_of
from pipelines.video.info import VideoError
from res3d.workflows.spans.evaluate import load_spans_run
from res3d.workflows.spans.scoring import find_spans, follow_spans
from res3d.workflows.spans.writing import answer_of, event_of, write_found


def predict_spans(workdir, videos, output=None):
    """Finds spans in files, those that reach the contract's threshold.

    Args:
        workdir: work folder of task "spans".
        videos: paths.
        output: .csv or .json of all, or .vtt of one; None writes nothing.

    Returns:
        list, one a file and in their order: {"video", "spans": [...], "lines"} in the order of time, or {"video",
        "error"}.

    Raises:
        ValueError: for an `output` of another ending, before any video is read.
    """
    if output is not None:
        form_of(output)
    model, clip, spec = load_spans_run(workdir)
    answers, found = [], []
    for video in videos:
        try:
            spans, _ = find_spans(model, clip, spec, video)
        except VideoError as error:
            answers.append({"video": video, "error": error.reason})
            continue
        spans = sorted((span for span in spans if span.score >= spec.threshold), key=lambda span: span.start)
        found += spans
        answers.append(answer_of(video, spans))
    if output is not None and any("spans" in answer for answer in answers):
        write_found(found, output)
    return answers


def follow(workdir, videos):
    """Yields, as a file, a camera or a stream goes on, {"event": "open", "close" or "instant", and a span's fields}.

    Raises:
        ValueError: for more than one video.
    """
    if len(videos) != 1:
        raise ValueError(f"`--sliding` takes one video. Received {len(videos)}.")
    model, clip, spec = load_spans_run(workdir)
    source = int(videos[0]) if videos[0].isdecimal() else videos[0]
    for event in follow_spans(model, clip, spec, source):
        yield event_of(event, videos[0])
