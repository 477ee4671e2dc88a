"""A network over videos as a protocol says: every video decoded once, its views classified together."""

import copy
import dataclasses
import time

import numpy as np
from absl import logging

from pipelines.annotations.entries import Manifest
from pipelines.dataset.evaluation import evaluation_views
from pipelines.grouping.note import video_name
from pipelines.sample.protocols import protocol as find_protocol
from res3d.evaluation.metrics import sigmoid, softmax
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.views import average_views
from res3d.terminal.progress import bar
from res3d.workflows.loading import VIEWS_AT_ONCE, ScoringNetwork, check_labels


@dataclasses.dataclass
class Scored:
    """What a pass over videos gave.

    Attributes:
        predictions: `Predictions`, one row a video.
        positions: per row, the video's place in `manifest`.
        clip_scores: per row, (views, classes) probabilities of each view.
        manifest: `Manifest`.
        quarantine: list of (path, reason) that could not be read, or are too short for the protocol.
        padded: list of positions of videos so short that the protocol repeats some of their frames.
        network_seconds: float. Time in the network alone.
        seconds: float. All of it.
        lengths: per row, (seconds, frames a second) of what was seen of the video.
        changed: {name: (videos, classes)} probabilities of each change that was asked for, rows as in `predictions`.
    """

    predictions: object
    positions: list
    clip_scores: list
    manifest: object
    quarantine: list
    padded: list
    network_seconds: float
    seconds: float
    lengths: list
    changed: dict = dataclasses.field(default_factory=dict)


def score(model, clip, data, protocol, labels, split=None, workers=None, multi_label=False, views_at_once=VIEWS_AT_ONCE,
          progress=True, long_enough=False, changes=None):
    """Classifies every video of `data`.

    Args:
        model: a network of the family.
        clip: `ClipSpec`.
        data: folder, manifest file, annotation file, prepared folder or `Manifest`.
        protocol: name of a protocol.
        labels: the label names of the network, in the order of its logits.
        split: str or None.
        workers: int or None. Videos decoded at once.
        multi_label: bool. Sigmoids in the place of the softmax.
        views_at_once: int. Clips in one batch.
        progress: bool. A bar on a terminal.
        long_enough: bool. Refuse data in which no video is as long as the protocol wants.
        changes: {name: function of (views, position)} or None. Other clips (views, frames, height, width, channels)
            out of those of a video, which are classified as well.

    Returns:
        `Scored`.

    Raises:
        ValueError: if the labels do not fit the network, the clip does not fit the protocol, or all videos are shorter
            than the protocol wants and `long_enough` is True.
    """
    protocol = find_protocol(protocol)
    check_labels(model, labels)
    network = ScoringNetwork(model, clip, protocol, views_at_once)
    others = copy.copy(network)  # of the same model, with a clock of its own
    started = time.monotonic()
    views = evaluation_views(data, clip, protocol.name, split=split, labels=labels, workers=workers)
    rows, positions, clip_scores, truth = [], [], [], []
    changed = {name: [] for name in changes or {}}
    entries, source = views.manifest.entries, views.source
    if long_enough:
        found = (source.fallback.try_read(source.extent, index) for index in range(len(entries)))
        protocol.check_longest(clip, (extent for extent in found if extent is not None))
    with bar(len(entries), "classifying", "video", progress) as counted:
        for batch, _, position in views.prefetch(1):
            batch, position = np.asarray(batch), int(position)
            logits = network(batch)
            rows.append(average_views(logits, protocol.average, multi_label))
            clip_scores.append((sigmoid if multi_label else softmax)(logits).astype("float32"))
            positions.append(position)
            truth.append(tuple(entries[position].labels))
            for name, found in changed.items():
                found.append(average_views(others(changes[name](batch, position)), protocol.average, multi_label))
            counted.update()
    scores = np.stack(rows) if rows else np.empty((0, len(labels)))
    names = [video_name(entries[position]) for position in positions]
    predictions = Predictions(names, list(labels), truth, scores)
    lengths = [_length(source.extent(position)) for position in positions]
    padded = [position for position in positions if not _fits(protocol, clip, source.extent(position))]
    if padded:
        logging.warning("%d of %d videos have fewer than the %d frames that protocol %s takes, such as '%s': it "
                        "repeats theirs", len(padded), len(positions), protocol.span(clip), protocol.name,
                        entries[padded[0]].path)
    return Scored(predictions, positions, clip_scores, views.manifest, list(views.quarantine), padded, network.seconds,
                  time.monotonic() - started, lengths,
                  {name: np.stack(found) for name, found in changed.items() if found})


def _fits(protocol, clip, extent):
    info, first, last = extent
    return protocol.fits(info, clip, first, last)


def _length(extent):
    info, first, last = extent
    return (last - first) / info.fps, info.fps


def middle_clip(entry, spec):
    """(clip, frames a second) of the middle of a video or record: uint8 (frames, height, width, channels), and float.

    Raises:
        ValueError: if it cannot be read.
    """
    views = evaluation_views(Manifest([dataclasses.replace(entry, labels=())], []), spec, "centre", workers=1)
    for pixels, *_ in views:
        info, first, last = views.source.extent(0)
        if spec.in_segments:  # the video in so few pictures, at its own pace
            return pixels.numpy()[0], max(info.fps * spec.frames / (last - first), 1.0)
        rate = spec.fps if spec.fps is not None else info.fps
        return pixels.numpy()[0], max(rate / spec.stride, 1.0)
    raise ValueError(f"Expected a video that can be read. '{video_name(entry)}' cannot: "
                     f"{', '.join(reason for _, reason in views.quarantine)}.")
