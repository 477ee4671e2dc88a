"""A long video through a network here: its scores, its spans, and its spans as they open and close."""

import numpy as np

from pipelines.sample.streaming import taken_frames
from res3d.evaluation.adapt import without_xla
from res3d.spans.decoding import decode
from res3d.spans.live import events_of
from res3d.spans.stepping import WINDOWS_AT_ONCE, scores_of


def step_scores(network, clip, spec, source, at_once=WINDOWS_AT_ONCE):
    """Yields the scores (steps, classes) of a file, a camera or a stream, in the order of time."""
    return scores_of(taken_frames(source, clip), without_xla(network).predict_on_batch, spec, at_once)


def find_spans(network, clip, spec, source):
    """(`Span`s of a file by falling score, seconds that it lasts): its scores alone are kept, 8 bytes a class and
    step."""
    scores = np.concatenate(list(step_scores(network, clip, spec, source)))
    return decode(scores, spec, source), len(scores) / spec.rate


def follow_spans(network, clip, spec, source):
    """Yields `Event`s of a file, a camera or a stream as spans open and close."""
    return events_of(step_scores(network, clip, spec, source, at_once=1), spec)
