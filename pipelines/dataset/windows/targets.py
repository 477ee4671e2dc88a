"""What a network should say at each step of a window: arithmetic, NumPy alone.

Step k of a video covers [k, k + 1) / rate seconds from its first frame. A span is at the steps whose middle it covers,
or, shorter than that, at the one that its own middle lies in; an instant is at the step that covers it.
"""

import math

import numpy as np

NEAR = 1e-6  # of a step: times are written with digits


def steps_of(start, end, rate):
    """(first step, step after the last) of a span in seconds.

    >>> steps_of(0.3, 0.7, 10), steps_of(0.31, 0.33, 10), steps_of(0.4, 0.4, 10)
    ((3, 7), (3, 4), (4, 5))
    """
    if end > start:
        first, last = (math.ceil(seconds * rate - 0.5 - NEAR) for seconds in (start, end))
        if first < last:
            return first, last
    first = math.floor((start + end) / 2 * rate + NEAR)
    return first, first + 1


def step_targets(spans, ids, rate, start, steps, none_class=True, dilation=0):
    """Targets of the steps from `start` on: float32 (steps, classes).

    Args:
        spans: `Span`s of the video.
        ids: {label: position}.
        rate: float. Steps a second.
        start, steps: ints. The window.
        none_class: bool. Class 0 is of nothing, and each step has one class; of spans that share a step, the one that
            starts later has it. Else each label has a column of zeros and ones.
        dilation: int. Steps on each side of an instant that count as it, where nothing else is.
    """
    targets = np.zeros((steps, len(ids) + none_class), np.float32)
    places = [(span, *steps_of(span.start, span.end, rate)) for span in spans]
    wide = [(span, first - dilation, last + dilation) for span, first, last in places if dilation and span.is_instant]
    for span, first, last in wide + places:
        first, last = max(first - start, 0), min(last - start, steps)
        if first < last:
            if none_class:
                targets[first:last] = 0
            targets[first:last, ids[span.label] + none_class] = 1
    if none_class:
        targets[targets.sum(axis=1) == 0, 0] = 1
    return targets


def happens(targets, none_class=True):
    """Which steps have anything but nothing, bool (steps,)."""
    return targets[:, int(none_class):].max(axis=1) > 0
