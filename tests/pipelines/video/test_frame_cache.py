"""Decoded frames that are kept: where, for how long, and that clips of them are those of the videos."""

import threading

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.augment import chain, random_warp
from pipelines.dataset.evaluation import evaluation_clips, evaluation_views
from pipelines.dataset.training import training_clips
from pipelines.video import frame_cache, reading
from pipelines.video.frame_cache import FrameCache, Kept
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=28, width=36, resize=32)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=1, val_per_class=1, frames=(10, 12))
    return folder


def epoch(dataset):
    return [(np.array(clips), np.array(labels)) for clips, labels in dataset]


def same(one, other):
    assert len(one) == len(other)
    for (clips, labels), (others, their) in zip(one, other):
        np.testing.assert_array_equal(clips, others)
        np.testing.assert_array_equal(labels, their)


@pytest.mark.slow
def test_clips_are_the_same_wherever_frames_are_kept(videos, tmp_path, monkeypatch):
    plain = epoch(training_clips(videos, CLIP, 4, seed=3, split="train", crop="centre"))
    decoded = []
    monkeypatch.setattr(reading, "read_frames", lambda *args, read=reading.read_frames, **options: (
        decoded.append(args[0]), read(*args, **options))[1])
    for where in ("memory", "disk"):
        cache = FrameCache(where, tmp_path / "frames")
        train = training_clips(videos, CLIP, 4, seed=3, split="train", crop="centre", cache=cache, workers=2)
        same(epoch(train.at(0)), plain)
        same(epoch(train.at(0)), plain)
    assert len(decoded) == 16 == 2 * len(set(decoded))  # once each
    again = training_clips(videos, CLIP, 4, seed=3, split="train", crop="centre", cache=cache)
    same(epoch(again), plain)
    assert len(decoded) == 16  # found on the disk
    (tmp_path / "frames" / "mine.txt").write_text("mine")
    cache.clear()
    assert [path.name for path in (tmp_path / "frames").iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_validation_and_views_are_exact(videos):
    cache = FrameCache("memory")
    for resize in (32, (40, 44)):
        clip = CLIP.replace(resize=resize)
        same(epoch(evaluation_clips(videos, clip, 4, split="val", cache=cache)),
             epoch(evaluation_clips(videos, clip, 4, split="val")))
    source = evaluation_clips(videos, CLIP, 4, split="val", cache=cache).source
    for protocol in ("slowfast_10x3", "centre", "full_video"):
        for views, _, position in evaluation_views(videos, CLIP, protocol, split="val").take(2):
            from pipelines.sample.protocols import protocol as find

            np.testing.assert_array_equal(source.all_views(int(position), find(protocol)), views)


@pytest.mark.slow
def test_random_crops_come_from_the_scaled_picture_and_any_step_sees_it(videos):
    cache = FrameCache("memory")
    first = epoch(training_clips(videos, CLIP, 4, split="train", cache=cache))
    same(epoch(training_clips(videos, CLIP, 4, split="train", cache=cache, workers=1)), first)
    assert first[0][0].shape == (4, *CLIP.shape)
    warped = training_clips(videos, CLIP, 4, split="train", augment=chain(random_warp(28, 36)), cache=cache)
    bare = training_clips(videos, CLIP, 4, split="train", augment=chain(random_warp(28, 36)))
    same(epoch(warped), epoch(bare))


@pytest.mark.slow
def test_gray_clips_and_parts_of_videos(videos, tmp_path):
    listed = tmp_path / "list.csv"
    path = next(videos.rglob("*.avi"))
    listed.write_text(f"path,label,start,end\n{path},a,0.0,0.2\n{path},b,0.1,0.3\n")
    clip = CLIP.replace(channels=1, stride=1, frames=2)
    cache = FrameCache("disk", tmp_path / "frames")
    same(epoch(evaluation_clips(listed, clip, 2, cache=cache)), epoch(evaluation_clips(listed, clip, 2)))
    assert len(list((tmp_path / "frames").iterdir())) == 2


def test_what_is_not_whole_on_a_disk_is_made_again(tmp_path):
    frames = np.arange(24, dtype="uint8").reshape(2, 3, 4, 1)
    kept = Kept(tmp_path)
    np.testing.assert_array_equal(kept.frames("a", lambda: frames), frames)
    file, = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    np.testing.assert_array_equal(Kept(tmp_path).frames("a", lambda: frames), frames)
    np.testing.assert_array_equal(Kept(tmp_path).frames("a", lambda: None), frames)


def test_threads_make_a_video_once_and_a_failure_is_not_kept():
    kept, made, gate = Kept(), [], threading.Barrier(4)

    def make():
        made.append(1)
        return np.zeros((1, 1, 1, 1), "uint8")

    def ask():
        gate.wait(10)
        kept.frames("a", make)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert made == [1]
    with pytest.raises(ZeroDivisionError):
        kept.frames("b", lambda: 1 / 0)
    assert kept.frames("b", make).shape == (1, 1, 1, 1)


def test_room_is_shared_and_chosen_by_size(tmp_path):
    cache = FrameCache("auto", tmp_path, memory=100, disk=150)
    assert [kept and kept.folder for kept in map(cache.room, (60, 60, 40, 100, 1))] == [
        None, tmp_path, None, None, tmp_path]
    assert FrameCache("auto", memory=10).room(11) is None
    assert frame_cache.free_memory() > 0
    for cache in (FrameCache("memory", tmp_path, memory=2_000_000), FrameCache("disk", tmp_path, disk=3_000_000)):
        with pytest.raises(ValueError, match=r"Decoded frames need 5 MB, and may take [23] MB (of memory|in '.*')\."):
            cache.room(5_000_000)


def test_errors_are_clear(videos):
    with pytest.raises(ValueError, match=r"`where` must be one of 'auto', 'memory', 'disk'\. Received: where='ram'"):
        FrameCache("ram")
    with pytest.raises(ValueError, match=r"`folder` must be given for frames on a disk"):
        FrameCache("disk")
