"""Long and live video in overlapping windows: constant memory, one answer a window.

Frames are taken at the clip's own rate, resized and cropped as for any clip, and held in a ring of one window; a window
that starts where another ends gives what the offline sliding protocol gives on the same frames.
"""

import collections
import math

import numpy as np

from pipelines.sample.clips import stream
from pipelines.video.live import live_frames
from pipelines.video.opencv import add_text, resize_image
from pipelines.video.reading import probe
from pipelines.video.writer import write_video
from res3d.evaluation.adapt import without_xla
from res3d.evaluation.metrics import best
from res3d.evaluation.views import average_views
from res3d.workflows.loading import load_network


class Windows:
    """Cuts windows of `clip.frames` out of a stream of frames.

    Args:
        clip: `ClipSpec`.
        step: int. Frames of a clip from the start of one window to the start of the next.
    """

    def __init__(self, clip, step):
        if not step >= 1:
            raise ValueError(f"`--step` must be 1 or more. Received: {step}.")
        self.clip, self.step = clip, step
        self.ring = collections.deque(maxlen=clip.frames)
        self.taken = 0

    def add(self, seconds, frame):
        """Takes a frame of the clip's rate; (start, end, uint8 clip) when it completes a window, else None."""
        self.ring.append((seconds, frame))
        self.taken += 1
        past = self.taken - self.clip.frames
        return self._window() if past >= 0 and past % self.step == 0 else None

    def rest(self):
        """The last, incomplete window, filled up with its own frames from its start; None if nothing is left over."""
        full = self.taken - self.clip.frames
        if full >= 0 and full % self.step == 0:  # a window has just ended, and has all that is left in it
            return None
        started = (full // self.step + 1) * self.step if full >= 0 else 0
        left = self.taken - started
        if not 0 < left < self.clip.frames or left > len(self.ring):
            return None
        mine = list(self.ring)[-left:]
        self.ring.clear()
        self.ring.extend(mine[k % left] for k in range(self.clip.frames))
        return mine[0][0], mine[-1][0], self._window()[2]

    def _window(self):
        times, frames = zip(*self.ring)
        return times[0], times[-1], np.stack(frames)


def network_frames(source, clip):
    """Yields (seconds, source frame, uint8 frame as the network sees it, or None where the clip's rate passes it over).

    Args:
        source: path of a file, number of a camera, or address of a stream.
        clip: `ClipSpec`.
    """
    live = isinstance(source, int) or "://" in source
    takes = _live_takes(clip) if live else _file_takes(source, clip)
    next(takes)
    for seconds, frame in live_frames(source):
        take = takes.send(seconds)
        if take:
            small = to_network(frame, clip)
            for _ in range(take):
                yield seconds, frame, small
        else:
            yield seconds, frame, None


def to_network(frame, clip):
    """A source frame, uint8 RGB, resized and cropped at its centre as `clip` says."""
    cut = clip.cut(*frame.shape[:2])
    small = cut.cropped(frame if frame.shape[:2] == cut.size else resize_image(frame, cut.size))
    if clip.channels == 1:  # OpenCV's own weights, so that a file gives the same numbers as offline
        small = ((small.astype("int32") @ np.array([9798, 19235, 3735]) + 16384) >> 15).astype("uint8")[..., None]
    return small


def _file_takes(source, clip):
    """How often each frame of a file is taken, in their order: the frames that the offline protocol takes."""
    chosen = iter(stream(probe(source), clip)[::clip.stride])
    wanted = next(chosen, None)
    index = take = 0
    while True:
        yield take
        take = 0
        while wanted == index:  # a slow video gives a frame for several ticks
            take += 1
            wanted = next(chosen, None)
        index += 1


def _live_takes(clip):
    """The same for a live source: the first frame at or after each tick, or each `stride`-th frame without `fps`."""
    index, due, take = 0, 0.0, 0
    while True:
        seconds = yield take
        take = 0
        if clip.fps is None:
            take = int(index % clip.stride == 0)
        elif seconds >= due:
            take = 1
            period = clip.stride / clip.fps
            due = (math.floor(seconds / period) + 1) * period
        index += 1


def slide(network, clip, labels, source, *, step=None, top=5, multi_label=False):
    """Follows a video; yields (answer, frame) for every frame and for every answer.

    An answer is a dict: `start` and `end` in seconds, and `top` as `predict` gives it; None where no window ended. A
    frame is uint8 RGB as the source gives it; None for the window that the end of the video cut short.

    Args:
        network: model.
        clip: `ClipSpec`.
        labels: label names.
        source: path, camera number or stream address.
        step: int or None. Frames of a clip from window to window; None is half a clip.
        top: int. Classes to name.
        multi_label: bool.
    """
    windows = Windows(clip, max(clip.frames // 2, 1) if step is None else step)
    network = without_xla(network)

    def classify(window):
        start, end, pixels = window
        scores = average_views(np.asarray(network.predict_on_batch(pixels[None])), multi_label=multi_label)
        if not np.isfinite(scores).all():
            raise ValueError(f"A network to follow a video with must give numbers. Received: NaN or infinity at "
                             f"{start:.3f} s of '{source}'. Use one whose training did not diverge.")
        return {"start": round(start, 3), "end": round(end, 3), "top": best(scores, labels, top)}

    for seconds, frame, small in network_frames(source, clip):
        window = windows.add(seconds, small) if small is not None else None
        yield (classify(window) if window is not None else None), frame
    window = windows.rest()
    if window is not None:
        yield classify(window), None


def annotated(answer, frame):
    """`frame` with the classes of the latest window written on it."""
    frame = frame.copy()
    for row, item in enumerate(answer["top"] if answer is not None else ()):
        add_text(frame, f"{item['score']:.2f} {item['label']}", row)
    return frame


def follow(model, source, tell, *, labels=None, step=None, top=5, output=None, activation=None):
    """Tells the answers of windows over one long or live video as they come; returns how many there were.

    Args:
        model: work folder or `.keras` file.
        source: file, number of a camera, or address of a stream.
        tell: function of an answer as `slide` gives it.
        labels: file of label names, or None for the model's own.
        step: int or None. Frames from one window to the next; None is half a window.
        top: int. Classes of a window.
        output: video file in which each answer is drawn on the frames after it, or None.
        activation: what the model's numbers are, as of `load_network`.
    """
    source = int(source) if source.isdecimal() else source
    network, clip, names, multi_label = load_network(model, labels, activation)
    windows = 0

    def frames():
        nonlocal windows
        latest = None
        for answer, frame in slide(network, clip, names, source, step=step, top=top, multi_label=multi_label):
            if answer is not None:
                windows, latest = windows + 1, answer
                tell(answer)
            if frame is not None:
                yield annotated(latest, frame)

    if output is not None:
        live = isinstance(source, int) or "://" in source
        write_video(output, frames(), fps=25.0 if live else probe(source).fps)
    else:
        collections.deque(frames(), maxlen=0)
    return windows
