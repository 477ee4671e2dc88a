"""Steps that choose and scale the part of the picture that a clip keeps.

Such a step (`random_resized_crop`, `short_side_jitter`) also has `box(height, width, key)`. At the head of a chain,
`training_clips` asks that before decoding, and OpenCV then scales just those pixels: nothing is resized twice.
"""


import numpy as np
import tensorflow as tf

from pipelines.augment.chaining import check_range, uniforms
from pipelines.sample.seeds import draw, fold_in, uniform


class BoxStep:
    """Chooses a box of the picture and scales it to (height, width); both as a graph and, with integers, for a decoder.

    Args:
        place: function of (height, width, four floats in [0, 1), numpy or tf.math) returning top, left, height, width
            as floats inside the picture.
        height, width: ints. Of the result.
    """

    spatial = True

    def __init__(self, place, height, width):
        self.place, self.height, self.width = place, height, width

    def box(self, height, width, key):
        """(top, left, height, width), ints, of the part to keep of a `height` x `width` picture."""
        draws = [uniform(key, number) for number in range(4)]
        top, left, box_height, box_width = self.place(float(height), float(width), draws, np)
        box_height, box_width = (max(1, int(box_height)), max(1, int(box_width)))
        return min(int(top), height - box_height), min(int(left), width - box_width), box_height, box_width

    def boxes(self, heights, widths, keys):
        """`box` of many pictures at once, int64 (n, 4); the arguments are int64 (n,)."""
        draws = [(fold_in(keys, number) >> np.uint64(11)).astype(np.float64) / 2**53 for number in range(4)]
        box = self.place(heights.astype(float), widths.astype(float), draws, np)
        top, left, rows, columns = (np.broadcast_to(edge, heights.shape).astype(np.int64) for edge in box)
        rows, columns = np.maximum(rows, 1), np.maximum(columns, 1)
        return np.stack([np.minimum(top, heights - rows), np.minimum(left, widths - columns), rows, columns], axis=1)

    def resizes(self, height, width):
        """Whether the box of a `height` x `width` picture has to be scaled: some do, whatever the picture."""
        return True

    def __call__(self, clip, seed):
        shape = tf.shape(clip)
        height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
        box = self.place(height, width, uniforms(seed, 4), tf.math)
        top, left, box_height, box_width = (tf.cast(value, tf.int32) for value in box)
        box_height, box_width = tf.maximum(box_height, 1), tf.maximum(box_width, 1)
        top, left = tf.minimum(top, shape[1] - box_height), tf.minimum(left, shape[2] - box_width)
        return resize(clip[:, top:top + box_height, left:left + box_width], self.height, self.width)


def random_resized_crop(height: int, width: int | None = None, scale: tuple[float, float] = (0.08, 1.0),
                        ratio: tuple[float, float] = (3 / 4, 4 / 3)) -> "BoxStep":
    """A box of random area and aspect, scaled to `height` x `width` (Szegedy et al., 2014, arXiv 1409.4842).

    Args:
        height, width: ints. Of the result; one number makes a square.
        scale: (float, float). Least and greatest share of the picture's area.
        ratio: (float, float). Least and greatest width / height of the box; drawn on a log scale. A box too large
            is cut to the picture.

    Raises:
        ValueError: for a `scale` or a `ratio` out of its range.
    """
    width = width if width is not None else height
    check_range("scale", scale, 0, 1)
    check_range("ratio", ratio, 0, float("inf"))
    log_low, log_high = np.log(ratio[0]), np.log(ratio[1])

    def place(full_height, full_width, draws, xp):
        area = full_height * full_width * (scale[0] + (scale[1] - scale[0]) * draws[0])
        aspect = xp.exp(log_low + (log_high - log_low) * draws[1])
        box_height = xp.minimum(full_height, xp.floor(xp.sqrt(area / aspect) + 0.5))
        box_width = xp.minimum(full_width, xp.floor(xp.sqrt(area * aspect) + 0.5))
        return _anywhere(full_height, full_width, box_height, box_width, draws, xp)

    return BoxStep(place, height, width)


