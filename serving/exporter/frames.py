"""Encoded frames to clips inside the graph: decoded, resized and cropped as the `ClipSpec` says, with core ops only."""

import tensorflow as tf


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
        picture = tf.io.decode_jpeg(content, channels=clip.channels, dct_method="INTEGER_ACCURATE")
        return fit(picture[tf.newaxis], clip)[0]

    shape = tf.TensorSpec((clip.height, clip.width, clip.channels), tf.uint8)
    return tf.map_fn(decode, encoded, parallel_iterations=32, fn_output_signature=shape)


def decode_animation(encoded, clip):
    """One GIF a clip: `clip.frames` of its frames, spread evenly over it, resized and cropped.

    Args:
        encoded: string tensor `(batch,)`.
        clip: ClipSpec.

    Returns:
        uint8 `(batch, *clip.shape)`.
    """
    def decode(content):
        frames = tf.io.decode_gif(content)
        steps = (2 * tf.range(clip.frames) + 1) * tf.shape(frames)[0] // (2 * clip.frames)
        frames = tf.gather(frames, steps)
        if clip.channels == 1:
            frames = tf.image.rgb_to_grayscale(frames)
        return fit(frames, clip)

    return tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec(clip.shape, tf.uint8))


def fit(frames, clip):
    """Resizes and crops uint8 frames of one size; frames of the clip's own size are taken as they are.

    Args:
        frames: uint8 `(n, height, width, channels)`, any height and width.
        clip: ClipSpec. Its `resized_size` and its centre crop, bilinear between pixel centres, rounded.

    Returns:
        uint8 `(n, clip.height, clip.width, channels)`.
    """
    height, width = tf.shape(frames)[1], tf.shape(frames)[2]

    def resize_and_crop():
        new_height, new_width = resized_size(height, width, clip)
        resized = tf.image.resize(frames, tf.stack([new_height, new_width]), "bilinear")
        top, left = (new_height - clip.height) // 2, (new_width - clip.width) // 2
        cropped = resized[:, top:top + clip.height, left:left + clip.width]
        # Halves round up, as OpenCV's fixed-point bilinear does.
        return tf.cast(tf.floor(cropped + 0.5), tf.uint8)

    ready = tf.logical_and(tf.equal(height, clip.height), tf.equal(width, clip.width))
    fitted = tf.cond(ready, lambda: frames, resize_and_crop)
    return tf.ensure_shape(fitted, (None, clip.height, clip.width, frames.shape[-1]))


def resized_size(height, width, clip):
    """`clip.resized_size` on int32 scalars of the graph."""
    if isinstance(clip.resize, tuple):
        return tf.constant(clip.resize[0]), tf.constant(clip.resize[1])
    short = clip.resize
    landscape = height <= width
    tall = tf.where(landscape, short, height * short // tf.minimum(height, width))
    wide = tf.where(landscape, width * short // tf.minimum(height, width), short)
    covers = tf.logical_and(tall >= clip.height, wide >= clip.width)
    by_height = clip.height * width >= clip.width * height
    tall_needed = tf.where(by_height, clip.height, tf.maximum(clip.height, height * clip.width // width))
    wide_needed = tf.where(by_height, tf.maximum(clip.width, width * clip.height // height), clip.width)
    return tf.where(covers, tall, tall_needed), tf.where(covers, wide, wide_needed)
