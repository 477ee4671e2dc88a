"""What is known of a video file before a decoder touches it: its first bytes, and the words for what is wrong with it.

Nothing here needs OpenCV. `VideoError` and `VideoInfo` are what `pipelines.video` raises and returns.
"""

import dataclasses

import numpy as np

from pipelines.storage.addresses import shown


class VideoError(ValueError):
    """A video that cannot be used, with its `.path` (or a name for bytes in memory) and its `.reason`.

    Of an address the path is what may be shown: no user, no password, no query.

    >>> error = VideoError("a.mp4", "the file is empty")
    >>> str(error), error.path, error.reason
    ("Cannot read video 'a.mp4': the file is empty.", 'a.mp4', 'the file is empty')
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = shown(path)
        self.reason = reason.rstrip(".")
        super().__init__(self.path, reason)
        self.add_note("See docs/how-to/corrupt-files.md#reasons")

    def __str__(self):
        return f"Cannot read video {self.path!r}: {self.reason}."


class UnreachableError(VideoError):
    """A video that its storage does not give: no network, no permission. It may be good, and nothing is known of it."""


@dataclasses.dataclass(frozen=True, eq=False)
class VideoInfo:
    """What decoding a video once has shown, beside what its header claims.

    `path` is the file's, or a name for bytes; it is `size_bytes` long, a `container` of `codec`. `num_frames` and
    `times_us` come from frames that decoded, and so does their mean rate, `fps`; `claimed_frames` and `claimed_fps` are
    the header's word. `width` and `height` are those of the upright picture, after `rotation` (degrees clockwise).
    `steady` is false when frame times differ by more than a container's rounding (variable frame rate). `times_trusted`
    is false when the file's own times were missing or out of order, and even ones stand in for them. `damaged` says
    that decoding stopped before the file's data did. `key_frames` are the numbers of pictures coded without reference
    to others. `jumps` are places from which decoding gives the same pixels as a full decode does, each (seek, frame,
    microseconds), as shown by `pipelines.video.verified_jumps`; empty until then.
    """

    path: str
    container: str
    codec: str
    width: int
    height: int
    num_frames: int
    fps: float
    times_us: np.ndarray
    rotation: int = 0
    steady: bool = True
    times_trusted: bool = True
    damaged: bool = False
    claimed_frames: int | None = None
    claimed_fps: float | None = None
    size_bytes: int = 0
    key_frames: tuple[int, ...] = (0,)
    jumps: tuple[tuple[int, int, int], ...] = ()

    @property
    def times_seconds(self) -> np.ndarray:
        """float64 (num_frames,): when each frame is shown, counted from the first."""
        return self.times_us / 1e6

    @property
    def duration_seconds(self) -> float:
        """Seconds from the first frame to the end of the last, which is held for one mean step."""
        return float(self.times_us[-1]) / 1e6 + 1.0 / self.fps

    def to_dict(self) -> dict:
        """The fields as JSON-ready values; the inverse is `from_dict`."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | {"times_us": self.times_us.tolist(), "key_frames": list(self.key_frames),
                         "jumps": [list(jump) for jump in self.jumps]}

    @classmethod
    def from_dict(cls, fields: dict) -> "VideoInfo":
        """The inverse of `to_dict`."""
        return cls(**fields | {"times_us": np.asarray(fields["times_us"], np.int64),
                               "key_frames": tuple(fields.get("key_frames", (0,))),
                               "jumps": tuple(tuple(jump) for jump in fields.get("jumps", ()))})


