"""Clips of one frame from each part of a video: which frames, and that runs and hosts agree about them."""

import numpy as np
import pytest

import pipelines
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

FRAMES = 20
CLIP = ClipSpec(frames=4, height=16, width=16, resize=16, sampling="segments")


def make_video(path, number, frames=FRAMES):
    """Red is ten times the number of the video, green the number of the frame; the codec loses nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = (np.full((24, 32, 3), (10 * number, frame, 0), np.uint8) for frame in range(frames))
    write_video(path, pictures, 10.0, "FFV1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for number in range(5):
        make_video(folder / ("jump" if number < 3 else "run") / f"{number}.mkv", number)
    make_video(folder / "run" / "5.mkv", 5, frames=3)
    return folder


def read(clips):
    """{video: frames of each of its clips} for a batch, in order."""
    return [[(int(clip[0, 0, 0, 0]) // 10, clip[:, 0, 0, 1].tolist()) for clip in np.asarray(batch)]
            for batch, _ in clips]


@pytest.mark.slow
def test_every_part_gives_a_random_frame_in_training(folder):
    train = pipelines.training_clips(folder, CLIP, 3, seed=1)
    seen = {}
    for _ in range(12):
        for video, frames in (clip for batch in read(train) for clip in batch):
            seen.setdefault(video, []).append(frames)
    for video, clips in seen.items():
        length = 3 if video == 5 else FRAMES
        parts = np.array(clips) * 4 // length if video != 5 else None
        assert (np.diff(clips) >= 0).all()
        assert np.max(clips) < length
        if parts is not None:
            np.testing.assert_array_equal(parts, np.broadcast_to(np.arange(4), parts.shape))
            assert len({tuple(frames) for frames in clips}) > 8


@pytest.mark.slow
def test_resumed_by_any_number_of_workers_they_are_the_same(folder):
    options = {"batch_size": 4, "seed": 2, "clips_per_video": 2, "temporal_crop": 0.5}
    train = pipelines.training_clips(folder, CLIP, workers=3, **options)
    epochs = [read(train) for _ in range(2)]
    other = pipelines.training_clips(folder, CLIP, workers=1, start_epoch=1, start_step=1, **options)
    assert read(other) == epochs[1][1:]
    assert read(train.at(0, 2)) == epochs[0][2:]
    shares = [read(pipelines.training_clips(folder, CLIP, shard=(host, 2), **options | {"batch_size": 2}))
              for host in range(2)]
    assert sorted(str(clip) for share in shares for batch in share for clip in batch) == sorted(
        str(clip) for batch in epochs[0] for clip in batch)


@pytest.mark.slow
def test_a_temporal_crop_takes_the_parts_of_a_piece(folder):
    train = pipelines.training_clips(folder, CLIP, 6, temporal_crop=0.9)
    clips = [frames for _ in range(8) for batch in read(train) for video, frames in batch if video != 5]
    spans = [frames[-1] - frames[0] for frames in clips]
    assert min(spans) < 9  # never less than 11 in parts of the whole
    with pytest.raises(ValueError, match=r"`temporal_crop` varies the part of a video that segments are taken of; "
                                         r"clips of 4 frames, stride 2 begin anywhere as they are\. Received: "
                                         r"temporal_crop=0\.9\. Set it to 0, or"):
        pipelines.training_clips(folder, CLIP.replace(sampling="dense", stride=2), 6, temporal_crop=0.9)
    with pytest.raises(ValueError, match=r"`temporal_crop` must be the fraction of a video that may be left out, in "
                                         r"0\.\.1, 1 excluded\. Received: temporal_crop=1"):
        pipelines.training_clips(folder, CLIP, 6, temporal_crop=1)


def test_the_middle_frames_in_evaluation(folder):
    batch, = read(pipelines.evaluation_clips(folder, CLIP, 8))
    assert batch == [*((video, [2, 7, 12, 17]) for video in range(5)), (5, [0, 1, 1, 2])]
    views = pipelines.evaluation_views(folder, CLIP, "tsm_2x3")
    for clips, *_ in views.take(1):
        assert clips[:, :, 0, 0, 1].numpy().tolist() == [[2, 7, 12, 17]] * 3 + [[0, 5, 10, 15]] * 3


def test_a_part_of_a_video_is_cut_into_parts(folder, tmp_path):
    table = tmp_path / "parts.csv"
    table.write_text(f"path,label,start,end\n{folder}/jump/0.mkv,jump,0.4,1.2\n{folder}/run/3.mkv,run,1.2,\n")
    batch, = read(pipelines.evaluation_clips(table, CLIP, 8))
    assert batch == [(0, [5, 7, 9, 11]), (3, [13, 15, 17, 19])]


def test_fewer_frames_than_parts(folder):
    many = CLIP.replace(frames=32)
    with pytest.raises(ValueError, match=r"Expected a video of at least as many frames as a clip has parts, 32\. The "
                                         r"longest of 6 is '.*mkv' with 20 frames of its own\. Use fewer frames\.$"):
        pipelines.training_clips(folder, many, 2)
    strict = pipelines.training_clips(folder, CLIP, 6, policy="error")
    assert 5 not in {video for batch in read(strict) for video, _ in batch}
    assert [reason for _, reason in strict.quarantine] == [
        "wanted one frame of each of 4 parts, but there are only 3 frames; use a clip of fewer, or pass "
        "policy='repeat_last'"]
