"""A video that was dropped on the page: what of it is decoded, within which limits, and as which clips."""

import contextlib
import pathlib
import time

from pipelines.video import reading
from pipelines.video.info import VideoError
from res3d.geometry import ClipSpec
from serving.errors import invalid
from serving.models import inference

SECONDS = 20.0  # for decoding a video once; it is decoded twice, and a network runs as long at the most
MOST_PIXELS, LONGEST = 9_000_000, 16  # of a frame, and times its short side
MOST_DECODED = 10_000_000_000  # pixels of all frames: 80 seconds of 1920x1080 at 60 frames a second


def read(servable, content, choose):
    """(uint8 clips, lists of frame numbers, `VideoInfo`); `choose(info, clip)` gives the lists."""
    clip = clip_of(servable)
    if finds_spans(servable):
        raise invalid(f"Model {servable.name} finds spans in long videos and does not name clips: ask /page/spans.")
    if clip is None or alias(servable) is None:
        raise invalid(f"Model {servable.name} takes no clips that this page could make: it ships no clip.json. Export "
                      "it with res3d export.")
    with readable():
        info = probe(content)
        chosen = choose(info, clip)
        return reading.read_clips(content, chosen, clip, info=info, timeout=SECONDS), chosen, info


def probe(content):
    """The `VideoInfo` of a video that is not too much for this page."""
    return reading.probe(content, timeout=SECONDS, within=bounds())


@contextlib.contextmanager
def readable():
    """What cannot be read is said as a `ServingError`."""
    try:
        yield
    except VideoError as error:
        raise invalid(f"This is no video that can be read: {error.reason}.") from None


def bounds():
    """A function for `probe` that refuses frames that are too large, and a video that has too many of them."""
    end = time.monotonic() + SECONDS

    def within(frames, height, width):
        if width * height > MOST_PIXELS or max(width, height) > LONGEST * min(width, height):
            raise invalid(f"A video's frames must have at most {MOST_PIXELS} pixels, and a long side of at most "
                          f"{LONGEST} times the short one. Received: {width}x{height}.")
        if frames * width * height > MOST_DECODED or time.monotonic() > end:
            raise invalid(f"A video for this page must have at most {MOST_DECODED} pixels in all its frames, and "
                          f"decode within {SECONDS:g} seconds. Received more than {frames - 1} frames of "
                          f"{width}x{height}. Cut it shorter, or use res3d predict.")

    return within


def alias(servable):
    """The input that takes uint8 clips, or None."""
    signature = servable.signatures.get(inference.DEFAULT_SIGNATURE)
    aliases = list(signature.inputs) if signature else []
    wanted = {"scores", "logits"} if finds_spans(servable) else {"scores", "top_classes", "top_scores"}
    return aliases[0] if len(aliases) == 1 and wanted <= set(signature.outputs) else None


def finds_spans(servable):
    """Whether a model finds spans in long videos, and does not name clips."""
    return "spans" in servable.signatures


def clip_of(servable):
    """The `ClipSpec` that a model ships, or None."""
    file = shipped(servable, "clip.json")
    return ClipSpec.load(file) if file else None


def labels_of(servable):
    """The labels that a model ships."""
    file = shipped(servable, "labels.txt")
    return file.read_text(encoding="utf-8").splitlines() if file else []


def shipped(servable, name):
    """A file beside a model, or None."""
    for place in ("assets", "assets.extra"):
        file = pathlib.Path(servable.path) / place / name
        if file.exists():
            return file
    return None
