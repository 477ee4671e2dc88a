"""When things happen in long videos, by a served model; nothing here waits for TensorFlow."""

from pipelines.video.info import VideoError
from res3d.workflows.spans.answering import answer_each
from res3d.workflows.spans.writing import check_output
from serving.client import ServerError


def ask_spans(client, videos, output=None, asked=""):
    """As `predict_spans`, asking a `serving.client.Client`; `asked` is what a page calls it."""
    if output is not None:
        check_output(output)
    return answer_each(videos, client.find_spans, output, asked=asked, failures=(VideoError, ServerError),
                       said=lambda error: " ".join(str(error).split()))
