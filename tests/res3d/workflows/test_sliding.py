"""`res3d predict --sliding`: the offline numbers in windows, a line of JSON each, in constant memory."""

import json

import numpy as np
import pytest

import res3d
from pipelines.sample.clips import segment_indices
from pipelines.sample.protocols import protocol
from pipelines.video import reading, writer
from res3d.workflows.loading import load_network
from res3d.workflows.sliding import Windows, slide

pytestmark = pytest.mark.slow


def test_windows_overlap_by_the_step():
    windows = Windows(res3d.ClipSpec(frames=4, height=2, width=2, resize=2), step=2)
    found = []
    for number in range(9):
        window = windows.add(float(number), np.full((2, 2, 3), number, "uint8"))
        if window is not None:
            found.append((window[0], window[1], window[2][:, 0, 0, 0].tolist()))
    assert found == [(0, 3, [0, 1, 2, 3]), (2, 5, [2, 3, 4, 5]), (4, 7, [4, 5, 6, 7])]
    start, end, pixels = windows.rest()
    assert (start, end, pixels[:, 0, 0, 0].tolist()) == (6, 8, [6, 7, 8, 6])


def test_nothing_is_left_over_when_the_last_window_ends_with_the_video():
    windows = Windows(res3d.ClipSpec(frames=4, height=2, width=2, resize=2), step=4)
    for number in range(8):
        windows.add(float(number), np.zeros((2, 2, 3), "uint8"))
    assert windows.rest() is None


@pytest.mark.parametrize("frames", [1, 4, 5])
def test_windows_of_any_video_and_step_are_cut_as_offline(frames):
    """Starts are whole steps; the last window begins with the step after the last full one and repeats its own."""
    for total in range(1, 3 * frames + 2):
        for step in range(1, frames + 3):
            windows, found = Windows(res3d.ClipSpec(frames=frames, height=2, width=2, resize=2), step), []
            for number in range(total):
                window = windows.add(number, np.full((2, 2, 3), number, "uint8"))
                found += [window] if window is not None else []
            rest = windows.rest()
            found += [rest] if rest is not None else []
            expected, ended = [], -1
            for start in range(0, total, step):
                if start + frames <= total or ended < total - 1:
                    mine = range(start, min(start + frames, total))
                    expected.append([mine[k % len(mine)] for k in range(frames)])
                    ended = mine[-1]
            assert [pixels[:, 0, 0, 0].tolist() for _, _, pixels in found] == expected, (total, step)


SEGMENTS = res3d.ClipSpec(frames=4, height=2, width=2, resize=2, sampling="segments")


def numbered(windows, count):
    """The numbers of the frames of each window that a stream of `count` frames gives, which are their times, too."""
    found = []
    for number in range(count):
        found.append(windows.add(number, np.full((2, 2, 3), number, "uint8")))
    return [(*window[:2], window[2][:, 0, 0, 0].tolist()) for window in [*found, windows.rest()] if window is not None]


def test_a_window_of_segments_stands_for_a_video():
    assert numbered(Windows(SEGMENTS, 8, 8), 20) == [(0, 7, [1, 3, 5, 7]), (8, 15, [9, 11, 13, 15]),
                                                     (16, 19, [16, 17, 18, 19])]
    assert numbered(Windows(SEGMENTS, 4, 8), 13) == [(0, 7, [1, 3, 5, 7]), (4, 11, [5, 7, 9, 11]),
                                                     (8, 12, [8, 9, 11, 12])]
    assert numbered(Windows(SEGMENTS, 8, 8), 2) == [(0, 1, [0, 0, 1, 1])]
    for total in (1, 7, 8, 9, 30):  # each as the offline rule cuts a video of its frames
        for start, end, frames in numbered(Windows(SEGMENTS, 5, 9), total):
            assert frames == [start + index for index in segment_indices(end - start + 1, 4)]


@pytest.mark.parametrize(("clip", "source", "options", "words"), [
    (SEGMENTS, 0, {}, r"`--window` must say how many frames of a live source are taken for a video: this network takes "
                      r"4 frames, one of each of 4 parts\. Received none"),
    (SEGMENTS, "rtsp://there/", {"step": 4}, "`--window` must say how many frames of a live source"),
    (SEGMENTS, "a.mp4", {"step": 4}, r"`--step` needs --window, .* Received: --step=4\. Without --window all of"),
    (SEGMENTS, "a.mp4", {"window": 3}, r"`--window` must be 4 or more, .* Received: 3"),
    (SEGMENTS.replace(sampling="dense"), "a.mp4", {"window": 30}, r"`--window` is for networks that take one frame of "
                                                                 r"each .* Received: --window=30 and one that takes"),
    (SEGMENTS, "a.mp4", {"window": 30, "step": 0}, r"`--step` must be 1 or more\. Received: 0"),
])
def test_windows_that_say_nothing(clip, source, options, words):
    with pytest.raises(ValueError, match=words):
        next(slide(None, clip, [], source, **options))


