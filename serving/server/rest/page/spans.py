"""When things happen in a dropped video: the spans that `res3d predict` finds in it, their timeline and their files."""

import pathlib
import tempfile
import time

import numpy as np

from pipelines.annotations.writing import SUFFIXES, write_rows
from pipelines.sample.streaming import network_frames
from pipelines.video import opencv
from res3d.looks.pictures import film
from res3d.looks.timeline import STRIP_FRAMES, STRIP_HEIGHT, found_lanes, strip_moments, strip_size, timeline
from res3d.spans.contract import SpanSpec
from res3d.spans.decoding import reaching
from res3d.spans.span import as_dict
from res3d.spans.stepping import spans_in
from serving.errors import ServingError, invalid
from serving.models import inference
from serving.server.rest.page import videos


def answer(servable, content, video):
    """What the page shows of the spans in a video.

    Args:
        servable: the model version; it ships clip.json and spans.json.
        content: bytes. The video file.
        video: str. What the spans are said to be of.

    Returns:
        {"spans": [{"video", "start", "end", "label", "score"}] in the order of time, "seconds": of the video, "line":
        as of `res3d.looks.timeline.timeline`, "files": {suffix: text} as `res3d predict --output` writes them}.

    Raises:
        ServingError: for a model that names clips, bytes that are no video, or one that is too much for this page.
    """
    clip, spec = videos.clip_of(servable), _contract(servable)
    with videos.readable():
        info = videos.probe(content)
        clock, seconds = _Clock(), info.duration_seconds
        strip = _Strip(seconds)
        frames = _seen(network_frames(content, clip, info=info), strip, clock)
        found, _ = spans_in(frames, _asking(servable, clock), spec, video)
    rows = [as_dict(span) for span in reaching(found, spec)]
    return {"spans": rows, "seconds": seconds, "line": timeline(found_lanes(rows), seconds, strip.film()),
            "files": _files(rows)}


def _contract(servable):
    file = videos.shipped(servable, "spans.json")
    if file is None or not videos.finds_spans(servable) or not videos.clip_of(servable) or not videos.alias(servable):
        raise invalid(f"Model {servable.name} finds no spans that this page could show: it lacks the signature, "
                      "spans.json or clip.json. Export a run of res3d train --task=spans with res3d export.")
    return SpanSpec.load(file)


class _Clock:
    """The time that the frames and the network of one video may take together."""

    def __init__(self):
        self._most = 2 * videos.SECONDS
        self._end = time.monotonic() + self._most

    def left_ms(self):
        """Milliseconds that are left; raises ServingError where none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.over()
        return left * 1e3

    def over(self):
        return invalid(f"Spans of a video for this page must be found within {self._most:g} seconds, and this one "
                       "takes longer. Cut it shorter, or use res3d predict VIDEO --server=ADDRESS.")


class _Strip:
    """Frames evenly over the time of a video, kept as they come by."""

    def __init__(self, seconds):
        self._due, self._frames = list(strip_moments(seconds)), []

    def pass_by(self, seconds, frame):
        while self._due and seconds >= self._due[0]:
            self._frames.append(opencv.resize_image(frame, strip_size(*frame.shape[:2])))
            del self._due[0]

    def film(self):
        return film(np.stack(self._frames), STRIP_HEIGHT, STRIP_FRAMES) if self._frames else None


def _seen(frames, strip, clock):
    """Of `network_frames` those that the clip takes, while there is time."""
    for seconds, frame, small in frames:
        clock.left_ms()
        strip.pass_by(seconds, frame)
        if small is not None:
            yield small


def _asking(servable, clock):
    """Function of uint8 windows to logits, as `res3d.spans.stepping` asks for them."""
    alias = videos.alias(servable)

    def ask(windows):
        try:
            answer = inference.predict(servable, "", {alias: windows}, ["logits"], clock.left_ms())
        except ServingError as error:
            raise (clock.over() if error.code == "DEADLINE_EXCEEDED" else error) from None
        return np.asarray(answer["logits"], np.float32)

    return ask


def _files(rows):
    with tempfile.TemporaryDirectory(prefix="res3d-page-") as folder:
        found = {}
        for suffix in SUFFIXES:
            file = pathlib.Path(folder) / f"spans{suffix}"
            write_rows(rows, file)
            found[suffix] = file.read_bytes().decode("utf-8", "replace")
    return found
