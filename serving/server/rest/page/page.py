"""What the page of `res3d serve --page` shows: models and their figures, and what a dropped video is taken for.

Arrays and plain values only; the HTTP edge asks it and sends what it says.
"""

import base64
import math
import pathlib
import time

import numpy as np

from pipelines.sample.clips import centre_clip, stream, uniform_clips
from pipelines.video import opencv
from res3d.looks.rendering import style
from serving.errors import ServingError
from serving.models import inference
from serving.server.rest.page import spans, videos

TOP = 5
_GRID = 5  # patches along each side that are covered in turn to see which ones matter
_AT_ONCE = 5  # covered clips in one run
_MOST_LABELS = 1000
_MOST_WINDOWS, _MOST_HELD = 24, 64 << 20  # clips over a video, and bytes of all of them
HERE = pathlib.Path(__file__).parent


class Page:
    """Answers the page's questions.

    Args:
        store: models.ModelStore.
        metrics: metrics.Metrics.
    """

    def __init__(self, store, metrics):
        self._store, self._metrics = store, metrics

    def html(self):
        """The page itself: one file, no network."""
        text = (HERE / "page.html").read_text(encoding="utf-8")
        return text.replace("/* style */", style()).replace("/* spans */", (HERE / "spans.js").read_text("utf-8"))

    def state(self):
        """The models with their versions and labels, requests a second and median milliseconds, now and of a minute."""
        models = []
        for name in self._store.names():
            try:
                versions = [{"version": str(v), "state": state, "error": error.message if error else ""}
                            for v, state, error in self._store.status(name)]
            except ServingError:
                versions = []
            rate, milliseconds = self._metrics.recent(name)
            models.append({"name": name, "versions": versions, "version_labels": self._store.labels(name), "rate": rate,
                           "ms": milliseconds, "series": self._metrics.series(name), **self._about(name)})
        return {"models": models}

    def _about(self, name):
        try:
            with self._store.acquire(name) as servable:
                clip = videos.clip_of(servable)
                return {"labels": videos.labels_of(servable)[:_MOST_LABELS], "clip": clip.to_dict() if clip else None,
                        "spans": videos.finds_spans(servable)}
        except ServingError:
            return {"labels": [], "clip": None, "spans": False}

    def classify(self, name, content):
        """The best labels of a video, the frames that the network saw, and how long each step took.

        Args:
            name: str. The model.
            content: bytes. The video file.

        Raises:
            ServingError: for a model that takes no clips, or bytes that are no video.
        """
        with self._store.acquire(name) as servable:
            start = time.monotonic()
            frames, indices = _frames(servable, content)
            decoded = time.monotonic()
            answer = inference.predict(servable, "", {videos.alias(servable): frames[None]},
                                       timeout_ms=videos.SECONDS * 1e3)
            seconds = time.monotonic() - decoded
        # A page's request counts like any other.
        self._metrics.answered(name, "predict", "PAGE", "OK", time.monotonic() - start)
        labels = [value.decode("utf-8", "replace") for value in answer["top_classes"][0][:TOP]]
        scores = [float(score) for score in answer["top_scores"][0][:TOP]]
        return {
            "top": [{"label": label, "score": score} for label, score in zip(labels, scores)],
            "frames": [_picture(frame) for frame in frames], "indices": [int(index) for index in indices],
            "decode_ms": (decoded - start) * 1e3, "model_ms": seconds * 1e3, "version": str(servable.version)}

    def follow(self, name, content):
        """What the network answers over the time of a video: clips of it evenly apart, no more than lie side by side.

        Returns:
            {"seconds": [(start, end)] of each clip, "labels": those that are best of some clip or of their mean,
            "scores": a row a clip with the score of each}. A model that takes frames from all over a video has one
            clip.

        Raises:
            ServingError: as `classify`.
        """
        with self._store.acquire(name) as servable:
            clips, seconds = _windows(servable, content)
            alias = videos.alias(servable)
            runs = [inference.predict(servable, "", {alias: clips[i:i + _AT_ONCE]}, ["scores", "top_classes"],
                                      videos.SECONDS * 1e3) for i in range(0, len(clips), _AT_ONCE)]
        scores = np.concatenate([run["scores"] for run in runs])
        words = {int(row.argmax()): names[0].decode("utf-8", "replace") for row, names in zip(
            scores, np.concatenate([run["top_classes"] for run in runs]))}
        places = sorted(words, key=lambda place: -scores[:, place].mean())[:TOP]
        return {"seconds": seconds, "labels": [words[place] for place in places],
                "scores": scores[:, places].astype(float).round(4).tolist()}

    def spans(self, name, content, video=""):
        """When things happen in a long video: the spans of `res3d predict`, a timeline of them, and its files.

        Args:
            name, content: as of `classify`.
            video: str. The file's name, which the spans are said to be of.

        Returns:
            As `spans.answer`, and `milliseconds` and `version`.

        Raises:
            ServingError: for a model that names clips, bytes that are no video, or one that is too long.
        """
        with self._store.acquire(name) as servable:
            start = time.monotonic()
            answer = spans.answer(servable, content, video)
            seconds = time.monotonic() - start
        self._metrics.answered(name, "predict", "PAGE", "OK", seconds)
        return {**answer, "milliseconds": seconds * 1e3, "version": str(servable.version)}

    def look(self, name, content):
        """Where the network looked: how much of the best label's score goes when a patch is covered with grey.

        Returns:
            {"label": str, "heat": rows of numbers from 0 to 1}.

        Raises:
            ServingError: as `classify`.
        """
        with self._store.acquire(name) as servable:
            frames, _ = _frames(servable, content)
            alias = videos.alias(servable)
            whole = inference.predict(servable, "", {alias: frames[None]}, ["scores", "top_classes"],
                                      videos.SECONDS * 1e3)
            best = int(np.argmax(whole["scores"][0]))
            runs = (inference.predict(servable, "", {alias: covered}, ["scores"], videos.SECONDS * 1e3)
                    for covered in _covered(frames))
            kept = [float(scores[best]) for run in runs for scores in run["scores"]]
        lost = np.maximum(float(whole["scores"][0, best]) - np.reshape(kept, (_GRID, _GRID)), 0)
        heat = lost / lost.max() if lost.max() > 0 else lost
        return {"label": whole["top_classes"][0, 0].decode("utf-8", "replace"), "heat": heat.round(4).tolist()}


