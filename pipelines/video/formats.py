"""Which formats FFmpeg may take a file for: those that hold their own pictures, and none that names other files.

OpenCV reads FFmpeg's options from the environment at every open (4.12 and later; 4.11 heeds no list of formats, and
there a playlist is known by its first bytes alone).
"""

import contextlib
import os
import threading

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
# By FFmpeg's names. Playlists (hls, dash, concat), session descriptions and sequences of pictures are not among them.
FILES = (
    "mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "flv", "asf", "ogg", "gif", "apng", "mxf", "rm", "nut",
    "h261", "h263", "h264", "hevc", "vvc", "evc", "m4v", "av1", "obu", "ivf", "vc1", "vc1test", "dirac", "cavsvideo",
    "avs2", "avs3", "mjpeg", "mjpeg_2000", "mpjpeg", "smjpeg", "yuv4mpegpipe", "dv", "wtv", "nsv", "nuv", "swf",
    "pva", "gxf", "lxf", "ty", "dhav", "kux", "ingenient", "pmp", "cine", "ipmovie", "flic", "smk", "bink", "roq",
    "film_cpk", "4xm", "ea", "vmd", "xmv", "thp", "webp_pipe", "jpegxl_anim", "mp3", "flac", "wav", "aac", "ape",
    "aiff", "rtsp")
# OpenCV's own option for cameras at addresses, which it leaves out where others are given.
_OURS = (f"format_whitelist;{','.join(FILES)}", "rtsp_transport;tcp")
_lock = threading.Lock()


def allow_files():
    """Sets the list of formats for this process and those it starts; a `format_whitelist` that is set already stays."""
    options = _options()
    if not any(option.startswith("format_whitelist;") for option in options):
        named = {option.partition(";")[0] for option in options}
        os.environ[VARIABLE] = "|".join([*options, *(ours for ours in _OURS if ours.partition(";")[0] not in named)])


@contextlib.contextmanager
def streams_allowed():
    """Inside, an address that a person has typed may be of any format, as a playlist of a live stream is."""
    with _lock:
        before = os.environ.get(VARIABLE)
        left = "|".join(option for option in _options() if option != _OURS[0])
        if before is not None and left:
            os.environ[VARIABLE] = left
        try:
            yield
        finally:
            if before is not None:
                os.environ[VARIABLE] = before


def _options():
    return [option for option in os.environ.get(VARIABLE, "").split("|") if option]
