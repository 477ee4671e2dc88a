"""A long video through a network here: its scores, its spans, and its spans as they open and close."""

from pipelines.sample.streaming import taken_frames
from res3d.evaluation.adapt import without_xla
from res3d.spans.live import events_of
from res3d.spans.stepping import WINDOWS_AT_ONCE, scores_of, spans_in


def step_scores(network, clip, spec, source, at_once=WINDOWS_AT_ONCE):
    """Yields the scores (steps, classes) of a file, a camera or a stream, in the order of time."""
    return scores_in(network, spec, taken_frames(source, clip), at_once)


def scores_in(network, spec, frames, at_once=WINDOWS_AT_ONCE):
    """The same of frames as the network sees them, wherever they are from."""
    return scores_of(frames, _answer(network), spec, at_once)


def find_spans(network, clip, spec, source):
    """(`Span`s of a file by falling score, seconds that it lasts)."""
    return spans_in(taken_frames(source, clip), _answer(network), spec, source)


def follow_spans(network, clip, spec, source):
    """Yields `Event`s of a file, a camera or a stream as spans open and close."""
    return events_of(step_scores(network, clip, spec, source, at_once=1), spec)


def _answer(network):
    return without_xla(network).predict_on_batch
