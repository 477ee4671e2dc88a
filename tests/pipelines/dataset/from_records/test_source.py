"""Clips from records are those of the videos, up to JPEG."""

import numpy as np
import pytest

import pipelines
from pipelines.annotations.entries import Manifest
from pipelines.augment import chaining, crops, flip
from pipelines.dataset.from_records.rows import RecordRows
from pipelines.manifest import read_manifest
from pipelines.records.layout import RecordEntry
from pipelines.sample.clips import random_clip
from pipelines.sample.seeds import fold_in
from tests.pipelines.dataset.from_records.compared import CLIP, batches, same


@pytest.mark.parametrize("options", [
    {}, {"clip": CLIP.replace(sampling="segments"), "temporal_crop": 0.25},
    *(pytest.param(options, marks=pytest.mark.slow) for options in (
        {"clips_per_video": 3}, {"augment": crops.random_resized_crop(56, scale=(0.5, 1.0))},
        {"crop": "centre"}, {"balanced": True}, {"shard": (1, 2)}, {"policy": "loop"}, {"drop_remainder": True},
        {"workers": 5}, {"augment": chaining.chain(crops.centre_crop(56), flip.random_flip())}))],
    ids=lambda options: ",".join(options) or "plain")
def test_the_same_clips_as_from_videos(options, videos, prepared):
    options = {"clip": CLIP, "batch_size": 5, "seed": 3, "split": "train"} | options
    from_videos, from_records = (pipelines.training_clips(data, **options) for data in (videos, prepared))
    assert len(from_videos) == len(from_records)
    assert from_videos.labels == from_records.labels
    for _ in range(2):
        same(batches(from_videos), batches(from_records))


@pytest.mark.slow
@pytest.mark.parametrize("clip", [
    pytest.param(CLIP.replace(fps=12.5), id="fps"),
    pytest.param(CLIP.replace(fps=12.5, sampling="segments"), id="segments"),
    pytest.param(CLIP.replace(height=48, width=48), id="48", marks=pytest.mark.slow),
    pytest.param(CLIP.replace(channels=1, mean=(0.5,), std=(0.5,)), id="grey", marks=pytest.mark.slow),
    pytest.param(CLIP.replace(resize=(60, 80)), id="exact")])
def test_other_clips_than_it_was_prepared_for(clip, videos, prepared):
    options = {"clip": clip, "batch_size": 8, "split": "val"}
    # Random crops differ where a video is larger than its record: there are fewer places in the smaller picture.
    same(*(batches(pipelines.training_clips(data, crop="centre", **options)) for data in (videos, prepared)),
         tolerance=6)
    same(*(batches(pipelines.evaluation_clips(data, **options)) for data in (videos, prepared)), tolerance=6)


@pytest.mark.slow
def test_an_epoch_is_resumed_in_its_middle(prepared):
    train = pipelines.training_clips(prepared, CLIP, 3, seed=1)
    batches(train)
    second = batches(train)
    same(batches(train.at(1, 4)), second[4:], tolerance=1e-9)
    resumed = pipelines.training_clips(prepared, CLIP, 3, seed=1, start_epoch=1, start_step=4)
    assert len(resumed) == len(second) - 4
    same(batches(resumed), second[4:], tolerance=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, *(pytest.param(workers, marks=pytest.mark.slow) for workers in (3, 7))])
def test_the_number_of_workers_does_not_matter(workers, prepared):
    one, other = (pipelines.training_clips(prepared, CLIP, 4, workers=number) for number in (2, workers))
    same(batches(one), batches(other), tolerance=1e-9)


@pytest.mark.slow
def test_hosts_share_an_epoch(prepared):
    whole = [clip for clips, _ in batches(pipelines.training_clips(prepared, CLIP, 1)) for clip in clips]
    shares = [[clip for clips, _ in batches(pipelines.training_clips(prepared, CLIP, 1, shard=(host, 2)))
               for clip in clips] for host in range(2)]
    np.testing.assert_array_equal(whole, [clip for pair in zip(*shares) for clip in pair])


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [
    "slowfast_10x3", "tsn_25x10", "tsm_2x3", pytest.param("full_video", marks=pytest.mark.slow),
    pytest.param("sliding_16", marks=pytest.mark.slow)])
