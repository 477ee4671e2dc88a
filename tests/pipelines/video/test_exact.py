"""Real clips: any list of frames has the pixels of a plain decode from start to end, whatever the headers say."""

import csv
import dataclasses
import functools
import json
import os
import pathlib
import re
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.video import opencv, reading
from pipelines.video.info import VideoError
from pipelines.video.jumps import with_jumps

pytestmark = pytest.mark.clips
SHARED = pathlib.Path(os.environ.get("RES3D_SHARED", pathlib.Path(__file__).resolve().parents[4] / "shared"))
TABLE = SHARED / "clips" / "clips.csv"
ROWS = list(csv.DictReader(TABLE.read_text().splitlines())) if TABLE.exists() else []
GOOD = [row["file"] for row in ROWS if int(row["frames_decoded"])]
BAD = [row["file"] for row in ROWS if not int(row["frames_decoded"])]
BY_NAME = {row["file"]: row for row in ROWS}
OLD_OPENCV = tuple(map(int, cv2.__version__.split(".")[:2])) < (4, 13)
LOSSLESS = "derived/baseball_ffv1.mkv"
SEVERAL_KEYS = [name for name in GOOD if int(BY_NAME[name]["frames_decoded"]) > 40 and "mjpeg" not in name
                and "really_avi" not in name and int(BY_NAME[name]["i_frames"] or 0) > 1]


def test_the_clips_are_there(clips):
    assert clips == SHARED / "clips"
    assert len(GOOD) == 79


@functools.lru_cache(maxsize=4)
def truth(name):
    """Checksums of every frame of a plain `VideoCapture.read` loop, RGB."""
    capture, sums = cv2.VideoCapture(str(SHARED / "clips" / name), cv2.CAP_FFMPEG), []
    while True:
        found, frame = capture.read()
        if not found:
            capture.release()
            return sums
        sums.append(zlib.crc32(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))


def checksums(frames):
    return [zlib.crc32(np.ascontiguousarray(frame)) for frame in frames]


def some_now(names, every=8):
    """One file of so many is quick, of those that open fast; the others are slow."""
    return [name if number % every == 0 and not re.search("hdr10|yuv444", name)
            else pytest.param(name, marks=pytest.mark.slow) for number, name in enumerate(names)]


@pytest.mark.parametrize("name", some_now(GOOD))
def test_any_frames_are_those_of_a_full_decode(name):
    path = SHARED / "clips" / name
    sums = truth(name)
    data = path.read_bytes()
    if "h264_10bit" in name and OLD_OPENCV:
        pytest.skip("OpenCV before 4.13 leaves the last rows of its pictures undefined")
    assert len(sums) == int(BY_NAME[name]["frames_decoded"])

    @settings(max_examples=3, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(0, len(sums) - 1), min_size=1, max_size=12), st.booleans())
    def check(indices, in_memory):
        got = reading.read_frames(data if in_memory else path, indices)
        assert checksums(got) == [sums[index] for index in indices]

    if "hdr10" in name:  # two seconds for each opening: FFmpeg builds a colour table
        assert checksums(reading.read_frames(path, [2, 0])) == [sums[2], sums[0]]
    else:
        check()


@pytest.mark.parametrize("name", some_now((name for name in GOOD if "hdr10" not in name), every=3))
def test_probe_knows_what_decodes(name):
    info, row = reading.probe(SHARED / "clips" / name), BY_NAME[name]
    assert info.num_frames == len(info.times_us) == int(row["frames_decoded"])
    assert (info.width, info.height) == (int(row["width"]), int(row["height"]))
    if row["rotation"].isdecimal() and int(row["rotation"]) < 360:
        assert info.rotation == int(row["rotation"])
    assert info.times_us[0] == 0
    assert (np.diff(info.times_us) > 0).all()
    assert info.key_frames[0] < info.num_frames
    assert info.damaged == (name in ("odd/corrupted_tail.mp4", "undecodable/no_timescale.mp4"))


@pytest.mark.parametrize(("name", "fps", "steady", "trusted"), [
    ("action/baseball.mp4", 30000 / 1001, True, True), ("action/basketball.mp4", 30000 / 1001, True, True),
    ("action/ucf101_v_ApplyEyeMakeup_g01_c01.avi", 25.0, True, False),
    ("action/ucf101_BabyCrawling.avi", 25.0, True, False), ("action/kinetics_flipping_pancake.mkv", 30.0, True, True),
    ("derived/baseball_mjpeg.mkv", 30.0, True, True), ("derived/baseball_fps23976_mp4v.mp4", 23.976, True, True),
    ("odd/vfr_cradle.gif", 43.75, False, True), ("odd/webm_1frame_8x8.webm", 25.0, True, True),
])
def test_rates_come_from_frames(name, fps, steady, trusted):
    info = reading.probe(SHARED / "clips" / name)
    assert (info.fps, info.steady, info.times_trusted) == (pytest.approx(fps, rel=1e-5), steady, trusted)