def short_side_jitter(height: int, width: int | None = None, short_side: tuple[int, int] = (256, 320)) -> "BoxStep":
    """Scales the short side to a random length, keeps the aspect, and crops `height` x `width` anywhere.

    Args:
        height, width: ints. Of the result; one number makes a square.
        short_side: (int, int). Least and greatest length, both possible, neither below the crop. (256, 320) with a crop
            of 224 is the habit of non-local networks (Wang et al., 2018, arXiv 1711.07971).

    Raises:
        ValueError: for lengths out of order or below the crop.
    """
    width = width if width is not None else height
    low, high = short_side
    if not max(height, width) <= low <= high:
        raise ValueError(f"`short_side` must be two lengths, the smaller first and not below the crop of {height}x"
                         f"{width}. Received: short_side={short_side}.")

    def place(full_height, full_width, draws, xp):
        side = xp.floor(low + (high - low + 1) * draws[0])
        shrink = xp.minimum(full_height, full_width) / side
        box_height, box_width = xp.floor(height * shrink + 0.5), xp.floor(width * shrink + 0.5)
        return _anywhere(full_height, full_width, box_height, box_width, draws, xp)

    return BoxStep(place, height, width)


def _anywhere(full_height, full_width, box_height, box_width, draws, xp):
    top = xp.floor((full_height - box_height + 1) * draws[2])
    left = xp.floor((full_width - box_width + 1) * draws[3])
    return top, left, box_height, box_width


class ClipCrop:
    """The crop of a `ClipSpec`, anywhere in the picture.

    Boxes are in pixels of the source, so that a decoder scales only what is kept.
    """

    def __init__(self, clip):
        self.clip = clip

    def box(self, height, width, key):
        """(top, left, height, width), ints, of the part to keep of a `height` x `width` picture."""
        box_height, box_width = self.clip.crop_in_source(height, width)
        return draw(0, height - box_height + 1, key, 2), draw(0, width - box_width + 1, key, 3), box_height, box_width

    def boxes(self, heights, widths, keys):
        """`box` of many pictures at once, int64 (n, 4); the arguments are int64 (n,)."""
        rows, columns = self.clip.crop_in_source(heights, widths, np)
        top, left = ((fold_in(keys, number) % (free + 1).astype(np.uint64)).astype(np.int64)
                     for number, free in ((2, heights - rows), (3, widths - columns)))
        return np.stack([top, left, rows, columns], axis=1)

    def resizes(self, height, width):
        """Whether the box of a `height` x `width` picture has to be scaled."""
        return self.clip.crop_in_source(height, width) != (self.clip.height, self.clip.width)


class Spatial:
    """A step that chooses or scales a part of the picture, and so wants the whole of it at the head of a chain."""

    spatial = True

    def __init__(self, function):
        self._function = function

    def __call__(self, clip, seed):
        return self._function(clip, seed)


def resize_short_side(side):
    """Scales the short side to `side` pixels, keeping the aspect."""
    def step(clip, seed):
        height, width = tf.shape(clip)[1], tf.shape(clip)[2]
        short = tf.minimum(height, width)
        return resize(clip, height * side // short, width * side // short)

    return Spatial(step)


def random_crop(height, width=None):
    """`height` x `width` pixels from anywhere in a picture at least that large."""
    width = width if width is not None else height

    def step(clip, seed):
        free = _free(clip, height, width)
        down, right = uniforms(seed, 2)
        top, left = (tf.cast(u * tf.cast(n + 1, tf.float32), tf.int32) for u, n in zip((down, right), free))
        return _crop(clip, tf.minimum(top, free[0]), tf.minimum(left, free[1]), height, width)

    return Spatial(step)


def centre_crop(height, width=None):
    """`height` x `width` pixels from the middle of a picture at least that large."""
    width = width if width is not None else height

    def step(clip, seed):
        free = _free(clip, height, width)
        return _crop(clip, free[0] // 2, free[1] // 2, height, width)

    return Spatial(step)


def _free(clip, height, width):
    shape = tf.shape(clip)
    free = shape[1] - height, shape[2] - width
    enough = tf.debugging.assert_non_negative(tf.stack(free), f"Expected a picture of at least {height}x{width} to "
                                              "crop from. Scale it up first, for example with resize_short_side.")
    with tf.control_dependencies([] if enough is None else [enough]):
        return tf.identity(free[0]), tf.identity(free[1])


def _crop(clip, top, left, height, width):
    clip = clip[:, top:top + height, left:left + width]
    return tf.ensure_shape(clip, (clip.shape[0], height, width, clip.shape[-1]))


def resize(clip, height, width):
    """Scales every frame to `height` x `width`, bilinear without smoothing, uint8 in and out."""
    scaled = to_uint8(tf.image.resize(clip, tf.stack([height, width])))
    sides = [side if isinstance(side, int) else None for side in (height, width)]
    return tf.ensure_shape(scaled, (clip.shape[0], *sides, clip.shape[-1]))


def to_uint8(values):
    """Floats rounded to the nearest of 0..255."""
    return tf.cast(tf.clip_by_value(tf.round(values), 0.0, 255.0), tf.uint8)
