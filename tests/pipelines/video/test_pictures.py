"""Images, captions, written videos and live sources."""

import numpy as np
import pytest

from pipelines.video import opencv, reading
from pipelines.video.info import VideoError
from pipelines.video.live import live_frames
from pipelines.video.writer import write_video

PICTURE = np.add.outer(np.arange(24) * 4, np.arange(32) * 3).astype(np.uint8)[..., None] + np.uint8([0, 20, 40])


def test_png_loses_nothing():
    data = opencv.encode_image(PICTURE, ".png")
    assert data[:4] == b"\x89PNG"
    np.testing.assert_array_equal(opencv.decode_image(data), PICTURE)
    grey = opencv.encode_image(PICTURE[..., 0], ".png")
    np.testing.assert_array_equal(opencv.decode_image(grey, 1), PICTURE[..., :1])


def test_jpeg_is_close_and_has_the_right_colours():
    red = np.zeros((16, 16, 3), np.uint8) + np.array([200, 10, 30], np.uint8)
    np.testing.assert_allclose(opencv.decode_image(opencv.encode_image(red)), red, atol=4)  # chroma is rounded
    assert len(opencv.encode_image(PICTURE, quality=10)) < len(opencv.encode_image(PICTURE, quality=95))


def test_image_from_a_path(tmp_path):
    path = tmp_path / "frame %03d.png"
    path.write_bytes(opencv.encode_image(PICTURE, ".png"))
    np.testing.assert_array_equal(opencv.decode_image(path), PICTURE)


def test_what_is_no_image(tmp_path):
    with pytest.raises(VideoError, match=r"'<4 bytes in memory>': no image can be decoded from its 4 bytes"):
        opencv.decode_image(b"abcd")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(VideoError, match=r"no image can be decoded from its 0 bytes"):
        opencv.decode_image(tmp_path / "empty.jpg")
    with pytest.raises(VideoError, match="there is no such file"):
        opencv.decode_image(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match=r"An image is uint8 .* Received: float64 \(4, 4, 3\)"):
        opencv.encode_image(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"`extension` must be one of '.jpg', '.png'. Received: '.gif'"):
        opencv.encode_image(PICTURE, ".gif")


def test_resize_and_text():
    assert opencv.resize_image(PICTURE, (12, 16)).shape == (12, 16, 3)
    assert opencv.resize_image(PICTURE[..., :1], (12, 16)).shape == (12, 16, 1)
    page = np.zeros((120, 160, 3), np.uint8)
    opencv.add_text(page, "archery 97 %", row=1)
    rows = np.flatnonzero(page.any((1, 2)))
    assert rows.min() > 8
    assert rows.max() < 28


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi", "a.mkv"])
def test_written_videos_read_back(tmp_path, name):
    frames = np.stack([PICTURE // 2 + i for i in range(5)])
    assert write_video(tmp_path / name, iter(frames), fps=12.5) == 5
    info = reading.probe(tmp_path / name)
    assert (info.num_frames, info.height, info.width, info.fps) == (5, 24, 32, 12.5)
    error = np.abs(reading.read_frames(tmp_path / name, range(5)).astype(int) - frames).mean()
    assert error < 8  # lossy codecs at low resolution
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_nothing_half_written_is_left(tmp_path):
    def breaks():
        yield PICTURE
        raise KeyError("source")

    with pytest.raises(KeyError):
        write_video(tmp_path / "a.avi", breaks())
    with pytest.raises(ValueError, match=r"at least one frame\. Received none"):
        write_video(tmp_path / "a.avi", [])
    with pytest.raises(ValueError, match=r"Received: uint8 \(12, 32, 3\) as frame 1, after \(24, 32, 3\)"):
        write_video(tmp_path / "a.avi", [PICTURE, PICTURE[::2]])
    with pytest.raises(ValueError, match=r"This OpenCV cannot write '.*a\.avi' with codec 'nope'"):
        write_video(tmp_path / "a.avi", [PICTURE], codec="nope")
    with pytest.raises(ValueError, match=r"`extension` must be one of '.mp4', .* Received: '.txt'"):
        write_video(tmp_path / "a.txt", [PICTURE])
    assert not list(tmp_path.iterdir())


def test_live_frames_of_a_file(tmp_path):
    frames = np.stack([PICTURE // 2 + i for i in range(5)])
    write_video(tmp_path / "a.mkv", frames, fps=10, codec="FFV1")
    seen = list(live_frames(tmp_path / "a.mkv"))
    np.testing.assert_allclose([seconds for seconds, _ in seen], np.arange(5) / 10)
    np.testing.assert_array_equal([frame for _, frame in seen], frames)
    assert next(live_frames(tmp_path / "a.mkv", size=(12, 16)))[1].shape == (12, 16, 3)


def test_live_source_that_does_not_answer():
    with pytest.raises(VideoError, match=r"'rtsp://127\.0\.0\.1:9/x': it does not answer"):
        next(live_frames("rtsp://127.0.0.1:9/x", timeout=2.0))
    with pytest.raises(VideoError, match=r"'camera 99': it does not answer"):
        next(live_frames(99))
