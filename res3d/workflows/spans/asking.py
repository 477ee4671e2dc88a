"""When things happen in long videos, by a served model; nothing here waits for TensorFlow."""

from pipelines.annotations.writing import form_of
from pipelines.video.info import VideoError
from res3d.workflows.spans.answering import answer_each
from serving.client import ServerError


def ask_spans(client, videos, output=None):
    """As `predict_spans`, asking a `serving.client.Client`."""
    if output is not None:
        form_of(output)
    return answer_each(videos, client.find_spans, output, failures=(VideoError, ServerError),
                       said=lambda error: " ".join(str(error).split()))
