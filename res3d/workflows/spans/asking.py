"""When things happen in long videos, by a served model; nothing here waits for TensorFlow."""

from pipelines.annotations.writing import form_of
from pipelines.video.info import VideoError
from res3d.workflows.ask import connected
from res3d.workflows.spans.writing import answer_of, event_of, write_found
from serving.client import ServerError


def ask_spans(address, videos, output=None, **access):
    """As `predict_spans`, asking a running server; `access` is that of `connected`."""
    if output is not None:
        form_of(output)
    answers, found = [], []
    with connected(address, **access) as client:
        for video in videos:
            try:
                spans = client.find_spans(video)
            except (VideoError, ServerError) as error:
                answers.append({"video": video, "error": " ".join(str(error).split())})
                continue
            found += spans
            answers.append(answer_of(video, spans))
    if output is not None and any("spans" in answer for answer in answers):
        write_found(found, output)
    return answers


def follow_served(address, videos, **access):
    """As `follow` of `res3d.workflows.spans.predict`, asking a running server."""
    if len(videos) != 1:
        raise ValueError(f"`--sliding` takes one video. Received {len(videos)}.")
    with connected(address, **access) as client:
        for event in client.follow_spans(int(videos[0]) if videos[0].isdecimal() else videos[0]):
            yield event_of(event, videos[0])