_MAGIC = (  # (offset, bytes, container)
    (4, b"ftyp", "mp4"), (4, b"moov", "mp4"), (4, b"mdat", "mp4"), (4, b"wide", "mp4"), (4, b"free", "mp4"),
    (4, b"skip", "mp4"), (0, b"\x1aE\xdf\xa3", "matroska"), (8, b"AVI ", "avi"), (0, b"GIF8", "gif"),
    (0, b"\x00\x00\x01\xba", "mpeg-ps"), (0, b"\x00\x00\x01\xb3", "mpeg"), (0, b"FLV", "flv"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "asf"), (0, b"OggS", "ogg"), (0, b"\x06\x0e+4", "mxf"),
    (0, b"\x00\x00\x00\x01", "h26x"), (0, b"\x00\x00\x01", "mpeg"), (0, b".RMF", "realmedia"),
    (0, b"YUV4MPEG2", "y4m"), (0, b"DKIF", "ivf"),
)
_NOT_VIDEO = (  # (first bytes, what they are)
    (b"\xff\xd8\xff", "a JPEG image"), (b"\x89PNG", "a PNG image"), (b"BM", "a BMP image"), (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive; unpack it first"), (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"Rar!", "a rar archive; unpack it first"), (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"version https://git-lfs", "a Git LFS pointer; run `git lfs pull` for the video itself"),
    (b"#EXTM3U", "a playlist; playlists are not followed"), (b"ffconcat", "a playlist; playlists are not followed"),
    (b"v=0", "a session description; such are not followed"),
    (b"<", "a web page or XML; the download probably failed"), (b"{", "a JSON text; the download probably failed"),
)


def sniff(head):
    """(container, None) from a file's first bytes, or (None, reason) when they cannot begin a video.

    An unknown beginning is ("unknown", None): the decoder has the last word.

    >>> sniff(b"RIFF....AVI LIST"), sniff(b"<html>")[1]
    (('avi', None), 'not a video but a web page or XML; the download probably failed')
    """
    if not head:
        return None, "the file is empty"
    for offset, magic, container in _MAGIC:
        if head.startswith(magic, offset):
            return container, None
    if head[0] == 0x47 and (len(head) <= 188 or head[188] == 0x47):
        return "mpeg-ts", None
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, what in _NOT_VIDEO:
        if head.startswith(magic) or text.startswith(magic):
            return None, f"not a video but {what}"
    return "zeros" if not head.strip(b"\0") else "unknown", None


def tag_length(head):
    """Bytes of the ID3 tag that a file's first bytes begin with, which decoders step over; 0 without one.

    >>> tag_length(b"ID3" + bytes([3, 0, 0, 0, 0, 1, 2]) + bytes(130)), tag_length(b"RIFF....AVI LIST")
    (140, 0)
    """
    if len(head) < 10 or not head.startswith(b"ID3") or max(head[3:5]) == 0xFF or max(head[6:10]) > 0x7F:
        return 0
    length = 0
    for part in head[6:10]:
        length = length << 7 | part
    return 10 + length + 10 * bool(head[5] & 0x10)


def nothing_found(container, size):
    """The reason for a file of which the decoder can make nothing."""
    if container == "zeros":
        return f"its {size} bytes begin with zeros only; the copy or download was probably interrupted"
    if container == "live":
        return "it does not answer; check the address, the network or the device"
    kind = f"{container} file" if container != "unknown" else "file"
    return f"no video stream was found in this {kind} of {size} bytes"


def nothing_decodes(promised_frames, codec):
    """The reason for a file that opens and gives no picture."""
    claim = f"{promised_frames:.0f}" if 0 <= promised_frames < 1e9 else "an unknown number of"
    hint = "; this OpenCV decodes no AV1, re-encode the file" if codec.lower() == "av01" else ""
    return f"its header promises {claim} frames of codec '{codec}', but none decodes{hint}"


def fourcc_text(number):
    """'h264' from the number that OpenCV packs it in; 'unknown' when it is none.

    >>> fourcc_text(875967080.0), fourcc_text(-1.0)
    ('h264', 'unknown')
    """
    text = int(number).to_bytes(4, "little").decode("latin-1").strip(" \0") if 0 < number < 2**32 else ""
    return text if text and text.isprintable() else "unknown"


def frame_clock(times_ms, claimed_fps):
    """Frame times in whole microseconds from the first, their mean rate, and how far to believe them.

    Args:
        times_ms: floats. What the decoder reported for each frame, in display order.
        claimed_fps: float or None. The header's frame rate, used only when the times cannot be.

    Returns:
        (times_us int64 (n,), fps float, steady bool, trusted bool). Times that do not increase strictly are replaced
        by even ones, at the rate of the median step that goes forward.

    >>> times, fps, steady, trusted = frame_clock([40.0, 80.0, 120.0, 0.0], 25.0)    # packed B-frames in AVI
    >>> times.tolist(), fps, trusted
    ([0, 40000, 80000, 120000], 25.0, False)
    """
    times_us = np.rint(np.asarray(times_ms, np.float64) * 1000.0)
    sane = np.isfinite(times_us).all() and np.abs(times_us).max(initial=0) < 2**53
    steps = np.diff(times_us) if sane else np.zeros(0)
    claim = claimed_fps if claimed_fps is not None and 0.01 <= claimed_fps <= 500 else None
    if len(times_ms) == 1:
        return np.zeros(1, np.int64), claim or 25.0, True, True
    if sane and len(steps) and steps.min() > 0:
        fps = len(steps) * 1e6 / (times_us[-1] - times_us[0])
        steady = bool(np.abs(steps - np.median(steps)).max() <= max(2000, 0.02 * np.median(steps)))
        return (times_us - times_us[0]).astype(np.int64), _sharpen(fps, times_us[-1] - times_us[0], claim), steady, True
    forward = steps[steps > 0]
    fps = 1e6 / np.median(forward) if len(forward) else claim or 25.0
    if claim and abs(fps - claim) <= 0.01 * claim:
        fps = claim
    return np.rint(np.arange(len(times_ms)) * (1e6 / fps)).astype(np.int64), float(fps), True, False


def _sharpen(fps, duration_us, claim):
    """`fps`, or the claimed or a broadcast rate it cannot be told from when times are rounded to milliseconds."""
    blur = max(1e-5, 1000.0 / duration_us) * fps
    for rate in (claim or fps, 24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0):
        if abs(fps - rate) <= blur:
            return float(rate)
    return float(fps)
