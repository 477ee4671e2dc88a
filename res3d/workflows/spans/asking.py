"""When things happen in long videos, by a served model; nothing here waits for TensorFlow."""

from pipelines.annotations.writing import form_of
from pipelines.video.info import VideoError
from res3d.workflows.ask import connected
from res3d.workflows.spans.answering import answer_each, tell_events
from serving.client import ServerError


def ask_spans(address, videos, output=None, **access):
    """As `predict_spans`, asking a running server; `access` is that of `connected`."""
    if output is not None:
        form_of(output)
    with connected(address, **access) as client:
        return answer_each(videos, client.find_spans, output, failures=(VideoError, ServerError),
                           said=lambda error: " ".join(str(error).split()))


def follow_served(address, videos, **access):
    """As `follow` of `res3d.workflows.spans.predict`, asking a running server."""
    def events(source):
        with connected(address, **access) as client:
            yield from client.follow_spans(source)

    return tell_events(videos, events)
