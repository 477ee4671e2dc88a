"""Reading frames: what is asked for comes back, in order, in the size asked for; what cannot is said in words."""

import itertools
import os
import struct
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from pipelines.video import opencv, reading
from pipelines.video.info import VideoError, VideoInfo, frame_clock
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

GREYS = np.arange(40) * 6


@pytest.fixture(scope="module")
def ramp(tmp_path_factory):
    """A lossless video of 40 frames, 48x64, whose frame i is a gradient upon the grey level 6 i."""
    path = tmp_path_factory.mktemp("ramp") / "ramp.mkv"
    frames = np.zeros((40, 48, 64, 3), np.uint8) + GREYS[:, None, None, None].astype(np.uint8)
    frames[:, :, :, 1] += np.arange(64, dtype=np.uint8) % 16
    frames[:, :, :, 2] += np.arange(48, dtype=np.uint8)[:, None] % 16
    assert write_video(path, frames, fps=10, codec="FFV1") == 40
    return path, frames


def test_probe_tells_what_was_written(ramp):
    info = reading.probe(ramp[0])
    assert (info.num_frames, info.height, info.width, info.rotation) == (40, 48, 64, 0)
    assert (info.fps, info.steady, info.times_trusted, info.damaged) == (10.0, True, True, False)
    assert (info.container, info.codec, info.size_bytes) == ("matroska", "ffv1", os.path.getsize(ramp[0]))
    np.testing.assert_array_equal(info.times_us, np.arange(40) * 100_000)
    np.testing.assert_allclose(info.times_seconds, np.arange(40) / 10)
    assert info.duration_seconds == pytest.approx(4.0)


def test_times_count_from_the_first_frame_and_tell_a_steady_rate_from_another():
    times, fps, steady, trusted = frame_clock([500.0, 540.0, 580.0, 620.0], None)
    assert (times.tolist(), fps, steady, trusted) == ([0, 40_000, 80_000, 120_000], 25.0, True, True)
    rounded, fps, steady, _ = frame_clock([0.0, 33.0, 67.0, 100.0], 30.0)  # a container that knows milliseconds only
    assert (rounded.tolist(), fps, steady) == ([0, 33_000, 67_000, 100_000], 30.0, True)
    uneven, _, steady, trusted = frame_clock([0.0, 40.0, 84.0, 120.0], 25.0)  # by a tenth of a step
    assert (uneven.tolist(), steady, trusted) == ([0, 40_000, 84_000, 120_000], False, True)


def test_info_survives_json(ramp):
    info = reading.probe(ramp[0])
    again = VideoInfo.from_dict(info.to_dict())
    assert again.to_dict() == info.to_dict()
    assert again.times_us.dtype == np.int64


@pytest.mark.parametrize("indices", [[0], [39], [3, 1, 2, 1], range(40), range(39, -1, -1), [7] * 5, np.array([0, 20])])
def test_exactly_the_frames_asked_for(ramp, indices):
    path, frames = ramp
    np.testing.assert_array_equal(reading.read_frames(path, indices), frames[list(indices)])


@pytest.mark.parametrize("memory_files", [True, False])
def test_from_memory_as_from_the_path(ramp, monkeypatch, memory_files):
    data = ramp[0].read_bytes()
    if not memory_files:
        monkeypatch.delattr("os.memfd_create")
    for source in (data, bytearray(data), memoryview(data)):
        np.testing.assert_array_equal(reading.read_frames(source, [5, 30]), ramp[1][[5, 30]])


def test_no_frames_asked_for(ramp):
    assert reading.read_frames(ramp[0], []).shape == (0, 48, 64, 3)


@pytest.mark.parametrize("bad", [[-1], [0.5], ["0"], [None]])
def test_indices_are_whole_numbers(ramp, bad):
    with pytest.raises(ValueError, match=r"A frame number must be an integer from 0 on\. Received: "):
        reading.read_frames(ramp[0], bad)


