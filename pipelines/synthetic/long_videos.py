"""Generated long videos: a disc that never rests, and now and then does what is looked for.

The disc is that of `pipelines.synthetic.write`, a point on a torus that any motion leaves uniform, so that no frame
says whether something happens in it, nor what. Between events it drifts across the picture, which is no event; in an
event it grows, shrinks or turns.
"""

import os

import numpy as np

from pipelines.annotations.spans import Span, Spans
from pipelines.arguments import check_whole_number
from pipelines.synthetic.motions import LOOKS, draw_scene, render
from pipelines.synthetic.written import write_once
from pipelines.video import writer

EVENTS = ("anticlockwise", "clockwise", "grow", "shrink")
DRIFTS = ("left", "right", "up", "down")
SPANS_FILE = "spans.csv"
EVENT_SECONDS, PAUSE_SECONDS = (0.8, 2.4), (0.8, 3.2)


def write_long(folder: str | os.PathLike, videos: int = 4, seconds: float = 60.0, split: str = "train",
               seed: int = 0) -> str:
    """Writes long videos `0000.avi` ... and `spans.csv`, which `pipelines.read_spans` reads; returns the path of that.

    A folder that already holds the same is left as it is. All is written aside first and renamed at the end.

    Args:
        folder: where to; must not hold anything else.
        videos: int.
        seconds: float. Length of each.
        split: "train" or "val", which differ in texture, sizes, speeds, backgrounds and rates.
        seed: int. The same seed gives the same videos.

    Raises:
        ValueError: for another split, or if `folder` holds something else.

    >>> from pipelines.spans import read_spans
    >>> spans = read_spans(write_long("long", videos=1, seconds=12))
    >>> set(spans.labels) <= set(EVENTS), all(0 < span.start < span.end for span in spans)
    (True, True)
    """
    check_whole_number("videos", videos)
    if split not in LOOKS or not seconds >= 5:
        raise ValueError(f"Long videos are of a split {', '.join(LOOKS)} and last 5 s or more. Received: {split!r}, "
                         f"{seconds!r} s.")
    folder = os.path.abspath(folder)
    record = {"videos": videos, "seconds": float(seconds), "split": split, "seed": seed, "form": 1}

    def fill(aside):
        spans = []
        for number in range(videos):
            rng = np.random.default_rng([seed, list(LOOKS).index(split), number, 0x10C])
            path = os.path.join(aside, f"{number:04d}.avi")
            fps = float(rng.choice(LOOKS[split].rates))
            parts = script(rng, seconds, number)
            writer.write_video(path, frames(rng, LOOKS[split], parts, fps), fps=fps, codec="MJPG")
            spans += [Span(path, round(start * fps) / fps, round(end * fps) / fps, label)
                      for start, end, label in parts if label in EVENTS]
        Spans(spans).save(os.path.join(aside, SPANS_FILE))

    write_once(folder, record, fill)
    return os.path.join(folder, SPANS_FILE)


def script(rng, seconds, first=0):
    """(start, end, what the disc does) one after the other; classes take turns, so that each comes as often."""
    parts, time, turn = [], 0.0, list(rng.permutation(EVENTS))
    while time < seconds:
        event = len(parts) % 2
        low, high = EVENT_SECONDS if event else PAUSE_SECONDS
        end = min(time + rng.uniform(low, high), seconds)
        if seconds - end < EVENT_SECONDS[0]:  # no scrap of an event at the end
            end = seconds
        label = str(turn[(len(parts) // 2 + first) % len(turn)]) if event else str(rng.choice(DRIFTS))
        parts.append((time, end, label))
        time = end
    return parts


def frames(rng, look, parts, fps):
    """Yields the frames, uint8 (height, width, 3): the state moves on with what is being done."""
    scene = draw_scene(rng, look)
    state, number = scene.start.copy(), 0
    reference = 20.0  # frames a second at which the speeds of `Look` are meant; a video of another rate is as fast
    for start, end, label in parts:
        first, last = round(start * fps), round(end * fps)
        number = max(number, first)
        while number < last:
            yield render(scene, state)
            state, number = state + scene.velocity(label) * (reference / fps), number + 1
