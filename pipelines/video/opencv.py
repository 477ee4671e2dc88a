"""OpenCV, which no other file knows: an open video as a decoder, one picture to another, and a writer.

FFmpeg is kept from printing; set OPENCV_FFMPEG_LOGLEVEL to hear it.
"""

import contextlib
import os
import time
from collections.abc import Callable

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read at every open
os.environ.setdefault("OPENCV_FFMPEG_READ_ATTEMPTS", str(2**20))  # packets of sound, say, between two pictures

import cv2
import numpy as np

from pipelines.video import formats, sources
from pipelines.video.child import alive
from pipelines.video.clip_array import one_of
from pipelines.video.info import VideoError, fourcc_text, nothing_decodes, nothing_found

formats.allow_files()
(cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel)(0)  # silent; 4 and 5 differ
TIMEOUT_SECONDS = 300.0
MAX_PIXELS = 2**26  # of a picture; damaged headers claim more, and a decoder would allocate it
INTERPOLATION = {"bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "bicubic": cv2.INTER_CUBIC}
TO_CHANNELS = {3: cv2.COLOR_BGR2RGB, 1: cv2.COLOR_BGR2GRAY}


class Decoder:
    """One open video, for use in a `with`: decodes frame after frame, and knows in `index` which one it is at."""

    def __init__(self, source, threads=1, timeout=TIMEOUT_SECONDS):
        milliseconds = int(min(timeout, 86400) * 1000)
        params = [cv2.CAP_PROP_N_THREADS, threads, cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds,
                  cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds, *self._more]
        self.timeout, self.deadline = timeout, time.monotonic() + timeout
        self.index = -1
        with self._located(source) as (self.name, self.size, self.container, target):
            self.stream = target  # the capture reads bytes through this object, which must outlive it
            camera = isinstance(target, int)
            with self._allowed():
                self.capture = cv2.VideoCapture(target) if camera else cv2.VideoCapture(target, cv2.CAP_FFMPEG, params)

    _more: tuple[int, ...] = ()  # parameters of the capture
    _located = staticmethod(sources.located)
    # What FFmpeg may open: here the formats of files, as ever.
    _allowed: Callable[[], contextlib.AbstractContextManager] = staticmethod(contextlib.nullcontext)

    def __enter__(self):
        width, height = self.get(cv2.CAP_PROP_FRAME_WIDTH), self.get(cv2.CAP_PROP_FRAME_HEIGHT)
        reason = None
        if not self.capture.isOpened():
            reason = nothing_found(self.container, self.size)
        elif width * height > MAX_PIXELS:
            reason = f"its header claims {width:.0f}x{height:.0f} pixels; it is probably damaged"
        if reason:
            self.__exit__()
            raise VideoError(self.name, reason)
        return self

    def __exit__(self, *exc_info):
        self.capture.release()
        self.stream = None

    def get(self, key):
        """A property of the file or of the frame it is at."""
        return self.capture.get(key)

    @property
    def claimed_fps(self):
        """The header's frame rate, or None where it has none."""
        fps = self.capture.get(cv2.CAP_PROP_FPS)
        return fps if 0 < fps < float("inf") else None

    def claims(self):
        """(frames, rotation, FourCC) as the header has them."""
        return tuple(map(self.get, (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_ORIENTATION_META, cv2.CAP_PROP_FOURCC)))

    @property
    def intra(self):
        """Whether the current frame was decoded without any other."""
        return self.get(cv2.CAP_PROP_FRAME_TYPE) == ord("I")

    @property
    def time_ms(self):
        """When the current frame is shown, as the container says."""
        return self.capture.get(cv2.CAP_PROP_POS_MSEC)

    def grab(self):
        """Decodes the next frame; False at the end, or where decoding first fails.

        The limit of time is one without progress, so that no recording is too long, on however busy a machine.
        """
        if time.monotonic() > self.deadline:
            raise VideoError(self.name, f"decoding took longer than {self.timeout:g} s, {self.index + 1} frames in")
        if not self.capture.grab():
            return False
        self.index += 1
        self.deadline = time.monotonic() + self.timeout
        alive()
        return True

    def retrieve(self, buffer=None):
        """The current frame, upright, uint8 (height, width, 3) BGR; into `buffer` if that fits."""
        try:
            found, frame = self.capture.retrieve(buffer)
        except cv2.error as error:
            raise VideoError(self.name, f"frame {self.index} cannot be converted: {error.err}") from None
        if not found or frame is None or not frame.size:
            raise VideoError(self.name, f"frame {self.index} decodes to no picture")
        return frame

    def jump(self, seek, frame, time_us):
        """Goes to a frame as `VideoInfo.jumps` tells, and says whether it is the right one."""
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, seek)
        found = self.grab() and round(self.time_ms * 1000) == time_us
        self.index = frame
        return found

    def no_frames(self):
        """The error for a file that opens and gives nothing."""
        promised, codec = self.get(cv2.CAP_PROP_FRAME_COUNT), fourcc_text(self.get(cv2.CAP_PROP_FOURCC))
        return VideoError(self.name, nothing_decodes(promised, codec))


