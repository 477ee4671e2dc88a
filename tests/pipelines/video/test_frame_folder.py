"""Folders of extracted frames: their order, the clips they give, and a frame that is no image."""

import numpy as np
import pytest

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.video import frame_folder
from pipelines.video.info import VideoError
from pipelines.video.opencv import encode_image
from pipelines.video.reading import read_frames
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=16, width=16, resize=16)
FRAMES = 20


def test_frames_of_a_folder_come_in_the_order_of_their_numbers(tmp_path):
    for number in (1, 2, 10, 9):
        (tmp_path / f"img_{number}.png").write_bytes(encode_image(np.full((4, 6, 3), number, np.uint8), ".png"))
    (tmp_path / "notes.txt").write_text("not a frame")
    info = frame_folder.probe(tmp_path)
    assert (info.num_frames, info.height, info.width) == (4, 4, 6)
    frames = frame_folder.read_frames(tmp_path, [0, 1, 2, 3, 1])
    assert frames[:, 0, 0, 0].tolist() == [1, 2, 9, 10, 2]
    assert frame_folder.read_frames(tmp_path, []).shape == (0, 4, 6, 3)
    with pytest.raises(VideoError, match="wanted frame 4, but the folder has 4 images"):
        frame_folder.read_frames(tmp_path, [4])
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match=r"expected images .* in this folder, found none"):
        frame_folder.probe(tmp_path / "empty")
    with pytest.raises(VideoError, match="expected a folder of frames, but it cannot be listed"):
        frame_folder.probe(tmp_path / "nowhere")


def test_a_folder_of_frames_reads_as_its_video(tmp_path):
    video = tmp_path / "video.mkv"
    write_video(video, (np.full((24, 32, 3), (50, frame, 0), np.uint8) for frame in range(FRAMES)), 10.0, "FFV1")
    for number, picture in enumerate(read_frames(video, range(FRAMES)), 1):
        (tmp_path / f"img_{number}.png").write_bytes(encode_image(picture, ".png"))
    both = [pipelines.training_clips(Manifest([entry], ["a"]), CLIP, 1, seed=8) for entry in (
        Entry(str(video), (0,)), Entry(str(tmp_path), (0,), num_frames=FRAMES))]
    for (clips, _), (frames, _) in zip(*both):
        np.testing.assert_array_equal(clips, frames)
    parts = [Manifest([Entry(str(tmp_path), (0,), num_frames=count, first_frame=1)], ["a"]) for count in (19, 30)]
    views = [next(iter(pipelines.evaluation_views(part, CLIP, "slowfast_10x3")))[0] for part in parts]
    assert views[0].shape == (30, *CLIP.shape)
    np.testing.assert_array_equal(*views)


def test_a_frame_that_is_no_image_makes_its_folder_bad_before_any_clip_meets_it(tmp_path):
    for label in "ab":
        for number in range(30):
            path = tmp_path / "data" / label / "video" / f"{number:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_image(np.full((24, 32, 3), number, np.uint8)))
    (tmp_path / "data/a/video/29.jpg").write_bytes(b"")
    train = pipelines.training_clips(tmp_path / "data", CLIP, 2)
    assert [labels.numpy().tolist() for _, labels in train] == [[1, 1]]
    assert list(train.quarantine) == [(str(tmp_path / "data/a/video"), "its frame '29.jpg': no image can be decoded "
                                                                       "from its 0 bytes")]


def frames(folder, *names):
    for name in names:
        (folder / name).write_bytes(encode_image(np.full((4, 6, 3), 9, np.uint8), ".png"))


@pytest.mark.parametrize(("names", "series"), [
    (["img_1.png", "img_2.png", "flow_x_1.png", "flow_x_2.png", "flow_y_1.png"],
     r"3 series, .*: flow_x_\* \(2\), img_\* \(2\), flow_y_\* \(1\); move the one that is meant into a folder of its"),
    (["img_1.png", "flow_x_1.png", "flow_y_1.png"], r"flow_x_\* \(1\), flow_y_\* \(1\), img_\* \(1\)"),
    ([*(f"{i:05}.png" for i in range(9)), "cover.png"], r"2 series, .*: \* \(9\), cover \(1\)"),
    (["a_1.png", "a_1.jpg", "a_2.png", "a_2.jpg"], r"a_\*\.jpg \(2\), a_\*\.png \(2\)"),
    ([*(f"f{i}.png" for i in range(9)), "f3 (copy).png"], r"f\* \(9\), f\* \(copy\) \(1\)"),
])
def test_several_series_in_a_folder_are_refused_by_their_names(tmp_path, names, series):
    frames(tmp_path, *names)
    for call in (frame_folder.probe, frame_folder.frame_paths, lambda path: frame_folder.read_frames(path, [0])):
        with pytest.raises(VideoError, match=series):
            call(tmp_path)


@pytest.mark.parametrize("names", [
    ["a.png", "b.png"], ["00:01:02.500.png", "00:01:03.png", "00:01:03.500.png"][::2], ["cam2_7.png", "cam2_10.png"],
    ["img_1.png", "img_2.jpg"], [f"{i:x}a{i * 77:x}c.png" for i in range(3, 90)]])
def test_one_series_is_read_however_it_is_named(tmp_path, names):
    frames(tmp_path, *names)
    assert len(frame_folder.frame_paths(tmp_path)) == len(names)