def test_times_are_those_of_the_stream(clips):
    frames = json.loads((clips / "ground_truth/multistream_nasa.stream0.frame_times.json").read_text())
    expected = np.array(sorted(float(frame["pts_time"]) for frame in frames))
    info = reading.probe(clips / "odd/multistream_nasa.mp4")
    np.testing.assert_allclose(info.times_seconds, expected - expected[0], atol=1e-6)  # both are in microseconds


@pytest.mark.parametrize("name", BAD)
def test_undecodable_files_say_why(name):
    path = SHARED / "clips" / name
    for source in (path, path.read_bytes()):
        with pytest.raises(VideoError, match=r"empty|no video stream|but none decodes") as caught:
            reading.probe(source)
        with pytest.raises(VideoError) as again:
            reading.read_frames(source, [0])
        assert again.value.reason == caught.value.reason
    assert caught.value.path == f"<{path.stat().st_size} bytes in memory>"


@pytest.mark.parametrize("name", some_now(row["file"] for row in ROWS if row["file"].startswith("derived/")
                                          and row["frames_decoded"] == "48" and "tiny" not in row["file"]))
def test_derived_files_match_their_lossless_original(name):
    original = reading.read_frames(SHARED / "clips" / LOSSLESS, range(48)).astype(np.int16)
    frames = reading.read_frames(SHARED / "clips" / name, range(48)).astype(np.int16)
    if "gray" in name:
        original = np.repeat(original @ [0.299, 0.587, 0.114], 3).reshape(original.shape)
    for index, frame in enumerate(frames):
        near = original[max(index - 1, 0):index + 2]
        errors = np.abs(near - frame).mean((1, 2, 3))
        assert errors.argmin() == min(index, 1)  # its neighbours are farther
        assert errors.min() < 5  # the codecs lose 2.3 to 3.7 grey levels


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL_KEYS)
def test_jumps_change_no_pixel(name):
    path = SHARED / "clips" / name
    info, sums = with_jumps(path), truth(name)
    for _, frame, time_us in info.jumps:
        assert info.times_us[frame] == pytest.approx(time_us - info.times_us[0], abs=1)
        wanted = [*range(frame, min(frame + 8, len(sums)), 2), len(sums) - 1]
        assert checksums(reading.read_frames(path, wanted, info=info)) == [sums[index] for index in wanted]
        assert checksums(reading.read_frames(path, [0, *wanted], info=info)) == [sums[index] for index in [0, *wanted]]


@pytest.mark.slow
def test_jumps_save_decoding(clips, monkeypatch):
    path = clips / "action/bikes.mp4"
    info = with_jumps(path)
    assert [frame for _, frame, _ in info.jumps] == [93, 154, 204]
    grabs = []
    grab = opencv.Decoder.grab
    monkeypatch.setattr(opencv.Decoder, "grab", lambda self: grabs.append(1) or grab(self))
    reading.read_frames(path, [210, 212], info=info)
    assert len(grabs) == 9


@pytest.mark.slow
def test_jumps_of_another_file_are_not_believed(clips):
    info = with_jumps(clips / "action/bikes.mp4")
    other = clips / "action/k400_basketball_426x240.mp4"
    assert checksums(reading.read_frames(other, [210], info=info)) == [truth("action/k400_basketball_426x240.mp4")[210]]


@pytest.mark.slow
def test_a_jump_that_lands_elsewhere_is_not_believed(clips):
    path = clips / "action/bikes.mp4"
    info = with_jumps(path)
    seek, frame, time_us = info.jumps[-1]
    early = frame - 7  # where the jump is said to land; it lands at `frame`
    said = int(time_us - info.times_us[frame] + info.times_us[early])
    lying = dataclasses.replace(info, jumps=((seek, early, said),))
    assert checksums(reading.read_frames(path, [frame], info=lying)) == [truth("action/bikes.mp4")[frame]]


@pytest.mark.parametrize("name", ["action/ucf101_BabyCrawling.avi", "odd/corrupted_tail.mp4", "odd/gray_chaplin.mp4"])
def test_no_jumps_without_times_or_key_frames_or_in_a_damaged_file(name):
    assert with_jumps(SHARED / "clips" / name).jumps == ()
