"""Long videos with their spans, and how well a network finds them."""

import numpy as np
from absl import logging

from pipelines.dataset.windows.recorded import RecordedVideos
from pipelines.sample.streaming import taken_frames
from pipelines.video.info import VideoError
from res3d.evaluation.spans import alarms_per_hour, count_errors, span_map, spotting_map, threshold_for
from res3d.spans.decoding import decode
from res3d.workflows.spans.scoring import scores_in

TOLERANCES = (0.25, 0.5, 1.0, 2.0)  # seconds


def find_all(network, clip, spec, spans, steps=None):
    """(detections, seconds, skipped) of the videos of a `SpanSet`; those that do not decode are skipped, with why.

    `steps` is a `Steps` that gets the scores of each, or None.
    """
    frames = _frames_of(spans, clip)
    found, seconds, skipped = [], 0.0, []
    for video in spans.videos:
        try:
            scores = np.concatenate(list(scores_in(network, spec, frames(video))))
        except VideoError as error:
            logging.warning("skipped '%s': %s", error.path, error.reason)
            skipped.append((error.path, error.reason))
            continue
        found += decode(scores, spec, video)
        seconds += len(scores) / spec.rate
        if steps is not None:
            steps.add(video, scores)
    return found, seconds, skipped


def _frames_of(spans, clip):
    """A function of a video of a `SpanSet` that gives its frames as the network sees them."""
    if spans.records is None:
        return lambda video: taken_frames(video, clip)
    return RecordedVideos(spans.records, clip).network_frames


def mean_figures(found, truths, instants):
    """{"map", "map_at"...}: spans by overlap, instants by tolerance, and `map`, the mean over all labels of both."""
    lasting = [truth for truth in truths if truth.label not in instants]
    moments = [truth for truth in truths if truth.label in instants]
    figures, per_label = {}, {}
    if lasting:
        spans = span_map(found, lasting, "thumos14")
        figures["map_at"] = {f"{overlap:g}": value for overlap, value in spans["at"].items()}
        per_label |= spans["labels"]
    if moments:
        spots = spotting_map(found, moments, TOLERANCES)
        figures["map_within_seconds"] = {f"{seconds:g}": value for seconds, value in spots["at"].items()}
        per_label |= spots["labels"]
    return {"map": float(np.mean(list(per_label.values()))) if per_label else 0.0, **figures, "labels": per_label}


def figures_of(found, spans, spec, seconds, steps, own):
    """All figures of detections, ready for JSON; what counts as an alarm is what reaches the contract's threshold.

    `steps` is the `Steps` of the same videos; `own` says that the threshold was chosen on them, and so does
    `chosen_on_these`, with the names of those figures.
    """
    hours, truths = seconds / 3600, spans.spans
    return {**mean_figures(found, truths, spec.instants), "threshold": spec.threshold, "hours": hours,
            "spans": len(truths), "alarms_per_hour": alarms_per_hour(found, truths, hours, spec.threshold),
            "errors": count_errors(found, truths, spec.threshold), "steps": steps.figures(),
            "chosen_on_these": ["alarms_per_hour", "errors"] if own else []}


def chosen_threshold(found, spans, seconds, per_hour):
    """The least threshold that keeps to so many false alarms an hour, cut to 0..1."""
    return float(min(threshold_for(found, spans.spans, seconds / 3600, per_hour), 1.0))