def _covered(frames):
    """The clip with one patch after another covered, a few clips at a time."""
    _, height, width, _ = frames.shape
    rows, columns = (np.linspace(0, size, _GRID + 1).round().astype(int) for size in (height, width))
    patches = [(slice(rows[i], rows[i + 1]), slice(columns[j], columns[j + 1]))
               for i in range(_GRID) for j in range(_GRID)]
    for start in range(0, len(patches), _AT_ONCE):
        some = patches[start:start + _AT_ONCE]
        clips = np.repeat(frames[None], len(some), axis=0)
        for clip, (row, column) in zip(clips, some):
            clip[:, row, column] = 127
        yield clips


def _frames(servable, content):
    """The middle clip of a video and the numbers of its frames."""
    clips, (indices,), _ = videos.read(servable, content, lambda info, clip: [centre_clip(info, clip)])
    return clips[0], indices


def _windows(servable, content):
    """(clips, [(start, end)] of each in seconds) over a video."""
    def chosen(info, clip):
        most = min(_MOST_WINDOWS, _MOST_HELD // math.prod(clip.shape))
        count = 1 if clip.in_segments else max(1, min(most, len(stream(info, clip)) // clip.span))
        return uniform_clips(info, clip, count) if count > 1 else [centre_clip(info, clip)]

    clips, chosen, info = videos.read(servable, content, chosen)
    times = info.times_seconds
    return clips, [[float(times[min(indices)]), float(times[max(indices)])] for indices in chosen]


def _picture(frame):
    return "data:image/jpeg;base64," + base64.b64encode(opencv.encode_image(frame, quality=85)).decode()