class Packets(Decoder):
    """One open video whose packets are handed out as they are, those of H.264 and HEVC with start codes."""

    _more = (cv2.CAP_PROP_FORMAT, -1)

    @property
    def codec(self):
        """FFmpeg's FourCC, such as "h264"."""
        return fourcc_text(self.get(cv2.CAP_PROP_FOURCC))

    def with_keys(self):
        """Yields (seconds, bytes) of each packet with a picture coded without others, in the order of the file."""
        while self.grab():
            if self.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
                found, packet = self.capture.retrieve()
                if found and packet is not None:
                    seconds = self.time_ms / 1000  # of bare streams 0, or far below as OpenCV 4.12 has it
                    yield seconds if seconds > 0 else self.index / (self.claimed_fps or 25.0), packet.tobytes()


def scaler(interpolation):
    """A function (picture, (height, width)) -> picture, which is overwritten by the next call."""
    method, scaled = one_of("interpolation", interpolation, INTERPOLATION), None

    def resize(part, size):
        nonlocal scaled
        scaled = cv2.resize(part, size[::-1], scaled, interpolation=method)
        return scaled

    return resize


def converter(channels):
    """A function (BGR picture, target) that writes the picture as RGB (3 channels) or grey (1) into the target."""
    code = one_of("channels", channels, TO_CHANNELS)
    return lambda part, target: cv2.cvtColor(part, code, target)


def to_rgb(picture):
    """A picture of `Decoder.retrieve` as RGB."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def encoded(picture, size, quality):
    """A picture of `Decoder.retrieve`, scaled to `size`, (height, width), as the bytes of a JPEG; of a PNG where
    `quality` is None."""
    if picture.shape[:2] != size:
        picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR)
    if quality is None:
        return cv2.imencode(".png", picture)[1].tobytes()
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def open_writer(path, codec, fps, height, width):
    """A function that appends an RGB picture to a new video file, and one that closes it; None if OpenCV cannot."""
    writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), float(fps), (width, height))
    if not writer.isOpened():
        return None
    return lambda frame: writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)), writer.release


def encode_image(image, extension=".jpg", quality=95):
    """uint8 RGB (height, width, 3) or grey (height, width[, 1]) as the bytes of a JPEG (".jpg") or a PNG (".png")."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or not image.size or image.shape[2:] not in ((), (1,), (3,)) or image.ndim < 2:
        raise ValueError(f"An image is uint8 (height, width[, 1 or 3]). Received: {image.dtype} {image.shape}.")
    flags = one_of("extension", extension, {".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality], ".png": []})
    image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.shape[2:] == (3,) else image
    return cv2.imencode(extension, image, flags)[1].tobytes()


def decode_image(source, channels=3):
    """uint8 (height, width, channels), RGB or grey, from an image file's path, address or bytes; upright.

    Raises:
        VideoError: if it is no image that OpenCV can read.
    """
    alive()
    name, data = sources.read(source)
    mode = one_of("channels", channels, {3: cv2.IMREAD_COLOR_RGB, 1: cv2.IMREAD_GRAYSCALE})
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), mode) if len(data) else None
    except cv2.error:
        image = None
    if image is None:
        raise VideoError(name, f"no image can be decoded from its {len(data)} bytes")
    return image.reshape(*image.shape[:2], channels)


def resize_image(image, size, interpolation="bilinear"):
    """`image`, (height, width[, channels]), scaled to `size`, (height, width)."""
    method = one_of("interpolation", interpolation, INTERPOLATION)
    return cv2.resize(image, tuple(size)[::-1], interpolation=method).reshape(*size, *image.shape[2:])


def add_text(image, text, row=0):
    """Writes ASCII `text` on uint8 RGB `image`, in place, as line `row` from the top."""
    height = max(12, image.shape[0] // 12)
    left, base = 3, height * (row + 1) - 4
    for color, right, down in (((0, 0, 0), -1, 0), ((0, 0, 0), 1, 0), ((0, 0, 0), 0, -1), ((0, 0, 0), 0, 1),
                               ((255, 255, 255), 0, 0)):  # a rim of thin letters, as bold ones are wider in OpenCV 5
        cv2.putText(image, text, (left + right, base + down), cv2.FONT_HERSHEY_SIMPLEX, height / 32, color, 1,
                    cv2.LINE_AA)