def test_past_the_end(ramp):
    with pytest.raises(VideoError, match=r"wanted frames 38\.\.44, but it decodes only 40") as caught:
        reading.read_frames(ramp[0], range(38, 45, 2))
    assert caught.value.path == str(ramp[0])
    held = reading.read_frames(ramp[0], range(38, 45, 2), policy="repeat_last")
    np.testing.assert_array_equal(held, ramp[1][[38, 39, 39, 39]])


def test_sizes_and_channels(ramp):
    assert reading.read_frames(ramp[0], [0], (24, 32)).shape == (1, 24, 32, 3)
    assert reading.read_frames(ramp[0], [0], lambda height, width: (height // 4, width // 2)).shape == (1, 12, 32, 3)
    grey = reading.read_frames(ramp[0], [0, 1], channels=1)
    expected = ramp[1][:2].astype(float) @ [0.299, 0.587, 0.114]
    assert grey.shape == (2, 48, 64, 1)
    np.testing.assert_allclose(grey[..., 0], expected, atol=0.51)  # rounded once


@pytest.mark.parametrize(("option", "expected"), [
    ({"interpolation": "cubic"}, "`interpolation` must be one of 'bilinear', 'area', 'bicubic'. Received: 'cubic'."),
    ({"channels": 4}, "`channels` must be one of 3, 1. Received: 4."),
    ({"policy": "wrap"}, "`policy` must be one of 'error', 'repeat_last'. Received: 'wrap'."),
])
def test_options_are_checked(ramp, option, expected):
    with pytest.raises(ValueError, match="must be one of") as caught:
        reading.read_frames(ramp[0], [0], **option)
    assert str(caught.value) == expected


def test_clip_is_cut_as_its_spec_says(ramp):
    clip = ClipSpec(frames=3, stride=2, height=32, width=32, resize=48)
    got = reading.read_clip(ramp[0], [4, 6, 8], clip, position=2)
    np.testing.assert_array_equal(got, ramp[1][[4, 6, 8], 8:40, 32:64])
    np.testing.assert_array_equal(reading.read_clip(ramp[0], [4, 6, 8], clip), ramp[1][[4, 6, 8], 8:40, 16:48])


def test_box_replaces_the_crop(ramp):
    clip = ClipSpec(frames=1, height=10, width=20, resize=24)
    got = reading.read_clip(ramp[0], [3], clip, box=(5, 6, 10, 20))
    np.testing.assert_array_equal(got, ramp[1][[3], 5:15, 6:26])
    again = reading.read_clip(ramp[0], [3], clip, box=lambda height, width: (height - 10, width - 20, 10, 20))
    np.testing.assert_array_equal(again, ramp[1][[3], 38:, 44:])
    with pytest.raises(ValueError, match=r"inside a picture of 48x64\. Received: \(40, 0, 10, 20\)"):
        reading.read_clip(ramp[0], [3], clip, box=(40, 0, 10, 20))


def test_clips_of_one_video_share_a_pass(ramp, monkeypatch):
    grabs = []
    grab = opencv.Decoder.grab
    monkeypatch.setattr(opencv.Decoder, "grab", lambda self: grabs.append(1) or grab(self))
    clip = ClipSpec(frames=4, stride=1, height=48, width=48, resize=48)
    lists = [[0, 1, 2, 3], [2, 3, 4, 5], [3, 3, 20, 5]]
    got = reading.read_clips(ramp[0], lists, clip, crops=(0, 2))
    assert len(grabs) == 21
    assert got.shape == (6, 4, 48, 48, 3)
    for number, indices in enumerate(lists):
        np.testing.assert_array_equal(got[2 * number], ramp[1][indices, :, :48])
        np.testing.assert_array_equal(got[2 * number + 1], ramp[1][indices, :, 16:])


def test_mirrored_crops(ramp):
    clip = ClipSpec(frames=2, stride=1, height=32, width=32, resize=48)
    got = reading.read_clips(ramp[0], [[0, 1], [1, 0]], clip, crops=((0, 0, False), (2, 2, True)))
    np.testing.assert_array_equal(got[0], ramp[1][:2, :32, :32])
    np.testing.assert_array_equal(got[1], ramp[1][:2, 16:, 32:][:, :, ::-1])
    np.testing.assert_array_equal(got[3], got[1][::-1])


def test_clips_must_have_the_length_of_the_spec(ramp):
    with pytest.raises(ValueError, match=r"A clip takes 16 frame numbers\. Received: 2"):
        reading.read_clips(ramp[0], [[0, 1]], ClipSpec())
    with pytest.raises(ValueError, match=r"Expected at least one list of frame numbers as `clips`\. Received none\."):
        reading.read_clips(ramp[0], [], ClipSpec())


@pytest.mark.parametrize(("crop", "message"), [
    (3, r"`position` must be from 0 to 2\. Received: position=3\."),
    (-1, r"`position` must be from 0 to 2\. Received: position=-1\."),
    ((3, 0, False), r"with row and column 0, 1 or 2\. Received: \(3, 0, False\)\."),
    ((0, -1, True), r"with row and column 0, 1 or 2\. Received: \(0, -1, True\)\."),
])
def test_crops_outside_the_picture_are_refused(ramp, crop, message):
    clip = ClipSpec(frames=1, height=32, width=32, resize=48)
    with pytest.raises(ValueError, match=message):
        reading.read_clips(ramp[0], [[0]], clip, crops=(crop,))


@pytest.mark.parametrize("size", [5, (0, 5), (4, -1), (1, 2, 3), lambda height, width: height])
def test_sizes_are_two_positive_ints(ramp, size):
    with pytest.raises(ValueError, match=r"`size` must be None, two positive ints \(height, width\), or a function"):
        reading.read_frames(ramp[0], [0], size)


def test_memory_is_that_of_the_clip(tmp_path):
    path = tmp_path / "large.avi"
    write_video(path, (np.full((720, 1280, 3), i, np.uint8) for i in range(30)))
    clip = ClipSpec(frames=16, stride=1)
    reading.read_clip(path, range(16), clip)
    tracemalloc.start()
    got = reading.read_clip(path, range(14, 30), clip)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < got.nbytes + 2 * 1280 * 720 * 3  # the clip, and one picture before scaling


@pytest.mark.slow
def test_ten_minutes_take_the_memory_of_a_clip(tmp_path):
    write_video(tmp_path / "a.mpg", (np.full((720, 1280, 3), 5 * i, np.uint8) for i in range(25)), 25, "MPG1")
    second = (tmp_path / "a.mpg").read_bytes()
    (tmp_path / "long.mpg").write_bytes(second * 600)
    (tmp_path / "short.mpg").write_bytes(second * 2)
    code = ("import resource, sys\nfrom pipelines import video\nfrom res3d.geometry import ClipSpec\n"
            "last = int(sys.argv[2])\nclip = video.read_clip(sys.argv[1], range(last - 15, last + 1), ClipSpec())\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n")
    peaks = []
    for name, last in (("short.mpg", 40), ("long.mpg", 14_000)):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        result = subprocess.run([sys.executable, "-c", code, str(tmp_path / name), str(last)], env=environment,
                                capture_output=True, text=True, timeout=250, check=True)
        peaks.append(int(result.stdout))
    assert peaks[1] < peaks[0] + 8e6  # a few pictures' worth of allocator slack; the frames between are 39 GB


def test_descriptors_and_failures_leave_nothing_open(ramp, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(ramp[0].read_bytes()[:300])
    reading.probe(ramp[0])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        reading.read_frames(ramp[0], [1])
        reading.read_frames(ramp[0].read_bytes(), [1])
        with pytest.raises(VideoError):
            reading.probe(bad)
    assert len(os.listdir("/proc/self/fd")) < before + 20, "a file a round, whatever other threads have open"


def test_threads_read_at_once(ramp):
    failures = []

    def work():
        for _ in range(5):
            if not (reading.read_frames(ramp[0], [1, 39]) == ramp[1][[1, 39]]).all():
                failures.append(1)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures


def test_more_threads_give_the_same(ramp):
    for threads in (0, 2):
        assert reading.probe(ramp[0], threads=threads).num_frames == 40
        np.testing.assert_array_equal(reading.read_frames(ramp[0], [2, 39], threads=threads), ramp[1][[2, 39]])


def test_time_is_bounded(ramp):
    with pytest.raises(VideoError, match=r"decoding took longer than 1e-09 s, 0 frames in"):
        reading.probe(ramp[0], timeout=1e-9)


def mp3_with_a_cover(picture):
    body = b"\0image/jpeg\0\x03\0" + picture
    tag = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + tag + (b"\xff\xfb\x90\x64" + bytes(413)) * 60


def flac_with_a_cover(picture):
    cover = struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">IIIIII", 0, 64, 64, 24, 0, len(picture)) + picture
    info = struct.pack(">HH6xQ16x", 4096, 4096, 44100 << 44 | 1 << 41 | 15 << 36 | 44100)
    return b"fLaC" + b"\0" + len(info).to_bytes(3, "big") + info + b"\x86" + len(cover).to_bytes(3, "big") + cover


@pytest.mark.parametrize("sound", [mp3_with_a_cover, flac_with_a_cover])
def test_sound_with_a_cover_picture_is_no_video(sound):
    data = sound(opencv.encode_image(np.full((64, 64, 3), 90, np.uint8)))
    with pytest.raises(VideoError, match=r"it is sound with a cover picture, and holds no video"):
        reading.probe(data)


def test_a_video_of_one_frame_is_one(tmp_path):
    for codec, name in (("MJPG", "a.avi"), ("mp4v", "a.mp4"), ("FFV1", "a.mkv")):
        write_video(tmp_path / name, [np.full((48, 64, 3), 90, np.uint8)], fps=25, codec=codec)
        assert reading.probe(tmp_path / name).num_frames == 1


def test_the_limit_of_time_is_one_without_progress(ramp, monkeypatch):
    info, ticks = reading.probe(ramp[0]), itertools.count()
    monkeypatch.setattr(opencv.time, "monotonic", lambda: float(next(ticks)))  # a second goes by at every look
    assert reading.probe(ramp[0], timeout=12).num_frames == info.num_frames == 40
    with pytest.raises(VideoError, match=r"decoding took longer than 0\.5 s, 0 frames in"):
        reading.probe(ramp[0], timeout=0.5)


def test_giant_pictures_are_refused(ramp, monkeypatch):
    monkeypatch.setattr(opencv, "MAX_PIXELS", 1000)
    with pytest.raises(VideoError, match=r"its header claims 64x48 pixels; it is probably damaged"):
        reading.probe(ramp[0])


def test_a_picture_that_changes_size_keeps_the_first(tmp_path):
    parts = []
    for name, size in (("a", (64, 96)), ("b", (240, 320))):
        write_video(tmp_path / f"{name}.avi", [np.full((*size, 3), 90, np.uint8)] * 3)
        parts.append((tmp_path / f"{name}.avi").read_bytes())
    start, stop = parts[1].index(b"\xff\xd8"), parts[1].index(b"\xff\xd9") + 2
    path = tmp_path / "both.mjpg"
    first = parts[0][parts[0].index(b"\xff\xd8"):parts[0].index(b"\xff\xd9") + 2]
    path.write_bytes(first * 4 + parts[1][start:stop] * 4)
    frames = reading.read_frames(path, range(8))
    assert frames.shape == (8, 64, 96, 3)
    np.testing.assert_allclose(frames, 90, atol=3)  # JPEG