def test_a_whole_file_of_segments_equals_the_offline_protocol(clips):
    clip = res3d.ClipSpec(frames=5, height=32, width=32, resize=36, sampling="segments")
    model = res3d.build("resnet_10", 3, clip, width=0.125)
    path = str(clips / "action" / "ssv2_166766.mp4")
    info = reading.probe(path)
    for options, lists in (({}, protocol("centre").indices(info, clip)),
                           ({"window": 20, "step": 20}, [segment_indices(20, 5)])):
        answers = [answer for answer, _ in slide(model, clip, list("abc"), path, top=3, **options)
                   if answer is not None]
        assert len(answers) == (1 if not options else -(-info.num_frames // 20))
        logits = np.asarray(model(reading.read_clips(path, lists, clip)), "float64")[0]
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        mine = {item["label"]: item["score"] for item in answers[0]["top"]}
        np.testing.assert_allclose([mine[label] for label in "abc"], shares, rtol=1e-4)


@pytest.mark.parametrize("fps", [10.0, *(pytest.param(fps, marks=pytest.mark.slow) for fps in (None, 60.0))])
def test_without_overlap_it_equals_the_offline_protocol(trained, clips, fps):
    model, clip, labels, _ = load_network(trained)
    clip = clip.replace(fps=fps)
    path = clips / "action" / "ssv2_166766.mp4"
    answers = [answer for answer, _ in slide(model, clip, labels, str(path), step=clip.frames, top=8)
               if answer is not None]
    lists = protocol("sliding_16").indices(reading.probe(path), clip)
    pixels = reading.read_clips(path, lists, clip)
    assert len(answers) == len(pixels)
    for answer, logits in zip(answers, np.asarray(model(pixels), "float64")):
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        mine = {item["label"]: item["score"] for item in answer["top"]}
        np.testing.assert_allclose([mine[label] for label in labels], shares, rtol=1e-4)  # batches of one against many


def test_a_line_of_json_a_window_and_an_annotated_file(trained, motion, tmp_path, console):
    path = next((motion / "val").rglob("*.avi"))
    code, out, _ = console("predict", path, f"--model={trained}", "--sliding", f"--output={tmp_path / 'out.avi'}")
    assert code == 0
    rows = [json.loads(line) for line in out.strip().splitlines()]
    assert all(set(row) == {"video", "start", "end", "top"} for row in rows)
    assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)
    assert reading.probe(tmp_path / "out.avi").num_frames == reading.probe(path).num_frames


def test_a_real_video_with_every_frame_in_the_annotated_file(trained, clips, tmp_path, console):
    path = clips / "action" / "k400_cleaning_pool.mp4"
    code, out, _ = console("predict", path, f"--model={trained}", "--sliding", "--step=30", "--top=3",
                           f"--output={tmp_path / 'out.avi'}")
    assert code == 0
    rows = [json.loads(line) for line in out.strip().splitlines()]
    assert [row["start"] for row in rows] == pytest.approx([k / 30 * 30 for k in range(10)], abs=0.05)
    assert all(len(row["top"]) == 3 and row["end"] > row["start"] for row in rows)
    mine, source = reading.probe(tmp_path / "out.avi"), reading.probe(path)
    assert (mine.num_frames, mine.height, mine.width) == (source.num_frames, source.height, source.width)
    drawn, plain = (reading.read_frames(file, [200])[0].astype(int) for file in (tmp_path / "out.avi", path))
    assert np.abs(drawn - plain)[:60, :200].mean() > 10 > np.abs(drawn - plain)[120:].mean()


def test_memory_stays_that_of_a_window(trained, tmp_path):
    import psutil

    model, clip, labels, _ = load_network(trained)
    noise = np.random.default_rng(0).integers(0, 256, (16, 240, 320, 3), "uint8")
    writer.write_video(tmp_path / "long.avi", (noise[k % 16] for k in range(3000)))
    used, process = [], psutil.Process()
    for number, (answer, frame) in enumerate(slide(model, clip, labels, str(tmp_path / "long.avi"), step=clip.frames)):
        assert frame is not None or answer is not None
        if number % 500 == 499:
            used.append(process.memory_info().rss)
    assert len(used) == 6
    assert max(used[2:]) - used[1] < 64e6  # five hundred such frames are 115 MB


@pytest.mark.parametrize(("source", "words"), [
    ("7", "Cannot read video 'camera 7': it does not answer; check the address"),
    ("rtsp://127.0.0.1:9/none", "Cannot read video 'rtsp://127.0.0.1:9/none': it does not answer; check the address"),
])
def test_a_camera_that_does_not_answer_is_one_clear_error(trained, console, source, words):
    code, _, err = console("predict", source, f"--model={trained}", "--sliding")
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith("res3d predict: error: ")
    assert words in line


def test_a_network_that_gives_no_numbers_is_one_clear_error(sick, motion, console):
    code, out, err = console("predict", next((motion / "val").rglob("*.avi")), f"--model={sick}", "--sliding")
    assert (code, out) == (1, "")
    assert "must give numbers. Received: NaN or infinity at 0.000 s of '" in err.strip().splitlines()[-1]
