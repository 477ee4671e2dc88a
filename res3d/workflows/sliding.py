"""Long and live video in overlapping windows: constant memory, one answer a window.

Frames are taken at the clip's own rate, resized and cropped as for any clip, and held in a ring of one window; a window
that starts where another ends gives what the offline sliding protocol gives on the same frames. For a network of
segments a window stands for a video: so many frames, of which one of each part is taken, or all of a file.
"""

import collections

import numpy as np

from pipelines.sample.clips import segment_indices
from pipelines.sample.streaming import is_live, network_frames
from pipelines.video.opencv import add_text
from pipelines.video.reading import probe
from pipelines.video.writer import write_video
from res3d.evaluation.adapt import without_xla
from res3d.evaluation.metrics import best
from res3d.evaluation.views import average_views
from res3d.workflows.loading import load_network, load_rejection


class Windows:
    """Cuts clips of `clip.frames` out of a stream of frames, one of each window.

    Args:
        clip: `ClipSpec`.
        step: int. Frames from the start of one window to the start of the next.
        length: int or None. Frames of a window, of which the clip has the middle one of each part; None is the clip's.
    """

    def __init__(self, clip, step, length=None):
        if not step >= 1:
            raise ValueError(f"`--step` must be 1 or more. Received: {step}.")
        self.clip, self.step, self.length = clip, step, clip.frames if length is None else length
        self.ring = collections.deque(maxlen=self.length)
        self.taken = 0

    def add(self, seconds, frame):
        """Takes a frame of the clip's rate; (start, end, uint8 clip) when it completes a window, else None."""
        self.ring.append((seconds, frame))
        self.taken += 1
        past = self.taken - self.length
        return self._window() if past >= 0 and past % self.step == 0 else None

    def rest(self):
        """The last, incomplete window, filled up with its own frames from its start, or cut into shorter parts; None if
        nothing is left over."""
        full = self.taken - self.length
        if full >= 0 and full % self.step == 0:  # a window has just ended, and has all that is left in it
            return None
        started = (full // self.step + 1) * self.step if full >= 0 else 0
        left = self.taken - started
        if not 0 < left < self.length or left > len(self.ring):
            return None
        mine = list(self.ring)[-left:]
        if self.clip.in_segments:
            return self._window(mine)
        filled = self._window([mine[k % left] for k in range(self.clip.frames)])
        return mine[0][0], mine[-1][0], filled[2]

    def _window(self, ring=None):
        times, frames = zip(*(self.ring if ring is None else ring))
        if self.clip.in_segments:
            frames = [frames[place] for place in segment_indices(len(frames), self.clip.frames)]
        return times[0], times[-1], np.stack(frames)


def slide(network, clip, labels, source, *, step=None, window=None, top=5, multi_label=False):
    """Follows a video; yields (answer, frame) for every frame and for every answer.

    An answer is a dict: `start` and `end` in seconds, and `top` as `predict` gives it; None where no window ended. A
    frame is uint8 RGB as the source gives it; None for the window that the end of the video cut short.

    Args:
        network: model.
        clip: `ClipSpec`.
        labels: label names.
        source: path, camera number or stream address.
        step: int or None. Frames, at the clip's rate and stride, from window to window; None is half a window.
        window: int or None. Frames that a clip of segments is taken of; None is the whole of a file.
        top: int. Classes to name.
        multi_label: bool.

    Raises:
        ValueError: for a `step` or `window` that does not go with the clip, or the source.
    """
    _check_window(clip, source, step, window)
    length = clip.frames if window is None else window
    whole = clip.in_segments and window is None
    windows = Windows(clip, (length if whole else max(length // 2, 1)) if step is None else step, length)
    network = without_xla(network)

    def classify(found):
        start, end, pixels = found
        scores = average_views(np.asarray(network.predict_on_batch(pixels[None])), multi_label=multi_label)
        if not np.isfinite(scores).all():
            raise ValueError(f"A network to follow a video with must give numbers. Received: NaN or infinity at "
                             f"{start:.3f} s of '{source}'. Use one whose training did not diverge.")
        return {"start": round(start, 3), "end": round(end, 3), "top": best(scores, labels, top)}

    for seconds, frame, small in network_frames(source, clip, whole):
        found = windows.add(seconds, small) if small is not None else None
        yield (classify(found) if found is not None else None), frame
    found = windows.rest()
    if found is not None:
        yield classify(found), None


def _check_window(clip, source, step, window):
    if not clip.in_segments:
        if window is not None:
            raise ValueError("`--window` is for networks that take one frame of each of several parts of a video. "
                             f"Received: --window={window} and one that takes {clip.timing}, which is its window. "
                             "Leave --window out.")
        return
    if window is None and is_live(source):
        raise ValueError(f"`--window` must say how many frames of a live source are taken for a video: this network "
                         f"takes {clip.timing}. Received none.")
    if window is None and step is not None:
        raise ValueError("`--step` needs --window, from one of which to the next it leads, for a network that takes "
                         f"{clip.timing}. Received: --step={step}. Without --window all of the file is one.")
    if window is not None and window < clip.frames:
        raise ValueError(f"`--window` must be {clip.frames} or more, as the network takes {clip.timing}. "
                         f"Received: {window}.")


def annotated(answer, frame):
    """`frame` with the classes of the latest window written on it."""
    frame = frame.copy()
    lines = [] if answer is None else [f"{item['score']:.2f} {item['label']}" for item in answer["top"]]
    for row, line in enumerate(["none of these", *lines] if answer is not None and answer.get("none") else lines):
        add_text(frame, line, row)
    return frame


def follow(model, source, tell, *, labels=None, step=None, window=None, top=5, output=None, activation=None):
    """Tells the answers of windows over one long or live video as they come; returns how many there were.

    Args:
        model: work folder or `.keras` file.
        source: file, number of a camera, or address of a stream.
        tell: function of an answer as `slide` gives it; of a network with a rejection it also has what `predict` says.
        labels: file of label names, or None for the model's own.
        step, window: as of `slide`.
        top: int. Classes of a window.
        output: video file in which each answer is drawn on the frames after it, or None.
        activation: what the model's numbers are, as of `load_network`.
    """
    source = int(source) if source.isdecimal() else source
    network, clip, names, multi_label = load_network(model, labels, activation)
    windows, rejection = 0, load_rejection(model, network)

    def frames():
        nonlocal windows
        latest = None
        most = max(top, len(names)) if rejection is not None and multi_label else top
        for answer, frame in slide(network, clip, names, source, step=step, window=window, top=most,
                                   multi_label=multi_label):
            if answer is not None:
                answer |= {} if rejection is None else rejection.judge(answer["top"], top, multi_label)
                windows, latest = windows + 1, answer
                tell(answer)
            if frame is not None:
                yield annotated(latest, frame)

    if output is not None:
        write_video(output, frames(), fps=25.0 if is_live(source) else probe(source).fps)
    else:
        collections.deque(frames(), maxlen=0)
    return windows
