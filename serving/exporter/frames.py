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
        clip: ClipSpec. Its centre `cut`, bilinear between pixel centres, rounded.

    Returns:
        uint8 `(n, clip.height, clip.width, channels)`.
    """
    height, width = tf.shape(frames)[1], tf.shape(frames)[2]

    def resize_and_crop():
        cut = clip.cut(height, width, xp=tf)  # its box is the whole picture
        cropped = cut.cropped(tf.image.resize(frames, tf.stack(cut.size), "bilinear"))
        # Halves round up, as OpenCV's fixed-point bilinear does.
        return tf.cast(tf.floor(cropped + 0.5), tf.uint8)

    ready = tf.logical_and(tf.equal(height, clip.height), tf.equal(width, clip.width))
    fitted = tf.cond(ready, lambda: frames, resize_and_crop)
    return tf.ensure_shape(fitted, (None, clip.height, clip.width, frames.shape[-1]))
