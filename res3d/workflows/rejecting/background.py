"""What a network of clips answers where nothing is to be found: videos of nothing, or the parts without a label."""

import os
from typing import NamedTuple

from pipelines.annotations.files import may_be_video
from pipelines.spans import read_spans
from pipelines.video.info import VideoError
from res3d.evaluation.rejection import count_alarms
from res3d.workflows.ask import find_videos
from res3d.workflows.sliding import slide


class Background(NamedTuple):
    """What a network says where nothing is to be found.

    Attributes:
        windows: [(video, label, score)] as `res3d.evaluation.rejection.count_alarms` takes them: the best label of each
            window; of several labels a video all of them, one label after another.
        seconds: {video: seconds that its windows cover}.
        skipped: [(video, reason)].
    """

    windows: list
    seconds: dict
    skipped: list

    @property
    def hours(self):
        """How long all of it is."""
        return sum(self.seconds.values()) / 3600

    def of(self, videos):
        """The part of it that is of some of the videos."""
        return Background([row for row in self.windows if row[0] in videos],
                          {video: seconds for video, seconds in self.seconds.items() if video in videos}, [])


def background_windows(network, clip, labels, data, multi_label=False):
    """The `Background` of a network.

    Args:
        network, clip, labels, multi_label: as of `res3d.workflows.sliding.slide`.
        data: a video or a folder of videos in which nothing is to be found; or labels of long videos, of which the
            windows count that no label touches.

    Raises:
        ValueError: if there is no such window.
    """
    windows, seconds, skipped = [], {}, []
    for video, taken in _videos(data).items():
        try:
            mine = list(_free(network, clip, labels, video, taken, multi_label))
        except VideoError as error:
            skipped.append((error.path, error.reason))
            continue
        if mine:
            windows += _series(video, [top for _, _, top in mine], multi_label)
            seconds[video] = covered([(start, end) for start, end, _ in mine])
    if not sum(seconds.values()):
        why = f": '{skipped[0][0]}': {skipped[0][1]}" if skipped else ""
        raise ValueError(f"Expected background: videos, or parts without a label that are longer than a clip. There is "
                         f"none in '{data}'{why}.")
    return Background(windows, seconds, skipped)


def _series(video, tops, multi_label):
    """Rows of `count_alarms` of the windows of a video: the best label of each, or those of each label in turn."""
    if not multi_label:
        return [(video, top[0]["label"], top[0]["score"]) for top in tops]
    scores = [{row["label"]: row["score"] for row in top} for top in tops]
    return [(video, label, row[label]) for label in scores[0] for row in scores]


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
        windows: (labels that were answered, start, end) of each, in the order of time.

    >>> answers_line([(["run"], 0.0, 30.0), (["run"], 15.0, 45.0), ([], 30.0, 60.0)])
    '1 answer in 1.0 minutes, 60.0 an hour: that many false alarms, if nothing was to be found'
    """
    seconds = covered([(start, end) for _, start, end in windows])
    every = sorted({label for labels, _, _ in windows for label in labels})
    answers = count_alarms([("", label, float(label in labels)) for label in every for labels, _, _ in windows], 0.5)
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


def _free(network, clip, labels, video, taken, multi_label):
    """(start, end, answers) of the windows of a video that nothing of `taken` touches."""
    most = len(labels) if multi_label else 1
    for answer, _ in slide(network, clip, labels, video, top=most, multi_label=multi_label):
        if answer is None:
            continue
        start, end = answer["start"], answer["end"]
        if not any(begin <= end and start <= until for begin, until in taken):
            yield start, end, answer["top"]
