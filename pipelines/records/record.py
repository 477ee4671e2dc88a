"""SequenceExample records of videos, in both directions: one module, so that writer and parser cannot drift apart.

A record is a video, or a part of one, as JPEG frames with its labels and times. The keys are those that TensorFlow
Model Garden, DeepMind's dmvr and MediaPipe's MediaSequence look for, and records that those tools wrote are read too.
Nothing here needs TensorFlow; `pipelines.dataset.from_records.decode` has what reads records inside `tf.data`.
"""

import dataclasses
import itertools
import math
import struct
import zlib
from typing import Any

import numpy as np

from pipelines.records import wire
from pipelines.records.layout import SCHEMA_VERSION

# Feature lists, one value a frame.
IMAGE = "image/encoded"
TIMESTAMP = "image/timestamp"  # microseconds
# Context. dmvr reads `clip/label/text`, MediaSequence `clip/label/string`: both are written.
LABEL_INDEX = "clip/label/index"
LABEL_TEXT = "clip/label/text"
LABEL_STRING = "clip/label/string"
FILENAME = "video/filename"
DATA_PATH = "clip/data_path"  # MediaSequence's name for it; read only
START = "clip/start/timestamp"  # microseconds
END = "clip/end/timestamp"
FRAME_RATE = "image/frame_rate"
HEIGHT = "image/height"
WIDTH = "image/width"
FORMAT = "image/format"
VERSION = "res3d/schema_version"
# Where each JPEG lies, counted from the record's end, and its size: a reader copies the frames it wants and no others.
FRAME_FROM_END = "res3d/frame_from_end"
FRAME_BYTES = "res3d/frame_bytes"
# The same and a CRC-32 of each JPEG, three little-endian uint32 a frame: by it `pipelines.dataset.from_records.frames`
# reads a few frames of a record, and nothing else of it.
FRAME_TABLE = "res3d/frame_table"
_PNG = b"\x89PNG"


class RecordError(ValueError):
    """A record that cannot be used; the text says where it lies and what is wrong with it."""


@dataclasses.dataclass(frozen=True)
class Record:
    """What one record holds.

    Attributes:
        frames: JPEG files as bytes, in order; PNG files where nothing may be lost.
        labels: tuple of ints. Label ids.
        label_names: tuple of str. Their names; may be empty.
        filename: str. The video.
        start_us, end_us: ints. The part of the video, in microseconds; `end_us` is not included, and -1 where it is not
            known.
        fps: float, rounded to single precision as the format has it. Frames per second of `frames`; 0 where it is not
            known.
        height, width: ints. Pixels of each frame; 0 where they are not known.
        times_us: tuple of ints. When each frame is shown, from the beginning of the video; may be empty.
    """

    frames: tuple[bytes, ...]
    labels: tuple[int, ...] = ()
    label_names: tuple[str, ...] = ()
    filename: str = ""
    start_us: int = 0
    end_us: int = -1
    fps: float = 0.0
    height: int = 0
    width: int = 0
    times_us: tuple[int, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "fps", float(np.float32(self.fps)))
        if not self.frames:
            raise RecordError(f"A record must have frames. Received none for '{self.filename}'.")
        if self.times_us and len(self.times_us) != len(self.frames):
            raise RecordError(f"A record must have one time a frame. Received {len(self.times_us)} times for "
                              f"{len(self.frames)} frames of '{self.filename}'.")
        if self.label_names and len(self.label_names) != len(self.labels):
            raise RecordError(f"A record must have one name a label. Received {self.label_names} for {self.labels}.")


