"""What may be chosen about records."""

import dataclasses

from pipelines.arguments import check_whole_number
from res3d.geometry import ClipSpec

TASKS = ("clips", "spans")
PIECE_FRAMES = 256  # of a long video in a record: what is read of it to find a window's frames stays small

@dataclasses.dataclass(frozen=True)
class PrepareOptions:
    """What may be chosen about records.

    Args:
        clip: `ClipSpec`. What they are meant for; kept as `clip.json`.
        short_side: int or None. Pixels of the shorter side of a frame; None is what `clip` scales to. Smaller pictures
            keep their size.
        fps: float or None. Frames per second to store; None keeps each video's own.
        quality: int. Of the JPEGs, 1 to 100.
        frames_per_record: int or None. Longer videos are cut into several records of about the same length, each a clip
            of its own to training and evaluation; None keeps a video whole.
        shard_clips: int or None. Clips of a shard, at most; of spans, videos. None is 128, and of spans one.
        task: "clips", or "spans" for long videos of which windows are taken: their frames are kept at the steps of
            `clip`, which must have `fps`, and as large as it scales them; `short_side` and `fps` follow from it, and
            `frames_per_record` None is 256.
        lossless: bool. Frames of spans as PNG files rather than JPEGs, `quality` saying nothing then.
    """

    clip: ClipSpec = dataclasses.field(default_factory=ClipSpec)
    short_side: int | None = None
    fps: float | None = None
    quality: int = 90
    frames_per_record: int | None = None
    shard_clips: int | None = None
    task: str = "clips"
    lossless: bool = False

    def __post_init__(self):
        if self.task not in TASKS:
            raise ValueError(f"`task` must be one of {', '.join(map(repr, TASKS))}. Received: {self.task!r}.")
        for_spans = self.task == "spans"
        if self.lossless and not for_spans:
            raise ValueError("`lossless` is for task spans. Received: lossless=True for clips. Leave it out, or raise "
                             "`quality`.")
        if for_spans:
            self._follow_clip()
        if self.shard_clips is None:
            object.__setattr__(self, "shard_clips", 1 if for_spans else 128)
        if self.short_side is None:
            object.__setattr__(self, "short_side", self._short_side())
        for name, low, high in (("short_side", 8, 8192), ("quality", 1, 100), ("shard_clips", 1, 10**6),
                                ("frames_per_record", 1, 10**6)):
            value = getattr(self, name)
            if value is not None or name != "frames_per_record":
                check_whole_number(name, value, low, high)
        if self.frames_per_record is not None and self.clip.in_segments:
            raise ValueError("`frames_per_record` cuts videos into pieces, and a clip of segments is one of a whole "
                             f"video. Received: frames_per_record={self.frames_per_record} with a clip of "
                             f"{self.clip.timing}. Leave it out.")
        if self.fps is not None:
            if not 0.01 <= self.fps <= 1000:
                raise ValueError(f"`fps` must be a number of frames a second, or None. Received: fps={self.fps!r}.")
            object.__setattr__(self, "fps", float(self.fps))

    def _short_side(self):
        resize = self.clip.resize
        return resize if isinstance(resize, int) else min(resize)

    def _follow_clip(self):
        """What of long videos the steps and the size of `clip` decide."""
        clip = self.clip
        if clip.fps is None or clip.in_segments:
            raise ValueError(f"Records of spans have steps that are even in time: `clip` needs `fps`, and is dense. "
                             f"Received: {clip!r}.")
        for name, value in (("fps", clip.fps / clip.stride), ("short_side", self._short_side())):
            if getattr(self, name) not in (None, value):
                raise ValueError(f"Frames of spans are kept as `clip` takes them. Received: {name}="
                                 f"{getattr(self, name)!r} with {clip!r}. Leave it out, or give another `clip`.")
            object.__setattr__(self, name, value)
        if self.frames_per_record is None:
            object.__setattr__(self, "frames_per_record", PIECE_FRAMES)

    def to_dict(self) -> dict:
        """The fields as JSON-ready values; `task` and `lossless` where they are not those of clips."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.task == "clips":
            del fields["task"], fields["lossless"]
        return fields | {"clip": self.clip.to_dict()}

    @classmethod
    def from_dict(cls, fields: dict) -> "PrepareOptions":
        """The inverse of `to_dict`."""
        return cls(**fields | {"clip": ClipSpec.from_dict(fields["clip"])})
