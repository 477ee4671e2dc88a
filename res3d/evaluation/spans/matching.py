"""Which prediction has found which truth, and what precision over recall comes of it."""

import collections

import numpy as np

from res3d.spans.span import checked_spans, temporal_iou

SLACK = 1e-6  # seconds: a tolerance of 0 is for times that are written with digits


def by_video(truths, label):
    """{video: (starts, ends)} of the truths of one label; one that is listed twice counts once."""
    found = collections.defaultdict(set)
    for truth in truths:
        if truth.label == label:
            found[truth.video].add((float(truth.start), float(truth.end)))
    return {video: tuple(np.array(sorted(spans)).T) for video, spans in found.items()}


def ranked(detections, label):
    """Detections of a label by falling score; equal ones in the order they came in."""
    return sorted((span for span in detections if span.label == label), key=lambda span: -span.score)


def by_overlap(threshold):
    """The rule of spans: a function (detection, starts, ends) -> the truths that it may take, best first."""
    def rule(span, starts, ends):
        overlap = temporal_iou(span.start, span.end, starts, ends)
        order = np.argsort(-overlap, kind="stable")
        return order[overlap[order] >= threshold]

    return rule


def by_distance(tolerance):
    """The rule of instants: as `by_overlap`, the nearest truths first, of those within `tolerance` seconds."""
    def rule(span, starts, ends):
        away = np.abs((span.start + span.end) / 2 - (starts + ends) / 2)
        order = np.argsort(away, kind="stable")
        return order[away[order] <= tolerance + SLACK]

    return rule


def by_either(overlap, tolerance):
    """The rule of each: instants by distance, what lasts by overlap."""
    spans, instants = by_overlap(overlap), by_distance(tolerance)

    def rule(span, starts, ends):
        return (instants if span.end == span.start else spans)(span, starts, ends)

    return rule


def matched(detections, truths, rule):
    """For each detection, in the order given, the place of the truth that it takes, or -1.

    Each takes the first that its rule names and nobody before has taken. Truths lie as `by_video` gives them.

    Args:
        detections: `Span`s of one label, by falling score.
        truths: {video: (starts, ends)}.
        rule: `by_overlap` or `by_distance` of something.
    """
    free = {video: np.ones(len(starts), bool) for video, (starts, ends) in truths.items()}
    places = []
    for span in detections:
        place = -1
        if span.video in truths:
            for candidate in rule(span, *truths[span.video]):
                if free[span.video][candidate]:
                    free[span.video][candidate], place = False, int(candidate)
                    break
        places.append(place)
    return np.array(places, int)


def interpolated_precision(hits, total):
    """Average precision of ranked detections, precision made non-increasing from the right.

    Args:
        hits: bools, one a detection, by falling score.
        total: int. Truths there are.

    >>> interpolated_precision(np.array([True, False, True]), 2)
    0.8333333333333333
    """
    hits = np.asarray(hits, bool)
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, hits.size + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(precision[hits].sum() / total)


def mean_precision(detections, truths, rule_of, limits, count_absent=False):
    """{"map", "at", "labels"} of average precision: the mean, {limit: mean over labels}, {label: mean over limits}.

    Labels that no truth has are left out, or count as 0 where `count_absent`.

    Args:
        detections, truths: as of `res3d.evaluation.spans.span_map`.
        rule_of: `by_overlap` or `by_distance`.
        limits: what `rule_of` takes, one after another.
    """
    detections, truths = checked_spans(detections, "detections"), checked_spans(truths, "truths")
    labels = {truth.label for truth in truths}
    absent = {span.label for span in detections} - labels if count_absent else set()
    rules, table = [rule_of(limit) for limit in limits], {}
    for label in sorted(labels | absent, key=str):
        mine, own = ranked(detections, label), by_video(truths, label)
        total = sum(len(starts) for starts, ends in own.values())
        table[label] = [interpolated_precision(matched(mine, own, rule) >= 0, total) if total else 0.0
                        for rule in rules]
    means = np.mean(list(table.values()), axis=0).tolist() if table else [0.0] * len(rules)
    return {"map": float(np.mean(means)), "at": dict(zip(limits, means)),
            "labels": {label: float(np.mean(values)) for label, values in table.items()}}
