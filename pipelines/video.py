"""Frames out of video files, exactly those asked for. The only file that knows OpenCV.

What headers say of frame counts, rates and times is not believed: frame n is the n-th picture that decodes, and a video
ends where decoding first fails. Frames between two wanted ones are decoded but not converted; each wanted one is scaled
as it comes, so that a clip costs the memory of its own pixels, whatever the length and size of the video.

    info = probe("a.mp4")                                        # decodes once
    frames = read_frames("a.mp4", [0, 2, 4, 6])                  # uint8 (4, height, width, 3), RGB
    clip = read_clip("a.mp4", range(0, 32, 2), ClipSpec())       # uint8 (16, 112, 112, 3)

Scaling is bilinear without smoothing, as in the published evaluation protocols, unless asked otherwise. Pixels count as
square, whatever the header says of them. FFmpeg is kept from printing; set OPENCV_FFMPEG_LOGLEVEL to hear it.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence

from res3d.geometry import ClipSpec

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read at every open
os.environ.setdefault("OPENCV_FFMPEG_READ_ATTEMPTS", str(2**20))  # packets of sound, say, between two pictures

import cv2
import numpy as np

from pipelines import containers, sources
from pipelines.containers import VideoError, VideoInfo, fourcc_text
from pipelines.layout import Filling, clip_cut, one_of, whole

__all__ = ["VideoError", "VideoInfo", "add_text", "decode_image", "encode_image", "probe", "read_clip", "read_clips",
           "read_frames", "resize_image", "write_video"]

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
                  cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        self.timeout, self.deadline = timeout, time.monotonic() + timeout
        self.index = -1
        with self._located(source) as (self.name, self.size, self.container, target):
            self.stream = target  # the capture reads bytes through this object, which must outlive it
            camera = isinstance(target, int)
            self.capture = cv2.VideoCapture(target) if camera else cv2.VideoCapture(target, cv2.CAP_FFMPEG, params)

    _located = staticmethod(sources.located)

    def __enter__(self):
        width, height = self.get(cv2.CAP_PROP_FRAME_WIDTH), self.get(cv2.CAP_PROP_FRAME_HEIGHT)
        reason = None
        if not self.capture.isOpened():
            reason = containers.nothing_found(self.container, self.size)
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

    @property
    def time_ms(self):
        """When the current frame is shown, as the container says."""
        return self.capture.get(cv2.CAP_PROP_POS_MSEC)

    def grab(self):
        """Decodes the next frame; False at the end, or where decoding first fails."""
        if time.monotonic() > self.deadline:
            raise VideoError(self.name, f"decoding took longer than {self.timeout:g} s, {self.index + 1} frames in")
        if not self.capture.grab():
            return False
        self.index += 1
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
        return VideoError(self.name, containers.nothing_decodes(promised, codec))


def probe(source: str | os.PathLike | bytes, *, threads: int = 1, timeout: float = TIMEOUT_SECONDS) -> VideoInfo:
    """Decodes a video once, converting its first picture only, and tells what is really in it.

    Args:
        source: path, address or the file's bytes.
        threads: int. Decoding threads; 0 takes every core, right when nothing else decodes.
        timeout: float. Seconds after which the video is given up.

    Returns:
        A `VideoInfo`.

    Raises:
        VideoError: if no frame decodes, or not in time.

    >>> from pipelines import synthetic
    >>> video = synthetic.write("videos", 1, 1).entries[0].path
    >>> info = probe(video)
    >>> info.num_frames == info.claimed_frames, info.damaged
    (True, False)
    """
    with Decoder(source, threads, timeout) as video:
        if not video.grab():
            raise video.no_frames()
        height, width = video.retrieve().shape[:2]
        times_ms, intra = [], []
        more = True
        while more:
            times_ms.append(video.time_ms)
            if video.get(cv2.CAP_PROP_FRAME_TYPE) == ord("I"):
                intra.append(video.index)
            more = video.grab()
        num_frames = video.index + 1
        damaged = any(video.grab() for _ in range(8))
        claimed_frames, rotation, fourcc = (video.get(key) for key in (
            cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_ORIENTATION_META, cv2.CAP_PROP_FOURCC))
        claimed_fps = video.claimed_fps
    times_us, fps, steady, trusted = containers.frame_clock(times_ms, claimed_fps)
    return VideoInfo(
        path=video.name, container=video.container, codec=fourcc_text(fourcc), width=width, height=height,
        num_frames=num_frames, fps=fps, times_us=times_us, rotation=int(rotation) % 360 if abs(rotation) < 1e6 else 0,
        steady=steady, times_trusted=trusted, damaged=damaged, size_bytes=video.size, claimed_fps=claimed_fps,
        claimed_frames=int(claimed_frames) if np.isfinite(claimed_frames) else None, key_frames=tuple(intra) or (0,))


def read_frames(source: str | os.PathLike | bytes, indices: Iterable[int],
                size: tuple[int, int] | Callable | None = None, *, channels: int = 3, interpolation: str = "bilinear",
                short: str = "error", threads: int = 1, timeout: float = TIMEOUT_SECONDS,
                info: VideoInfo | None = None) -> np.ndarray:
    """Exactly the frames asked for, in the order asked for, repeats included.

    Args:
        source: path, address or the file's bytes.
        indices: ints, counted from 0 over the frames that decode.
        size: None keeps the picture's own size; (height, width) scales to it; a function of (height, width) returns it.
        channels: 3 for RGB, 1 for grey.
        interpolation: "bilinear", "area" or "bicubic".
        short: "error", or "repeat_last" to take the last frame for those past the end.
        threads: int. Decoding threads; 0 takes every core.
        timeout: float. Seconds after which the video is given up.
        info: `VideoInfo` of this very source, or None. Its `jumps`, if it has some, are made where they save time.

    Returns:
        uint8 array `(len(indices), height, width, channels)`.

    Raises:
        VideoError: if the file is no video, or decodes fewer frames than asked for.

    >>> from pipelines import synthetic
    >>> video = synthetic.write("videos", 1, 1).entries[0].path
    >>> read_frames(video, [7, 3, 3], size=(32, 48)).shape
    (3, 32, 48, 3)
    """
    lists = [list(indices)]
    return _read(source, lists, whole(size), channels, interpolation, short, threads, timeout, info)[0]


def read_clip(source: str | os.PathLike | bytes, indices: Iterable[int], clip: ClipSpec, position: int = 1,
              positions: int = 3, box: tuple | None = None, **options) -> np.ndarray:
    """One clip as a `ClipSpec` describes it: frames chosen, scaled, cropped; uint8 `clip.shape`, RGB.

    `indices` are frame numbers, as many as `clip` has frames; `position` is which of `positions` crops along the longer
    side to take, 1 of 3 being the centre. `source`, `box` and the other arguments, and what is raised, are those of
    `read_clips`.
    """
    return read_clips(source, [indices], clip, [position], positions, box, **options)[0]


def read_clips(source: str | os.PathLike | bytes, clips: Sequence, clip: ClipSpec, crops: Sequence = (1,),
               positions: int = 3, box: tuple | None = None, *, interpolation: str = "bilinear", short: str = "error",
               threads: int = 1, timeout: float = TIMEOUT_SECONDS, info: VideoInfo | None = None) -> np.ndarray:
    """Many clips of one video in one pass: every frame is decoded once, however many clips share it.

    Args:
        source: path, address or the file's bytes.
        clips: lists of `clip.frames` ints, in any order, overlapping or not.
        clip: ClipSpec.
        crops: the crops taken of every clip, each a position along the longer side (0, 1, 2 for all three) or a (row,
            column, mirrored), as in `pipelines.layout.crop_corner`.
        positions: int. How many positions there are.
        box: None, or (top, left, height, width) in pixels of the source picture, scaled to the clip's size in place of
            crops; or a function of (height, width) returning it.
        interpolation, short, threads, timeout, info: as in `read_frames`.

    Returns:
        uint8 array `(len(clips) * len(crops), *clip.shape)`; the crops of a clip follow one another.

    Raises:
        VideoError: if the video cannot be read or lacks a frame.
        ValueError: for no clips, a clip of another length than `clip` says, or a crop or box outside the picture.
    """
    clips = [list(indices) for indices in clips]
    if not clips:
        raise ValueError("Expected at least one list of frame numbers as `clips`. Received none.")
    for indices in clips:
        if len(indices) != clip.frames:
            raise ValueError(f"A clip takes {clip.frames} frame numbers. Received: {len(indices)}: {indices}.")
    cut = clip_cut(clip, crops, positions, box)
    return _read(source, clips, cut, clip.channels, interpolation, short, threads, timeout, info)


def _read(source, lists, cut, channels, interpolation, short, threads, timeout, info):
    """uint8 (lists x crops, frames, height, width, channels), cut as `cut(height, width)` says."""
    method, code = one_of("interpolation", interpolation, INTERPOLATION), one_of("channels", channels, TO_CHANNELS)
    one_of("short", short, dict.fromkeys(("error", "repeat_last")))
    frame = scaled = None

    def resize(part, size):
        nonlocal scaled
        scaled = cv2.resize(part, size[::-1], scaled, interpolation=method)
        return scaled

    filling = Filling(lists, cut, channels, resize, lambda part, target: cv2.cvtColor(part, code, target))
    with Decoder(source, threads, timeout) as video:
        for wanted in filling.wanted:
            jump = _jump(info, video.index, wanted)
            if jump and not video.jump(*jump):  # another file than the one that was probed
                return _read(source, lists, cut, channels, interpolation, short, threads, timeout, None)
            while video.index < wanted and video.grab():
                pass
            if video.index < wanted:
                break
            frame = video.retrieve(frame)
            filling.put(wanted, frame)
        decoded = video.index + 1
        if decoded == 0:
            raise video.no_frames()
    if filling.users and decoded <= filling.wanted[-1]:
        if short == "repeat_last":
            lists = [[min(index, decoded - 1) for index in indices] for indices in lists]
            return _read(source, lists, cut, channels, interpolation, "error", threads, timeout, info)
        raise VideoError(video.name, f"wanted frames {filling.wanted[0]}..{filling.wanted[-1]}, but it decodes only "
                                     f"{decoded}; use a shorter clip or a smaller stride, or pass short='repeat_last'")
    return filling.out


def _jump(info, index, wanted):
    """The jump to make on the way from one frame to another, or None; one costs about 20 frames itself."""
    near = [jump for jump in info.jumps if index + 24 < jump[1] <= wanted] if info is not None else ()
    return max(near, key=lambda jump: jump[1], default=None)


def to_rgb(picture):
    """A picture of `Decoder.retrieve` as RGB."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def to_jpeg(picture, size, quality):
    """A picture of `Decoder.retrieve`, scaled to `size`, (height, width), as the bytes of a JPEG."""
    if picture.shape[:2] != size:
        picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def open_writer(path, codec, fps, height, width):
    """A function that appends an RGB picture to a new video file, and one that closes it; None if OpenCV cannot."""
    writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), float(fps), (width, height))
    if not writer.isOpened():
        return None
    return lambda frame: writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)), writer.release


def write_video(path, frames, fps=25.0, codec=None):
    """`pipelines.video_writer.write_video`: uint8 RGB frames to a video file; returns how many."""
    from pipelines import video_writer

    return video_writer.write_video(path, frames, fps, codec)


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
    place, font = (3, height * (row + 1) - 4), cv2.FONT_HERSHEY_SIMPLEX
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(image, text, place, font, height / 32, colour, thickness, cv2.LINE_AA)
