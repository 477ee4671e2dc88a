"""Encoded frames to clips inside the graph: decoded, resized and cropped as the `ClipSpec` says, with core ops only.

What a stranger's picture may cost is bounded here, in the graph, so that it holds under any server: its pixels are
read from the header before they are decoded, and of a long, thin one only the middle is scaled.
"""

import math

import tensorflow as tf

from serving.exporter import headers

AT_ONCE = 8  # pictures decoded side by side: at most 8 times `headers.MOST_PIXELS` lie in memory
LONGEST = 8  # times the short side, and the crop's own aspect: more of a picture than that is never scaled


def decode_pictures(encoded, clip):
    """JPEG or PNG files to clip pixels.

    Args:
        encoded: string tensor `(n,)`, one file each, of any sizes.
        clip: ClipSpec.

    Returns:
        uint8 `(n, clip.height, clip.width, clip.channels)`.
    """
    def decode(content):
        # The accurate inverse DCT is what OpenCV and Pillow use: the same file gives the same pixels as there.
        with tf.control_dependencies([headers.check_picture(content)]):
            picture = tf.io.decode_jpeg(content, channels=clip.channels, dct_method="INTEGER_ACCURATE")
        return fit(picture[tf.newaxis], clip)[0]

    shape = tf.TensorSpec((clip.height, clip.width, clip.channels), tf.uint8)
    return tf.map_fn(decode, encoded, parallel_iterations=AT_ONCE, fn_output_signature=shape)


def decode_many(encoded, clip):
    """Pictures `(..., clip.frames)` of any leading axes to uint8 pixels with the same ones; as `decode_pictures`."""
    pictures = decode_pictures(tf.reshape(encoded, [-1]), clip)
    return tf.reshape(pictures, tf.concat([tf.shape(encoded), clip.shape[1:]], 0))


def decode_raw(clip_bytes, clip):
    """The pixels of whole clips, strings `(batch,)`, as uint8 `(batch, *clip.shape)`."""
    pixels = tf.ensure_shape(tf.io.decode_raw(clip_bytes, tf.uint8), (None, math.prod(clip.shape)))
    return tf.reshape(pixels, (-1, *clip.shape))


def decode_animation(encoded, clip):
    """One GIF a clip: `clip.frames` of its frames, spread evenly over it, resized and cropped.

    Args:
        encoded: string tensor `(batch,)`.
        clip: ClipSpec.

    Returns:
        uint8 `(batch, *clip.shape)`.
    """
    def decode(content):
        with tf.control_dependencies([headers.check_animation(content)]):
            frames = tf.io.decode_gif(content)
        steps = (2 * tf.range(clip.frames) + 1) * tf.shape(frames)[0] // (2 * clip.frames)
        frames = tf.gather(frames, steps)
        if clip.channels == 1:
            frames = tf.image.rgb_to_grayscale(frames)
        return fit(frames, clip)

    return tf.map_fn(decode, encoded, parallel_iterations=1, fn_output_signature=tf.TensorSpec(clip.shape, tf.uint8))


def fit(frames, clip):
    """Resizes and crops uint8 frames of one size; frames of the clip's own size are taken as they are.

    Args:
        frames: uint8 `(n, height, width, channels)`, any height and width.
        clip: ClipSpec. Its centre `cut`, bilinear between pixel centres, rounded.

    Returns:
        uint8 `(n, clip.height, clip.width, channels)`.
    """
    height, width = tf.shape(frames)[1], tf.shape(frames)[2]

    def resize_and_crop():
        middle = _middle(frames, clip)
        cut = clip.cut(tf.shape(middle)[1], tf.shape(middle)[2], xp=tf)  # its box is all of that
        cropped = cut.cropped(tf.image.resize(middle, tf.stack(cut.size), "bilinear"))
        # Halves round up, as OpenCV's fixed-point bilinear does.
        return tf.cast(tf.floor(cropped + 0.5), tf.uint8)

    ready = tf.logical_and(tf.equal(height, clip.height), tf.equal(width, clip.width))
    fitted = tf.cond(ready, lambda: frames, resize_and_crop)
    return tf.ensure_shape(fitted, (None, clip.height, clip.width, frames.shape[-1]))


def _middle(frames, clip):
    """What is scaled of frames that are very long and thin: whole short sides are left out at both ends of the long
    one, so that the pixels of the crop stay where they are. A clip that squeezes whole pictures keeps them."""
    if isinstance(clip.resize, tuple):
        return frames
    most = LONGEST * -(-max(clip.height, clip.width) // min(clip.height, clip.width))
    height, width = tf.shape(frames)[1], tf.shape(frames)[2]
    short = tf.maximum(tf.minimum(height, width), 1)
    top, left = (tf.maximum(size - most * short, 0) // (2 * short) * short for size in (height, width))
    return frames[:, top:height - top, left:width - left]