def test_views(protocol, videos, prepared):
    clip = CLIP.replace(frames=1) if protocol.startswith("tsn") else CLIP
    clip = CLIP.replace(sampling="segments") if protocol == "tsm_2x3" else clip
    found = [list(pipelines.evaluation_views(data, clip, protocol, split="val")) for data in (videos, prepared)]
    assert len(found[0]) == 8
    for (clips, label, position), (others, other_label, other_position) in zip(*found):
        assert clips.shape == others.shape
        assert (label, position) == (other_label, other_position)
        assert np.abs(clips.numpy().astype(int) - others.numpy()).mean() < 6


@pytest.mark.slow
def test_too_short_for_a_protocol(videos, prepared):
    reasons = []
    for data in (videos, prepared):
        views = pipelines.evaluation_views(data, CLIP, "tsn_25x10", split="val")
        assert list(views) == []
        reasons.append(sorted(reason for _, reason in views.quarantine))
    assert reasons[0] == reasons[1]
    assert len(reasons[0]) == 8
    assert reasons[0][0].startswith("protocol tsn_25x10 takes at least 39 frames, and it has 2")


def test_a_part_of_the_manifest_is_enough(prepared):
    manifest = read_manifest(prepared)
    part = Manifest(manifest.entries[:5], manifest.labels)
    assert len(batches(pipelines.training_clips(part, CLIP, 2))) == 3


def test_clips_longer_than_every_record(prepared):
    with pytest.raises(ValueError, match=r"Expected a record at least as long as a clip of 64 frames, stride 9: 568"):
        pipelines.training_clips(prepared, CLIP.replace(frames=64, stride=9), 4)


def test_more_parts_than_the_frames_of_every_record(prepared):
    with pytest.raises(ValueError, match=r"Expected a record of at least as many frames as a clip has parts, 64\. The "
                                         r"longest of 24 is that of '.*' with [0-9]+\. Use fewer frames\.$"):
        pipelines.training_clips(prepared, CLIP.replace(frames=64, sampling="segments"), 4)


def test_videos_need_no_data_service(videos):
    with pytest.raises(ValueError, match=r"`data_service` needs records.*`res3d prepare` first"):
        pipelines.training_clips(videos, CLIP, 4, data_service="grpc://localhost:1")


def made_up(count, seed):
    rng = np.random.default_rng(seed)
    for number in range(count):
        frames, fps = int(rng.integers(1, 60)), float(rng.choice([10, 23.976, 25, 29.97, 30, 50]))
        times = np.cumsum(rng.integers(20_000, 90_000, frames)).tolist() if number % 5 == 0 and frames > 1 else None
        yield RecordEntry(f"v{number}", (0,), shard="s", offset=number, length=1, frames=frames, fps=fps, height=int(
            rng.integers(60, 200)), width=int(rng.integers(60, 200)), times_us=times and tuple(times))


@pytest.mark.parametrize(("clip", "policy", "temporal_crop"), [
    *((clip, policy, 0.0) for clip in (CLIP, CLIP.replace(fps=15), CLIP.replace(fps=60, stride=3))
      for policy in ("repeat_last", "loop")),
    (CLIP.replace(sampling="segments"), "repeat_last", 0.0),
    (CLIP.replace(sampling="segments", fps=15), "loop", 0.25)])
def test_arithmetic_of_whole_epochs_is_that_of_single_videos(clip, policy, temporal_crop):
    entries = list(made_up(50, seed=4))
    table = RecordRows(entries, clip, policy, temporal_crop)
    keys = fold_in(9, np.arange(len(entries))).astype(np.int64)
    crop, resized = crops.ClipCrop(clip), crops.random_resized_crop(56)
    rows, boxes = (table.training(np.arange(len(entries)), keys, 2, each, False) for each in (crop, resized))
    for position, (entry, key) in enumerate(zip(entries, keys.tolist())):
        for number in range(2):
            expected = random_clip(entry.info, clip, int(fold_in(key, number) >> np.uint64(1)), policy=policy,
                                   temporal_crop=temporal_crop)
            assert rows["frames"][position].reshape(2, -1)[number].tolist() == expected
        assert tuple(rows["box"][position]) == crop.box(entry.height, entry.width, key)
        assert tuple(boxes["box"][position]) == resized.box(entry.height, entry.width, key)
