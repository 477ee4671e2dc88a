"""Batches of clips: which videos, which frames, which labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset import order
from res3d.geometry import ClipSpec
from tests.pipelines.dataset.numbered import CLIP, FRAMES, VIDEOS, make_video, read, seen


def test_an_epoch_has_every_video_once_and_epochs_differ(folder):
    train = pipelines.training_clips(folder, CLIP, batch_size=3, seed=1, workers=2)
    epochs = [read(train) for _ in range(3)]
    assert [sorted(seen(epoch)) for epoch in epochs] == [list(range(VIDEOS))] * 3
    assert len({tuple(seen(epoch)) for epoch in epochs}) == 3
    assert seen(epochs[2]) == order.epoch_order(VIDEOS, 1, 2).tolist()
    for videos, frames, labels in epochs[0]:
        assert labels == [0 if video < 4 else 1 if video < 6 else 2 for video in videos]
        for indices in frames:
            assert indices == list(range(indices[0], indices[0] + 7, 2))
            assert indices[-1] < FRAMES


def test_it_is_a_dataset_that_knows_its_facts(folder):
    train = pipelines.training_clips(folder, CLIP, batch_size=3)
    assert isinstance(train, tf.data.Dataset)
    assert (len(train), int(train.cardinality()), train.steps_per_epoch) == (3, 3, 3)
    assert train.element_spec == (tf.TensorSpec((None, *CLIP.shape), tf.uint8), tf.TensorSpec((None,), tf.int32))
    for same in (train, train.map(lambda clips, labels: (clips, labels)), train.prefetch(1), train.take(2),
                 train.shuffle(2, seed=1)):
        assert same.labels == ["jump", "run", "walk"]
        assert (same.num_classes, same.num_videos, same.clip, list(same.quarantine)) == (3, VIDEOS, CLIP, [])
        assert len(same.manifest) == VIDEOS
    assert repr(train).startswith(f"<ClipDataset of {VIDEOS} videos, 3 labels: (TensorSpec(shape=(None, ")


def test_the_same_whatever_the_number_of_workers(folder):
    epochs = {workers: [read(pipelines.training_clips(folder, CLIP, 2, seed=5, workers=workers)) for _ in range(2)]
              for workers in (1, 3, 8)}
    assert epochs[1] == epochs[3] == epochs[8]
    assert epochs[1] != [read(pipelines.training_clips(folder, CLIP, 2, seed=6, workers=1)) for _ in range(2)]


def test_peeking_does_not_use_an_epoch_up(folder):
    train = pipelines.training_clips(folder, CLIP, batch_size=3, seed=1)
    first = read(train.take(1))
    assert train.epoch == 0
    assert read(train)[:1] == first
    assert train.epoch == 1


def test_the_last_batch(folder):
    assert [len(videos) for videos, _, _ in read(pipelines.training_clips(folder, CLIP, 3))] == [3, 3, 1]
    full = pipelines.training_clips(folder, CLIP, 3, drop_remainder=True)
    assert (len(full), full.element_spec[0].shape[0]) == (2, 3)
    assert [len(videos) for videos, _, _ in read(full)] == [3, 3]
    assert full.epoch == 1
    with pytest.raises(ValueError, match=r"Expected at least one full batch\. Received: 7 clips for batch_size=8"):
        pipelines.training_clips(folder, CLIP, 8, drop_remainder=True)


@pytest.mark.slow
@pytest.mark.parametrize("clips_per_video", [1, 2, 3])
def test_resuming_in_the_middle_of_an_epoch(folder, clips_per_video):
    options = {"batch_size": 2, "seed": 4, "clips_per_video": clips_per_video}
    train = pipelines.training_clips(folder, CLIP, **options)
    epochs = [read(train) for _ in range(3)]
    resumed = pipelines.training_clips(folder, CLIP, **options, start_epoch=1, start_step=2)
    assert len(resumed) == len(train) - 2
    assert read(resumed) == epochs[1][2:]
    assert len(resumed) == len(train)
    assert read(resumed) == epochs[2]
    part = train.at(1, 1)
    assert (len(part), part.labels) == (len(train) - 1, train.labels)
    assert read(part) == read(part) == epochs[1][1:]
    assert read(train.map(lambda clips, labels: (clips, labels + 10)).at(1, 1))[0][2] == [
        label + 10 for label in epochs[1][1][2]]
    train.epoch = 1
    assert read(train) == epochs[1]


def test_several_clips_of_a_decoded_video(folder):
    train = pipelines.training_clips(folder, CLIP, batch_size=4, clips_per_video=3)
    epoch = read(train)
    assert len(train) == 6
    assert seen(epoch)[::3] == seen(epoch)[1::3] == seen(epoch)[2::3]
    assert sorted(seen(epoch)) == sorted([*range(VIDEOS)] * 3)
    starts = [frames[0] for _, clips, _ in epoch for frames in clips]
    assert any(len(set(starts[i:i + 3])) == 3 for i in range(0, len(starts), 3))


def test_balanced_classes(folder):
    epoch = read(pipelines.training_clips(folder, CLIP, 2, balanced=True))
    assert sorted(np.bincount([label for _, _, labels in epoch for label in labels])) == [2, 2, 3]


@pytest.mark.slow
def test_hosts_share_a_batch(folder):
    whole = read(pipelines.training_clips(folder, CLIP, 4, seed=2))
    halves = [read(pipelines.training_clips(folder, CLIP, 2, seed=2, shard=(index, 2))) for index in range(2)]
    assert len(halves[0]) == len(halves[1]) == len(whole)
    for together, left, right in zip(whole[:1], *halves):
        for part, one, other in zip(together, left, right):
            assert [value for pair in zip(one, other) for value in pair] == part
    assert seen(halves[0]) + seen(halves[1]) != []
    assert len(seen(halves[0]) + seen(halves[1])) == VIDEOS + 1


def test_several_labels(folder):
    paths = [str(folder / name) for name in ("jump/0.mkv", "run/4.mkv", "walk/6.mkv")]
    manifest = Manifest([Entry(path, labels) for path, labels in zip(paths, [(0,), (0, 2), ()])], ["a", "b", "c"])
    train = pipelines.training_clips(manifest, CLIP, 3)
    assert train.element_spec[1] == tf.TensorSpec((None, 3), tf.float32)
    ((videos, _, labels),) = read(train)
    assert dict(zip(videos, labels)) == {0: [1, 0, 0], 4: [1, 0, 1], 6: [0, 0, 0]}
    with pytest.raises(ValueError, match="`balanced` needs one label a video"):
        pipelines.training_clips(manifest, CLIP, 3, balanced=True)


@pytest.mark.slow
def test_a_part_of_a_video(folder):
    path = str(folder / "jump/3.mkv")               # 10 frames a second
    manifest = Manifest([Entry(path, (0,), start=0.5, end=1.4)], ["a"])
    train = pipelines.training_clips(manifest, CLIP, 1)
    starts = {read(train)[0][1][0][0] for _ in range(30)}
    assert starts == {5, 6, 7}                      # 7 frames from the 5th to the 13th
    late = Manifest([Entry(path, (0,), start=2.5)], ["a"])
    with pytest.raises(ValueError, match=r"wanted the part from 2\.5 s to the end, but the video has 20 frames and"):
        pipelines.training_clips(late, CLIP, 1)


def test_a_short_video_repeats_its_last_frame(folder, tmp_path):
    manifest = Manifest([Entry(str(make_video(tmp_path / "short.mkv", 9, frames=5)), (0,)),
                         Entry(str(folder / "jump/1.mkv"), (0,))], ["a"])
    frames = {video: frames for videos, clips, _ in read(pipelines.training_clips(manifest, CLIP, 1))
              for video, frames in zip(videos, clips)}
    assert frames[9] == [0, 2, 4, 4]


def test_a_clip_longer_than_every_video(folder):
    long = ClipSpec(frames=16, stride=2, height=16, width=16)
    expected = (r"Expected a video at least as long as a clip of 16 frames, stride 2: 31 frames. The longest of 7 is "
                r"'.*\d.mkv' with 20 frames of its own. Use fewer frames or a smaller stride.")
    with pytest.raises(ValueError, match=expected):
        pipelines.training_clips(folder, long, 2)
    with pytest.raises(ValueError, match=expected):
        pipelines.evaluation_clips(folder, long, 2)


@pytest.mark.slow
@pytest.mark.clips
def test_jumps_change_no_pixel(clips):
    path = clips / "action" / "kinetics_flipping_pancake.mkv"                # a key frame every 150 frames
    manifest = Manifest([Entry(str(path), (0,), start=6.0)], ["a"])
    plain, jumping = (pipelines.training_clips(manifest, CLIP, 1, jumps=jumps) for jumps in (False, True))
    assert jumping.source.probes.info(str(path)).jumps
    for (one, _), (other, _) in zip(plain, jumping):
        np.testing.assert_array_equal(one, other)


def test_probes_are_kept_from_run_to_run(folder, tmp_path, monkeypatch):
    cache = tmp_path / "probes.jsonl"
    first = read(pipelines.training_clips(folder, CLIP, 2, probe_cache=cache))
    assert len(cache.read_text().splitlines()) == VIDEOS
    monkeypatch.setattr("pipelines.video.probe_cache.probe", None)
    assert read(pipelines.training_clips(folder, CLIP, 2, probe_cache=cache)) == first


@pytest.mark.parametrize(("change", "message"), [
    ({"batch_size": 0}, "`batch_size` must be a whole number from 1 on. Received: batch_size=0"),
    ({"workers": 0}, "`workers` must be a whole number from 1 on. Received: workers=0"),
    ({"clips_per_video": True}, "`clips_per_video` must be a whole number from 1 on"),
    ({"crop": "left"}, "`crop` must be one of 'random', 'centre'. Received: 'left'"),
    ({"on_error": "skip"}, "`on_error` must be one of 'quarantine', 'raise'. Received: 'skip'"),
    ({"policy": "wrap"}, "`policy` must be one of 'repeat_last', 'loop', 'error'. Received: 'wrap'"),
    ({"start_epoch": -1}, "`start_epoch` must be a whole number from 0 on. Received: start_epoch=-1"),
    ({"start_step": 4}, "`start_step` must be below the 4 batches of an epoch. Received: start_step=4"),
    ({"labels": ["jump", "run"]}, "walk"),
    ({"clip": "slow_8x8"}, "`clip` must be a res3d.ClipSpec; res3d.preset.name. gives a published one"),
])
def test_wrong_arguments(folder, change, message):
    with pytest.raises(ValueError, match=message):
        pipelines.training_clips(folder, **{"clip": CLIP, "batch_size": 2} | change)
    if "clip" in change:
        with pytest.raises(ValueError, match=message):
            pipelines.evaluation_clips(folder, **{"clip": CLIP, "batch_size": 2} | change)


@pytest.mark.slow
def test_fit_takes_both(folder):
    train = pipelines.training_clips(folder, CLIP, batch_size=3, seed=1)
    val = pipelines.evaluation_clips(folder, CLIP, batch_size=4, labels=train.labels)
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling3D(),
                              keras.layers.Dense(train.num_classes)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(train, validation_data=val, epochs=3, verbose=0, shuffle=False)
    assert len(history.history["val_loss"]) == 3
    assert train.epoch == 3
