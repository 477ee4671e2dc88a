"""What a stranger's picture may cost in the graph, whatever server runs it."""

import struct
import time
import zlib

import cv2
import numpy as np
import pytest
import tensorflow as tf

from res3d.geometry import ClipSpec
from serving.exporter import frames, headers

CLIP = ClipSpec(frames=2, height=24, width=24)


def png(width, height, rows=None):
    """A black PNG; with `rows`, one whose header promises more than it holds."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = bytes((1 + width) * (height if rows is None else rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b""))


def jpeg(height, width):
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def gif(screen, sizes, comment=b""):
    """A GIF of black frames with an empty stream of pixels: its decoder gets no further than their headers."""
    parts = [b"GIF89a", struct.pack("<HHBBB", *screen, 0x80, 0, 0), bytes(6)]
    for size in sizes:
        parts += [b"!\xf9\x04\0\0\0\0\0", comment, b",", struct.pack("<HHHHB", 0, 0, *size, 0), b"\x02\x01\x2c\0"]
    return b"".join([*parts, b";"])


@pytest.fixture(scope="module")
def decode():
    return tf.function(lambda encoded: frames.decode_pictures(encoded, CLIP),
                       input_signature=[tf.TensorSpec((None,), tf.string)])


@pytest.fixture(scope="module")
def animate():
    return tf.function(lambda encoded: frames.decode_animation(encoded, CLIP),
                       input_signature=[tf.TensorSpec((None,), tf.string)])


@pytest.fixture(scope="module")
def walk():
    return tf.function(headers._walk, input_signature=[tf.TensorSpec((), tf.string)])


@pytest.mark.parametrize("size", [(60000, 1), (1, 60000), (30000, 2), (9000, 1000), (20000, 11)])
def test_long_thin_pictures_cost_what_others_do(decode, size):
    start = time.process_time()
    assert decode([png(*size)] * 8).shape == (8, 24, 24, 3)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("content", [
    png(60000, 60000, rows=2), png(9_000_001, 1), png(2**31 - 1, 2**31 - 1, rows=0), png(3001, 3000),
    jpeg(3001, 3000)], ids=["square", "line", "largest", "one column more", "jpeg"])
def test_too_many_pixels_are_refused_from_the_header(decode, content):
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 9000000 pixels"):
        decode([content])


def test_the_largest_picture_is_taken(decode):
    assert decode([jpeg(3000, 3000), png(4096, 2160)]).shape == (2, 24, 24, 3)


def test_a_jpeg_of_a_thousand_scans_is_refused(decode):
    content = jpeg(32, 32)
    start = content.index(b"\xff\xda")
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 64 scans"):
        decode([content[:-2] + content[start:-2] * 1000 + b"\xff\xd9"])
    progressive = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1]
    assert decode([progressive.tobytes()])[0, 0, 0, 0] == 90


@pytest.mark.parametrize("content", [b"", b"hello", b"BM" + bytes(60), b"RIFF\x1a\0\0\0WEBPVP8 ", b"\xff\x0a\0\0",
                                     gif((8, 8), [(8, 8)])], ids=["empty", "text", "bmp", "webp", "jxl", "gif"])
def test_other_kinds_of_pictures_are_refused_by_name(decode, content):
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be a JPEG or a PNG"):
        decode([content])


@pytest.mark.parametrize("cut", [8, 12, 16, 18, 23, 24, 30])
def test_a_png_that_ends_in_its_header_is_the_decoders_to_refuse(decode, cut):
    with pytest.raises(tf.errors.InvalidArgumentError, match="PNG"):
        decode([png(20, 10)[:cut]])


@pytest.mark.parametrize(("height", "width"), [(9, 80), (80, 9), (7, 100), (100, 7), (3, 121)])
def test_the_middle_of_a_thin_picture_stays_where_it_was(height, width):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (1, height, width, 3), np.uint8)
    cut = CLIP.cut(height, width)
    whole = cut.cropped(tf.image.resize(picture, cut.size, "bilinear")).numpy()
    near = np.abs(frames.fit(tf.constant(picture), CLIP).numpy().astype(float) - whole)
    assert near.max() <= 6  # nothing but how a scale is rounded
    assert near.mean() < 1


def test_wide_clips_keep_wide_pictures():
    clip = ClipSpec(frames=1, height=8, width=256, channels=1, resize=8)
    picture = np.random.default_rng(2).integers(0, 255, (1, 8, 600, 1), np.uint8)
    np.testing.assert_array_equal(frames.fit(tf.constant(picture), clip).numpy(), picture[:, :, 172:428])


@pytest.mark.parametrize(("screen", "sizes", "pixels"), [
    ((10, 6), [(10, 6)] * 3, 180), ((1, 1), [(8000, 2000)] + [(1, 1)] * 30, 31 * 16_000_000),
    ((4000, 4000), [(1, 1)] * 50, 50 * 16_000_000), ((5, 5), [(1, 9), (9, 1)], 2 * 81)])
def test_a_gif_is_measured_from_its_headers(walk, screen, sizes, pixels):
    comment = b"!\xfe\xff" + b"\0,\xff\xff\xff" * 51 + b"\x05\0,,,,\0"  # what looks like headers inside
    assert walk(gif(screen, sizes))[0] == walk(gif(screen, sizes, comment))[0] == pixels


@pytest.mark.parametrize(("content", "why"), [
    (gif((1, 1), [(8000, 2000)] + [(1, 1)] * 30), "at most 67108864 pixels"),
    (gif((4000, 4000), [(1, 1)] * 5), "at most 67108864 pixels"),
    (gif((1, 1), [(1, 1)] * 5000), "at most some 1250 frames"),
    (png(8, 8), "must be a GIF"), (jpeg(8, 8), "must be a GIF"), (b"", "must be a GIF")],
    ids=["one large frame", "a large screen", "very many", "png", "jpeg", "empty"])
def test_a_gif_that_costs_too_much_is_refused(animate, content, why):
    start = time.process_time()
    with pytest.raises(tf.errors.InvalidArgumentError, match=why):
        animate([content])
    assert time.process_time() - start < 5


@pytest.mark.parametrize("cut", range(6, 60, 7))
def test_a_gif_cut_short_ends_the_walk(walk, cut):
    pixels, steps = walk(gif((10, 6), [(10, 6)] * 3)[:cut])
    assert 0 <= pixels <= 180
    assert steps < 30
