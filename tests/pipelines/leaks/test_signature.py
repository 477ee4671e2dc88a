"""Signatures: frames at even times, bars cut off, folders of frames as videos."""

import numpy as np
import pytest

from pipelines.leaks.signature import HEIGHT, RATE, WIDTH, look_at, small, ticks, unbarred
from pipelines.video import frame_folder, opencv, reading, write_video


def test_ticks_are_the_nearest_frames_each_once():
    assert ticks(np.arange(40) / 20).tolist() == [0, 5, 10, 15, 20, 25, 30, 35]
    assert ticks(np.array([0.0, 0.5, 1.0])).tolist() == [0, 1, 2]  # two a second are all there are
    assert ticks(np.array([0.0])).tolist() == [0]


def test_a_long_video_has_no_more_than_the_most(monkeypatch):
    monkeypatch.setattr("pipelines.leaks.signature.MOST", 10)
    assert len(ticks(np.arange(0, 60, 0.04))) == 10


def test_bars_are_cut_off_and_dark_videos_are_left_whole():
    frame = np.zeros((96, 108), "uint8")
    frame[12:84] = 100
    assert unbarred(frame) == (12, 84, 0, 108)
    assert unbarred(frame.T) == (0, 108, 12, 84)
    assert unbarred(np.zeros((96, 108))) == (0, 96, 0, 108)
    assert (small(frame[None]) == 100).all()


@pytest.fixture(scope="module")
def ramp():
    """Fifty frames that grow brighter from left to right and with time."""
    row = np.linspace(30, 120, 160)
    return [np.repeat((row + i)[None, :, None], 3, axis=2).repeat(120, axis=0).astype("uint8") for i in range(50)]


def test_a_video_and_a_part_of_it(ramp, tmp_path):
    write_video(tmp_path / "a.avi", ramp, fps=25)
    info = reading.probe(tmp_path / "a.avi")
    whole = look_at(tmp_path / "a.avi", info)
    assert whole.pictures.shape == (8, HEIGHT, WIDTH)
    np.testing.assert_allclose(whole.times, np.arange(8) / RATE, atol=0.02)
    assert (np.diff(whole.background, axis=1) >= 0).all()
    part = look_at(tmp_path / "a.avi", info, 25, 50)
    assert part.times[0] == 1.0
    np.testing.assert_array_equal(part.pictures[0], whole.pictures[4])


def test_a_folder_of_frames_is_a_video_too(ramp, tmp_path):
    for i, frame in enumerate(ramp):
        (tmp_path / f"{i:03d}.jpg").write_bytes(opencv.encode_image(frame))
    info = frame_folder.probe(str(tmp_path))
    found = look_at(str(tmp_path), info, is_folder=True)
    assert found.pictures.shape[1:] == (HEIGHT, WIDTH)
    assert len(found.times) == len(ticks(info.times_us / 1e6))
