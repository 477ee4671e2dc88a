"""Spans in a long video by asking for the scores of its windows, a few at a time."""

import numpy as np

from pipelines.sample.streaming import taken_frames
from res3d.spans.decoding import reaching
from res3d.spans.live import events_of
from res3d.spans.stepping import scores_of, spans_in


def logits_of(client):
    """Function of windows, uint8 `(n, *clip.shape)`, to the logits that the model of a `Client` gives, as it sends."""
    def ask(windows):
        return np.asarray(client.predict(*client.lossless(windows))["logits"], np.float32)

    return ask


def find(client, spec, source, video):
    """`Span`s of a file, said to be of `video`, that reach the contract's threshold, in the order of time."""
    return reaching(spans_in(taken_frames(source, client.clip), logits_of(client), spec, video)[0], spec)


def follow(client, spec, source):
    """Yields `Event`s of a file, a camera or a stream as spans open and close."""
    return events_of(scores_of(taken_frames(source, client.clip), logits_of(client), spec, at_once=1), spec)
