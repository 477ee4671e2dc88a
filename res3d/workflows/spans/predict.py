"""When things happen in long videos, by a network that a run has left."""

from res3d.spans.decoding import reaching
from res3d.workflows.spans.answering import answer_each, tell_events
from res3d.workflows.spans.evaluate import load_spans_run
from res3d.workflows.spans.scoring import find_spans, follow_spans
from res3d.workflows.spans.writing import check_output


def predict_spans(workdir, videos, output=None):
    """Finds spans in files, those that reach the contract's threshold.

    Args:
        workdir: work folder of task "spans".
        videos: paths.
        output: a page (.html), .csv or .json of all, or .vtt of one; None writes nothing.

    Returns:
        list, one a file and in their order: {"video", "spans": [...], "lines"} in the order of time, or {"video",
        "error"}.

    Raises:
        ValueError: for an `output` of another ending, before any video is read.
    """
    if output is not None:
        check_output(output)
    model, clip, spec = load_spans_run(workdir)
    return answer_each(videos, lambda video: reaching(find_spans(model, clip, spec, video)[0], spec), output,
                       asked=str(workdir), said=lambda error: error.reason)


def follow(workdir, videos):
    """Yields, as a file, a camera or a stream goes on, {"event": "open", "close" or "instant", and a span's fields}.

    Raises:
        ValueError: for more than one video.
    """
    def events(source):
        model, clip, spec = load_spans_run(workdir)
        return follow_spans(model, clip, spec, source)

    return tell_events(videos, events)
