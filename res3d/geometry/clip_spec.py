"""What a clip is: the one fact that the sampler, the model, the exporter and a thin client read."""

import dataclasses
import json
import math
import os
from numbers import Integral, Real
from typing import Any

from res3d.atomic import write_aside
from res3d.geometry.cutting import Cut, Ints, Plain, rounded

CHANNEL_ORDERS = ("RGB", "BGR")
SAMPLINGS = ("dense", "segments")


@dataclasses.dataclass(frozen=True)
class ClipSpec:
    """What a clip is: which frames, which pixels, and how a network scales them.

    Args:
        frames: int. Frames in a clip.
        stride: int. Step between two frames of a clip, counted in source frames, or in frames of the `fps` stream
            when `fps` is given.
        fps: float or None. Frames per second to resample the video to before striding; None keeps the video's own.
        height: int. Pixels, after cropping.
        width: int. Pixels, after cropping.
        channels: int. 3 for colour, 1 for grey.
        resize: int, (int, int) or None. An int scales the short side to it and keeps the aspect; a pair scales to
            exactly (height, width); None scales the short side to 8/7 of the crop (112 -> 128, 224 -> 256).
        mean: floats, one a channel (or one for all), subtracted after the range is applied.
        std: floats, one a channel (or one for all), divided by.
        value_range: (float, float). What 0 and 255 become before mean and std.
        channel_order: "RGB" or "BGR". What the network expects; a clip itself always travels as RGB.
        sampling: "dense", frames `stride` apart; or "segments", one frame of each of `frames` equal parts of the video:
            a random one in training, the middle one in evaluation (TSN, TSM, Something-Something). `stride` says
            nothing then, and becomes 1; the parts are those of the `fps` stream when `fps` is given.

    Raises:
        ValueError: for a field out of its domain; the message names the field and what arrived.

    >>> clip = ClipSpec(frames=16, stride=2, height=112, width=112)
    >>> clip.shape, clip.span, clip.resize
    ((16, 112, 112, 3), 31, 128)
    >>> clip.timing, clip.replace(sampling="segments").timing
    ('16 frames, stride 2', '16 frames, one of each of 16 parts')
    """

    frames: int = 16
    stride: int = 2
    fps: float | None = None
    height: int = 112
    width: int = 112
    channels: int = 3
    resize: int | tuple[int, int] | None = None
    mean: tuple[float, ...] = (0.43216, 0.394666, 0.37645)
    std: tuple[float, ...] = (0.22803, 0.22145, 0.216989)
    value_range: tuple[float, float] = (0.0, 1.0)
    channel_order: str = "RGB"
    sampling: str = "dense"

    def __post_init__(self):
        for name in ("frames", "stride", "height", "width", "channels"):
            _require(_is_positive_int(getattr(self, name)), name, "a positive int", getattr(self, name))
            object.__setattr__(self, name, int(getattr(self, name)))  # NumPy's ints have no place in JSON
        _require(self.fps is None or _is_positive_number(self.fps), "fps", "a positive number or None", self.fps)
        resize = self.resize
        if resize is None:
            resize = (min(self.height, self.width) * 8 + 3) // 7
        if isinstance(resize, list | tuple):
            resize = tuple(resize)
            valid = len(resize) == 2 and all(_is_positive_int(side) for side in resize)
            _require(valid, "resize", "a positive int, two positive ints or None", self.resize)
            resize = int(resize[0]), int(resize[1])
            covers = resize[0] >= self.height and resize[1] >= self.width
        else:
            _require(_is_positive_int(resize), "resize", "a positive int, two positive ints or None", self.resize)
            resize = int(resize)
            covers = resize >= min(self.height, self.width)
        _require(covers, "resize", f"at least the crop, {self.height}x{self.width}", self.resize)
        object.__setattr__(self, "resize", resize)
        if self.fps is not None:
            object.__setattr__(self, "fps", float(self.fps))
        for name in ("mean", "std"):
            object.__setattr__(self, name, self._per_channel(name))
        _require(all(value > 0 for value in self.std), "std", "positive numbers", self.std)
        limits = self.value_range
        valid = isinstance(limits, list | tuple) and len(limits) == 2 and all(map(_is_number, limits))
        _require(valid and limits[0] < limits[1], "value_range", "(low, high)", limits)
        object.__setattr__(self, "value_range", tuple(map(float, limits)))
        _require(self.channel_order in CHANNEL_ORDERS, "channel_order", "'RGB' or 'BGR'", self.channel_order)
        _require(self.sampling in SAMPLINGS, "sampling", "'dense' or 'segments'", self.sampling)
        if self.in_segments:
            object.__setattr__(self, "stride", 1)

    def __repr__(self):
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        shown = ", ".join(f"{name}={value!r}" for name, value in _told(fields))
        return f"{type(self).__name__}({shown})"

    def _per_channel(self, name):
        value = getattr(self, name)
        values = tuple(value) if isinstance(value, list | tuple) else (value,)
        _require(all(map(_is_number, values)), name, f"one number or {self.channels} numbers", value)
        values = tuple(map(float, values))
        if len(values) == 1:
            values = values * self.channels
        if len(values) == 3 and self.channels == 1:  # a colour preset used on grey clips
            values = (sum(values) / 3,)
        _require(len(values) == self.channels, name, f"one number or {self.channels} numbers", value)
        return values

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, height, width, channels) of one clip, uint8."""
        return (self.frames, self.height, self.width, self.channels)

    @property
    def span(self) -> int:
        """Source frames from the first to the last of a clip, both counted: 16 frames of stride 2 span 31.

        A clip of segments spans the video; this is then how many frames that must have for none to be repeated.
        """
        return (self.frames - 1) * self.stride + 1

    @property
    def in_segments(self) -> bool:
        """Whether `sampling` is "segments"."""
        return self.sampling == "segments"

    @property
    def timing(self) -> str:
        """Which frames of a video make a clip, in words."""
        how = f"one of each of {self.frames} parts" if self.in_segments else f"stride {self.stride}"
        return f"{self.frames} frames, {how}" + (f" at {self.fps:g} fps" if self.fps is not None else "")

    def pixel_scaling(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(scale, shift) of each channel: a network sees `pixel * scale + shift`, channels in `channel_order`.

        >>> ClipSpec(mean=0.5, std=0.5, channels=1).pixel_scaling()
        ((0.00784313725490196,), (-1.0,))
        """
        low, high = self.value_range
        return (tuple((high - low) / 255 / std for std in self.std),
                tuple((low - mean) / std for mean, std in zip(self.mean, self.std)))

    def cut(self, height: Ints, width: Ints, crop: int | tuple[int, int, bool] = 1, positions: int = 3,
            xp: Any = Plain) -> Cut:
        """What is done to a `height` x `width` picture: all of it is resized, then cropped.

        Args:
            height, width: ints; or arrays of many heights and widths, or tensors, with their library as `xp`.
            crop: int, a position of `positions` along the longer side, as for `crop_offsets`; or (row, column,
                mirrored), row and column each 0 first, 1 middle or 2 last.
            positions: int.
            xp: the module `numpy` or `tensorflow` for what they hold; left out for ints.

        Raises:
            ValueError: for a crop that there is not.

        >>> ClipSpec().cut(240, 320)
        Cut(box=(0, 0, 240, 320), size=(128, 170), crop=(8, 29, 112, 112), mirrored=False)
        """
        size = self.resized_size(height, width, xp)
        if not isinstance(crop, tuple):
            corner, mirrored = self._offsets(*size, crop, positions, xp), False
        else:
            row, column, mirrored = crop
            if not {row, column} <= {0, 1, 2}:
                raise ValueError("A crop is a position, or (row, column, mirrored) with row and column 0, 1 or 2. "
                                 f"Received: {crop}.")
            corner = (size[0] - self.height) * row // 2, (size[1] - self.width) * column // 2
        return Cut((0, 0, height, width), size, (*corner, self.height, self.width), mirrored)

    def box_cut(self, box: tuple) -> Cut:
        """What is done to a picture of which `box`, (top, left, height, width), is scaled to the clip's size."""
        return Cut(box, (self.height, self.width), (0, 0, self.height, self.width))

    def crop_in_source(self, height: Ints, width: Ints, xp: Any = Plain) -> tuple[Ints, Ints]:
        """(height, width), in a `height` x `width` source, of what a crop shows; a `box_cut` of it scales no more.

        >>> ClipSpec().crop_in_source(240, 320)
        (210, 211)
        """
        size = self.resized_size(height, width, xp)
        return (xp.maximum(rounded(height * self.height, size[0]), 1),
                xp.maximum(rounded(width * self.width, size[1]), 1))

    def resized_size(self, height: Ints, width: Ints, xp: Any = Plain) -> tuple[Ints, Ints]:
        """Size of a `height` x `width` source after resizing, before cropping: (height, width), covering the crop.

        >>> ClipSpec().resized_size(240, 320)
        (128, 170)
        """
        if isinstance(self.resize, tuple):
            return self.resize
        short = xp.minimum(height, width)
        # One scale for both axes: the largest of what `resize` asks for and what each axis of the crop needs.
        return (xp.maximum(xp.maximum(height * self.resize // short, height * self.width // width), self.height),
                xp.maximum(xp.maximum(width * self.resize // short, width * self.height // height), self.width))

    def crop_offsets(self, height: int, width: int, position: int = 1, positions: int = 3) -> tuple[int, int]:
        """(top, left) of the crop in a resized picture: the centre one, or one of several along the longer side.

        `position` counts from 0 to `positions - 1`, left to right or top to bottom, ends included; the other axis is
        centred. Position 1 of 3, or the only one of 1, is the centre crop.

        Raises:
            ValueError: for a picture smaller than the crop, or a position that there is not.
        """
        _require(height >= self.height and width >= self.width, "crop",
                 f"a picture of {self.height}x{self.width} at least", (height, width))
        return self._offsets(height, width, position, positions, Plain)

    def _offsets(self, height, width, position, positions, xp):
        _require(_is_positive_int(positions), "positions", "a positive int", positions)
        _require(position in range(max(positions, 2)), "position", f"from 0 to {positions - 1}", position)
        free_height, free_width = height - self.height, width - self.width
        top, left = free_height // 2, free_width // 2
        if positions == 1:
            return top, left
        tall = height > width
        return (xp.where(tall, free_height * position // (positions - 1), top),
                xp.where(tall, left, free_width * position // (positions - 1)))

    def replace(self, **changes) -> "ClipSpec":
        """A copy with some fields changed; `resize` follows a changed height or width unless it is given too."""
        if ("height" in changes or "width" in changes) and "resize" not in changes:
            changes["resize"] = None
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict:
        """The fields as JSON-ready values; `sampling` where it is not "dense", which is what files without it are."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in _told(dataclasses.asdict(self))}

    @classmethod
    def from_dict(cls, fields: dict) -> "ClipSpec":
        """The inverse of `to_dict`; unknown fields are refused by name."""
        _require(isinstance(fields, dict), "clip", "a mapping of a clip's fields", fields)
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(fields) - known)
        if unknown:
            raise ValueError(f"A clip has the fields {sorted(known)}. Received unknown: {unknown}.")
        values: dict = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**values)

    def to_json(self) -> str:
        """The fields as a JSON text, one a line."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ClipSpec":
        """The inverse of `to_json`."""
        return cls.from_dict(json.loads(text))

    def save(self, path: str | os.PathLike) -> None:
        """Writes `to_json` to `path`, aside and renamed."""
        write_aside(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike) -> "ClipSpec":
        """Reads what `save` wrote."""
        with open(path, encoding="utf-8") as file:
            return cls.from_json(file.read())


def _told(fields):
    """(name, value) of the fields that are written and shown: `sampling` where it is not that of files without it."""
    return [(name, value) for name, value in fields.items() if (name, value) != ("sampling", "dense")]


def _is_positive_int(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive_number(value):
    return _is_number(value) and value > 0


def _require(condition, name, expected, received):
    if not condition:
        raise ValueError(f"`{name}` must be {expected}. Received: {name}={received!r}.")


def check_clip(clip) -> ClipSpec:
    """`clip`; a ValueError for what is no ClipSpec."""
    if not isinstance(clip, ClipSpec):
        raise ValueError("`clip` must be a res3d.ClipSpec; res3d.preset(name) gives a published one. "
                         f"Received: clip={clip!r}.")
    return clip
