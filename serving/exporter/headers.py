"""What the header of an encoded picture says of its size, in the graph, before anything is decoded."""

import tensorflow as tf

MOST_PIXELS = 9_000_000  # of a picture: 4096x2160 is 8.8 million
MOST_SCANS = 64  # of a JPEG; progressive ones of libjpeg have 10
MOST_STEPS = 10_000  # through a GIF; a frame takes some 8
MOST_ANIMATED = 2**26  # pixels of all frames of a GIF: 500 of 360x360

_PNG, _JPEG, _GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"


def check_picture(content):
    """An operation that fails for a picture of too many pixels or scans.

    Args:
        content: scalar string tensor. What is neither PNG nor JPEG fails too: TensorFlow's decoder takes more kinds of
            files, whose sizes lie elsewhere.
    """
    png, jpeg = _starts(content, _PNG), _starts(content, _JPEG)
    pixels, scans = tf.case(
        [(png, lambda: (_png_pixels(content), 0)), (jpeg, lambda: _jpeg(content))],
        default=lambda: (tf.constant(0, tf.int64), 0))
    return tf.group(
        _refuse(~(png | jpeg), "Unknown image file format. A picture must be a JPEG or a PNG. Encode it as one."),
        _refuse(pixels > MOST_PIXELS, f"A picture must have at most {MOST_PIXELS} pixels. Received more, by its "
                                      "header. Scale it before it is sent."),
        _refuse(scans > MOST_SCANS, f"A JPEG must have at most {MOST_SCANS} scans. Received more. Save it again as a "
                                    "baseline JPEG."))


def check_animation(content):
    """An operation that fails for a GIF whose frames have too many pixels together.

    Args:
        content: scalar string tensor. What is no GIF fails too.
    """
    gif = _starts(content, _GIF)
    pixels, steps = tf.cond(gif, lambda: _walk(content), lambda: (tf.constant(0, tf.int64), 0))
    return tf.group(
        _refuse(~gif, "Unknown image file format. An animation must be a GIF. Encode it as one."),
        _refuse(steps >= MOST_STEPS, f"A GIF must have at most some {MOST_STEPS // 8} frames. Received more, or blocks "
                                     "that no encoder writes. Send fewer frames."),
        _refuse(pixels > MOST_ANIMATED, f"The frames of a GIF must have at most {MOST_ANIMATED} pixels together. "
                                        "Received more, by their headers. Send fewer frames, or smaller ones."))


def _walk(content):
    """(pixels that the frames of a GIF take, steps made): from block to block, as its decoder goes, without unpacking.

    All frames take the size of the largest, so that one header decides what the others cost. A step passes a header, or
    whole chunks of 255 bytes at once, or one shorter chunk.
    """
    data = tf.pad(tf.io.decode_raw(content, tf.uint8), [[0, 32]])
    end = tf.size(data) - 32

    def number(at):
        return tf.cast(data[tf.minimum(at, end + 16)], tf.int32)

    def size(at):
        return number(at) + 256 * number(at + 1)

    def colors(at):
        packed = number(at)
        return tf.where(packed >= 128, 3 * tf.bitwise.left_shift(2, packed % 8), 0)

    def header(at, frames, width, height):
        image = tf.equal(number(at), ord(","))
        known = image | tf.equal(number(at), ord("!"))
        after = tf.where(image, at + 11 + colors(at + 9), at + 2)
        width, height = (tf.maximum(side, tf.where(image, size(at + place), 0))
                         for side, place in ((width, 5), (height, 7)))
        return tf.where(known, after, end), True, frames + tf.cast(image, tf.int32), width, height

    def chunk(at, frames, width, height):
        full = tf.argmin(tf.cast(tf.equal(data[at:end + 1:256], 255), tf.int32), output_type=tf.int32)
        at += 256 * full
        length = number(at)
        return at + 1 + length, length > 0, frames, width, height

    def step(at, inside, frames, width, height, steps):
        state = at, frames, width, height
        return *tf.cond(inside, lambda: chunk(*state), lambda: header(*state)), steps + 1

    start = 13 + colors(10), False, 0, size(6), size(8)
    _, _, frames, width, height, steps = tf.while_loop(
        lambda at, inside, frames, width, height, steps: (at < end) & (steps < MOST_STEPS), step, (*start, 0))
    frames, width, height = (tf.cast(value, tf.int64) for value in (frames, width, height))
    return frames * width * height, steps


def _starts(content, magic):
    return tf.equal(tf.strings.substr(content, 0, len(magic)), magic)


def _png_pixels(content):
    head = tf.cast(tf.io.decode_raw(tf.strings.substr(content, 0, 24), tf.uint8)[16:], tf.int64)
    head = tf.pad(head, [[0, 8 - tf.size(head)]])  # a file may end here
    sides = tf.reduce_sum(tf.reshape(head, (2, 4)) * tf.constant([2**24, 2**16, 2**8, 1], tf.int64), 1)
    return tf.reduce_prod(tf.minimum(sides, 2**31))


def _jpeg(content):
    shape = tf.cast(tf.io.extract_jpeg_shape(content), tf.int64)
    data = tf.io.decode_raw(content, tf.uint8)
    scans = tf.math.count_nonzero(tf.logical_and(tf.equal(data[:-1], 0xFF), tf.equal(data[1:], 0xDA)), dtype=tf.int32)
    return shape[0] * shape[1], scans


def _refuse(wrong, message):
    return tf.debugging.Assert(tf.logical_not(wrong), [message], summarize=1)