def encode(record: Record) -> bytes:
    """A `Record` as a serialised SequenceExample; the same bytes for the same record.

    >>> decode(encode(Record((b"jpeg",), labels=(3,), label_names=("jump",), fps=10.0))).labels
    (3,)
    """
    names = [_bytes(name) for name in record.label_names]
    lists: Any = {IMAGE: [[frame] for frame in record.frames]}
    if record.times_us:
        lists[TIMESTAMP] = [[time] for time in record.times_us]
    pieces = wire.list_pieces(lists)
    sizes = [len(frame) for frame in record.frames]
    ends = list(itertools.accumulate(len(piece) for piece in reversed(pieces)))[::-1]
    places = ends[2:2 * len(sizes) + 1:2]  # IMAGE is the first list: a frame is every second piece
    table = b"".join(struct.pack("<3I", place, len(frame), zlib.crc32(frame))
                     for place, frame in zip(places, record.frames))
    context = {
        LABEL_INDEX: list(record.labels), LABEL_TEXT: names, LABEL_STRING: names, FILENAME: [_bytes(record.filename)],
        START: [record.start_us], END: [record.end_us], FRAME_RATE: [record.fps], HEIGHT: [record.height],
        WIDTH: [record.width], FORMAT: [b"PNG" if record.frames[0].startswith(_PNG) else b"JPEG"],
        VERSION: [SCHEMA_VERSION], FRAME_FROM_END: places, FRAME_BYTES: sizes, FRAME_TABLE: [table],
    }
    return b"".join([wire.encode_context(context), *pieces])


def decode(serialized: bytes, source: str = "") -> Record:
    """A `Record` out of a serialised SequenceExample, whoever wrote it.

    Args:
        serialized: bytes.
        source: str. Where it lies, for messages.

    Raises:
        RecordError: if it is no SequenceExample, has no frames, or is of a later schema.
    """
    at = f" at {source}" if source else ""
    try:
        context, lists = wire.decode(serialized)
    except wire.WireError as error:
        raise RecordError(f"Expected a SequenceExample{at}. Received {len(serialized)} bytes that are none: {error}. "
                          "Prepare the data again, or copy the file again.") from None
    version = _one(context, VERSION, SCHEMA_VERSION)
    if version not in range(1, SCHEMA_VERSION + 1):
        raise RecordError(f"Expected a record of schema version 1 to {SCHEMA_VERSION}{at}. Received version {version}. "
                          "Update the package, or prepare the data again.")
    frames = tuple(values[0] for values in lists.get(IMAGE, ()) if values and isinstance(values[0], bytes))
    if not frames:
        has = f"it has {', '.join(sorted(lists))}" if lists else "it has no feature lists"
        raise RecordError(f"Expected frames under '{IMAGE}'{at}. Received a record without any: {has}. Leave it out, "
                          "or write it again.")
    labels = tuple(value for value in context.get(LABEL_INDEX, ()) if isinstance(value, int))
    names = context.get(LABEL_TEXT) or context.get(LABEL_STRING) or []
    names = _texts(names) if len(names) == len(labels) else ()
    times = tuple(values[0] for values in lists.get(TIMESTAMP, ()) if values and isinstance(values[0], int))
    filename = "".join(_texts((context.get(FILENAME) or context.get(DATA_PATH, ()))[:1]))
    return Record(frames, labels, names, filename, int(_one(context, START, 0)),
                  int(_one(context, END, -1)), float(_one(context, FRAME_RATE, 0.0)), int(_one(context, HEIGHT, 0)),
                  int(_one(context, WIDTH, 0)), times if len(times) == len(frames) else ())


def is_indexed(serialized: bytes) -> bool:
    """Whether a record tells where each of its frames lies, as those written here do."""
    context, _ = wire.decode(serialized, lists=())
    return FRAME_FROM_END in context and VERSION in context


def _one(context, key, default):
    """The first value of a feature, or `default` where there is none or it is no number."""
    value = (context.get(key) or [default])[0]
    return value if isinstance(value, int | float) and math.isfinite(value) else default


def _bytes(text):
    return text.encode("utf-8", "surrogateescape")


def _texts(values):
    return tuple(value.decode("utf-8", "surrogateescape") for value in values if isinstance(value, bytes))
