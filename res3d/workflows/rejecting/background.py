"""What a network of clips answers where nothing is to be found: videos of nothing, or the parts without a label."""

import os

from pipelines.annotations.files import may_be_video
from pipelines.spans import read_spans
from pipelines.video.info import VideoError
from res3d.evaluation.rejection import count_alarms
from res3d.workflows.ask import find_videos
from res3d.workflows.sliding import slide


def background_windows(network, clip, labels, data):
    """([(video, label, score)] of the windows in which nothing is to be found, seconds that they cover, skipped).

    Args:
        network, clip, labels: as of `res3d.workflows.sliding.slide`.
        data: a video or a folder of videos in which nothing is to be found; or labels of long videos, of which the
            windows count that no label touches.

    Raises:
        ValueError: if there is no such window.
    """
    windows, seconds, skipped = [], 0.0, []
    for video, taken in _videos(data).items():
        try:
            mine = list(_free(network, clip, labels, video, taken))
        except VideoError as error:
            skipped.append((error.path, error.reason))
            continue
        windows += [(video, label, score) for _, _, label, score in mine]
        seconds += covered([(start, end) for start, end, _, _ in mine])
    if not windows or not seconds:
        why = f": '{skipped[0][0]}': {skipped[0][1]}" if skipped else ""
        raise ValueError(f"Expected background: videos, or parts without a label that are longer than a clip. There is "
                         f"none in '{data}'{why}.")
    return windows, seconds, skipped


def covered(times):
    """Seconds that (start, end) cover, which come in the order of their starts.

    >>> covered([(0, 2), (1, 3), (5, 6)])
    4.0
    """
    total, reached = 0.0, float("-inf")
    for start, end in times:
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


def answers_line(windows):
    """What is said at the end of a video that was followed: how often something was answered.

    Args:
        windows: (label, start, end, whether it is none of these) of each, in the order of time.

    >>> answers_line([("run", 0.0, 30.0, False), ("run", 30.0, 60.0, True)])
    '1 answer in 1.0 minutes, 60.0 an hour: that many false alarms, if nothing was to be found'
    """
    seconds = covered([(start, end) for _, start, end, _ in windows])
    answers = count_alarms([("", label, 0.0 if none else 1.0) for label, _, _, none in windows], 0.5)
    return (f"{answers} answer{'s' * (answers != 1)} in {seconds / 60:.1f} minutes, "
            f"{answers * 3600 / max(seconds, 1e-9):.1f} an hour: that many false alarms, if nothing was to be found")


def _videos(data):
    """{video: [(start, end)] of what is labelled in it}."""
    if os.path.isdir(data) or may_be_video(data):
        return {entry.path: [] for entry in find_videos([data])}
    spans = read_spans(data)
    found = {video: [] for video in [*spans.videos, *spans.empty]}
    for span in spans:
        whole = span.start is None or span.end is None
        found[span.video].append((0.0, float("inf")) if whole else (span.start, span.end))
    return found


def _free(network, clip, labels, video, taken):
    """(start, end, label, score) of the windows of a video that nothing of `taken` touches."""
    for answer, _ in slide(network, clip, labels, video, top=1):
        if answer is None:
            continue
        start, end = answer["start"], answer["end"]
        if not any(begin <= end and start <= until for begin, until in taken):
            yield start, end, answer["top"][0]["label"], answer["top"][0]["score"]
