"""What may be chosen about records."""

import dataclasses

from pipelines.arguments import check_whole_number
from res3d.geometry import ClipSpec


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
        shard_clips: int. Clips of a shard, at most.
    """

    clip: ClipSpec = dataclasses.field(default_factory=ClipSpec)
    short_side: int | None = None
    fps: float | None = None
    quality: int = 90
    frames_per_record: int | None = None
    shard_clips: int = 128

    def __post_init__(self):
        if self.short_side is None:
            resize = self.clip.resize
            object.__setattr__(self, "short_side", resize if isinstance(resize, int) else min(resize))
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

    def to_dict(self) -> dict:
        """The fields as JSON-ready values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)} | {
            "clip": self.clip.to_dict()}

    @classmethod
    def from_dict(cls, fields: dict) -> "PrepareOptions":
        """The inverse of `to_dict`."""
        return cls(**fields | {"clip": ClipSpec.from_dict(fields["clip"])})
