"""A video file in, its best labels out, by asking a server: TensorFlow Serving, or the embedded one.

    with Client("grpc://localhost:8500/actions") as client:         # or http://localhost:8501/actions
        client.classify("jump.mp4")                                 # [{"label": "jump", "score": 0.93}, ...]
        for video, answer in client.classify_many(videos): ...

Frames are chosen, resized and cropped here exactly as the served model's clip says, which the model itself tells.
Neither TensorFlow nor Keras is imported.
"""

import collections
import concurrent.futures
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from pipelines.sample.clips import centre_clip, uniform_clips
from pipelines.video import opencv, reading, sources
from res3d.geometry import ClipSpec
from res3d.spans.contract import SpanSpec
from res3d.spans.live import Event
from res3d.spans.span import Span
from serving.client import windows
from serving.client.connecting import connect
from serving.client.retry import RETRIES, ServerError, with_retries
from serving.tensors import ranking

ENCODINGS = ("jpeg", "raw")


class Client:
    """Asks one model of one server.

    Args:
        address: str. `grpc://HOST:PORT/MODEL`, `http://HOST:PORT/MODEL`, `grpcs://` and `https://` for TLS; without a
            scheme it is gRPC. TensorFlow Serving's own path `/v1/models/MODEL[/versions/N | /labels/L]` is understood,
            and with REST a prefix before it, or before MODEL.
        model: str or None. The model's name, where the address has none.
        version: int or None.
        label: str or None. A version label.
        clip: ClipSpec, or None to ask the model.
        labels: strings, or None to ask the model.
        encoding: "jpeg", a tenth of the bytes, or "raw", lossless.
        quality: int. JPEG quality from 1 to 100.
        timeout: float. Seconds for one answer, with every retry.
        retries: int. Tries after the first while the server is unavailable, as while it loads a model; the pauses
            before 8 tries are 8 to 16 seconds in all.
        ca: file of certificates to trust with TLS, or None for the system's.
        cert: file with the client's own certificate, for servers that ask for one (mTLS), or None.
        key: file with the certificate's key, or None where `cert` has it.
        headers: {name: value} to send with every request over REST, such as a token; no message has the values.
        metadata: {key: value} to send with every call over gRPC, likewise.

    gRPC goes through the proxy that `http_proxy` names, but to this machine itself; REST goes through none.

    Raises:
        ValueError: for an address without a model or with what means nothing in it, an unknown encoding, and for
            certificates, headers or metadata that the address has no use for.
        OSError: for files that cannot be read.
    """

    def __init__(self, address: str, model: str | None = None, version: int | None = None, label: str | None = None, *,
                 clip: ClipSpec | None = None, labels: Sequence[str] | None = None, encoding: str = "jpeg",
                 quality: int = 95, timeout: float = 60.0, retries: int = RETRIES,
                 ca: str | os.PathLike | None = None, cert: str | os.PathLike | None = None,
                 key: str | os.PathLike | None = None, headers: Mapping[str, str] | None = None,
                 metadata: Mapping[str, str | bytes] | None = None) -> None:
        if encoding not in ENCODINGS:
            raise ValueError(f"`encoding` must be one of {', '.join(ENCODINGS)}. Received: encoding={encoding!r}.")
        self.encoding, self.quality, self.timeout, self.retries = encoding, quality, timeout, retries
        self._clip, self._labels = clip, labels
        self._card: dict | None = None
        self._transport = connect(address, model, version, label, ca=ca, cert=cert, key=key, headers=headers,
                                  metadata=metadata)

    @property
    def clip(self) -> ClipSpec:
        """The `ClipSpec` of the served model."""
        return self._clip if self._clip is not None else self._describe()[0]

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the served model, in the order of its scores."""
        return self._labels if self._labels is not None else self._describe()[1]

    @property
    def card(self) -> dict:
        """The model card of the served model; its `rejection`, if any, says when the answer is none of these."""
        return self._card if self._card is not None else self._describe()[2]

    @property
    def spans(self) -> SpanSpec | None:
        """The contract in time of a served model that finds spans in long videos; None of one that names clips."""
        return SpanSpec.from_dict(self.card["spans"]) if "spans" in self.card else None

    def _describe(self):
        try:
            answer = self.predict("describe", {"query": np.array([b"clip"], object)})
        except ServerError as error:
            if error.code not in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
                raise
            raise ValueError("A client needs the clip that the model was trained on, and its labels. This model does "
                             f"not tell them: {error}. Pass clip=ClipSpec.load('clip.json') and labels=[...]."
                             ) from None
        self._card = json.loads(answer["model_card"][0])
        self._clip = self._clip or ClipSpec.from_json(str(answer["clip_spec"][0]))
        self._labels = self._labels or self._card["labels"]
        return self._clip, self._labels, self._card

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Any signature: {alias: array} in, {alias: array} out; strings in are bytes, strings out are `str`.

        Raises:
            ServerError: if the server refuses, or cannot be reached in time.
        """
        return with_retries(lambda left: self._transport.predict(signature, inputs, left), self.timeout, self.retries)

    def status(self) -> list[tuple[int, str]]:
        """[(version, state)] of the model, newest first, such as [(3, "AVAILABLE"), (2, "END")]."""
        return with_retries(self._transport.status, self.timeout, self.retries)

    def classify(self, source: str | os.PathLike | bytes, top: int = 5, views: int = 1) -> list[dict]:
        """The best labels of a video.

        Args:
            source: path, address or the file's bytes.
            top: int.
            views: int. Clips spread evenly over the video, or shifted within its parts where the model takes segments,
                whose scores are averaged; 1 takes the middle one.

        Returns:
            [{"label", "score"}, ...], best first.

        Raises:
            VideoError: if the video cannot be read.
            ServerError: if the server refuses, or cannot be reached in time.
        """
        return self.classify_clips(self.read_clips(source, views), top)

    def find_spans(self, source: str | os.PathLike | bytes) -> list[Span]:
        """When things happen in a long video, in the order of time: what reaches the contract's threshold.

        Windows are sent a few at a time and lossless, whatever `encoding` is, so that the answer is the one that
        `res3d predict` gives with the model at hand; memory does not grow with the video.

        Args:
            source: path, address or the file's bytes.

        Raises:
            ValueError: for a model that names clips.
            VideoError: if the video cannot be read.
            ServerError: if the server refuses, or cannot be reached in time.
        """
        name = "" if isinstance(source, bytes) else os.fspath(source)
        return windows.find(self, self._contract(), sources.hold(source), name)

    def follow_spans(self, source: str | int) -> Iterator[Event]:
        """Yields ("open", "close" or "instant", `Span`) as a file, a camera or a stream goes on.

        Args:
            source: path, the number of a camera or the address of a stream.

        Raises:
            ValueError, VideoError, ServerError: as `find_spans`.
        """
        return windows.follow(self, self._contract(), source)

    def _contract(self):
        spec = self.spans
        if spec is None:
            raise ValueError("Spans are found by a model of `res3d train --task=spans`. Received one that names clips. "
                             "Ask it with `classify`.")
        return spec

    def read_clips(self, source: str | os.PathLike | bytes, views: int = 1) -> np.ndarray:
        """What is sent for a video, before it is encoded: uint8 `(views, *clip.shape)`."""
        source = sources.hold(source)  # fetched once, though it is opened twice
        info = reading.probe(source)
        if views == 1:
            chosen = [centre_clip(info, self.clip)]
        else:
            chosen = uniform_clips(info, self.clip, views)
        return reading.read_clips(source, chosen, self.clip)

    def classify_clips(self, clips: np.ndarray, top: int = 5) -> list[dict]:
        """The best labels for uint8 `(views, *clip.shape)`, scores averaged over the views; as `classify`."""
        answer = self.predict(*self.encode(clips))
        if top <= answer["top_scores"].shape[1]:
            names, scores = answer["top_classes"][0], answer["top_scores"][0]
        else:
            order = ranking.best(answer["scores"][0], top)
            names, scores = np.array(self.labels)[order], answer["scores"][0][order]
        scores = np.asarray(scores, np.float32)  # as which they were sent, in digits or in bytes
        return [{"label": str(label), "score": float(score)} for label, score in list(zip(names, scores))[:top]]

    def encode(self, clips: np.ndarray) -> tuple[str, dict[str, np.ndarray]]:
        """(signature, inputs) of a request for one video's clips, uint8 `(views, *clip.shape)`; refuses others."""
        clips = np.asarray(clips)
        if clips.ndim != 5 or clips.dtype != np.uint8:
            raise ValueError("Clips must be uint8 (views, frames, height, width, channels). Received: "
                             f"{clips.dtype} {clips.shape}. Give one clip as clip[None], with pixels from 0 to 255.")
        if self.encoding == "jpeg":
            files = [[opencv.encode_image(frame, ".jpg", self.quality) for frame in clip] for clip in clips]
            if len(clips) > 1:
                return "predict_jpeg_views", {"frames_bytes": np.array([files], object)}
            return "predict_jpeg", {"frames_bytes": np.array(files, object)}
        if len(clips) > 1:
            return "predict_views", {"clips": clips[None]}
        return self.lossless(clips)

    def lossless(self, clips: np.ndarray) -> tuple[str, dict[str, np.ndarray]]:
        """(signature, inputs) of a request for each of several uint8 clips, `(n, *clip.shape)`, pixel by pixel."""
        if self._transport.raw_signature == "predict_raw":
            return "predict_raw", {"clip_bytes": np.array([clip.tobytes() for clip in clips], object)}
        return "serving_default", {"clip": clips}

    def classify_many(self, sources: Iterable, top: int = 5, views: int = 1,
                      workers: int | None = None) -> Iterator[tuple]:
        """Many videos, several decoded, sent and awaited at once; yields (source, answer) in the order given.

        An answer is what `classify` returns, or the `VideoError` or `ServerError` that it raised.

        Args:
            sources: paths; taken as they are needed, so that they may be endless.
            workers: int or None. Videos under way at once; None is two a core.
        """
        workers = workers or 2 * (os.cpu_count() or 1)
        waiting: collections.deque = collections.deque()
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        try:
            for source in sources:
                waiting.append((source, pool.submit(self.classify, source, top, views)))
                if len(waiting) > 2 * workers:
                    yield _settled(*waiting.popleft())
            while waiting:
                yield _settled(*waiting.popleft())
        finally:  # whoever stops early does not wait for what has not begun
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def _settled(source, future):
    error = future.exception()
    if error is None:
        return source, future.result()
    if isinstance(error, OSError | ValueError):
        return source, error
    raise error
