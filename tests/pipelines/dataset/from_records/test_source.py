"""Clips from records are those of the videos, up to JPEG; damage costs the damaged record and no other."""

import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines import synthetic
from pipelines.annotations.entries import Manifest
from pipelines.augment import chaining, crops, flip
from pipelines.dataset.from_records.rows import RecordRows
from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.records import tfrecord
from pipelines.records.layout import RecordEntry
from pipelines.records.record import Record, decode, encode
from pipelines.sample.clips import random_clip
from pipelines.sample.seeds import fold_in
from pipelines.storage import files
from pipelines.video import opencv
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)
JPEG = 4.0  # mean difference that a JPEG of quality 90 leaves in these noisy pictures


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=2, val_per_class=1)
    return folder


@pytest.fixture(scope="module")
def prepared(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "records"
    prepare(videos, out, PrepareOptions(CLIP, shard_clips=6), workers=2)
    return out


def batches(dataset):
    return [(clips.numpy(), labels.numpy()) for clips, labels in dataset]


def same(one, other, tolerance=JPEG):
    assert len(one) == len(other)
    for (clips, labels), (others, same_labels) in zip(one, other):
        np.testing.assert_array_equal(labels, same_labels)
        assert clips.shape == others.shape
        assert np.abs(clips.astype(int) - others).mean() < tolerance


@pytest.mark.parametrize("options", [
    {}, {"clips_per_video": 3}, {"clip": CLIP.replace(sampling="segments"), "temporal_crop": 0.25},
    {"augment": crops.random_resized_crop(56, scale=(0.5, 1.0))},
    *(pytest.param(options, marks=pytest.mark.slow) for options in (
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


def test_an_epoch_is_resumed_in_its_middle(prepared):
    train = pipelines.training_clips(prepared, CLIP, 3, seed=1)
    batches(train)
    second = batches(train)
    same(batches(train.at(1, 4)), second[4:], tolerance=1e-9)
    resumed = pipelines.training_clips(prepared, CLIP, 3, seed=1, start_epoch=1, start_step=4)
    assert len(resumed) == len(second) - 4
    same(batches(resumed), second[4:], tolerance=1e-9)


@pytest.mark.parametrize("workers", [1, *(pytest.param(workers, marks=pytest.mark.slow) for workers in (3, 7))])
def test_the_number_of_workers_does_not_matter(workers, prepared):
    one, other = (pipelines.training_clips(prepared, CLIP, 4, workers=number) for number in (2, workers))
    same(batches(one), batches(other), tolerance=1e-9)


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


def damage(folder, entry):
    """Flips a bit of every 50th byte, so that no frame is whole."""
    path = pathlib.Path(entry.shard)
    data = bytearray(path.read_bytes())
    for at in range(entry.offset + 40, entry.offset + entry.length, 50):
        data[at] ^= 1
    path.write_bytes(bytes(data))


@pytest.fixture
def copy(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "records")
    return tmp_path / "records"


def test_a_damaged_record_is_replaced_and_named(copy, prepared):
    entries = read_manifest(copy, split="train").entries
    damage(copy, entries[4])
    options = {"clip": CLIP, "batch_size": 4, "split": "train", "seed": 5}
    train = pipelines.training_clips(copy, **options)
    found, whole = batches(train), batches(pipelines.training_clips(prepared, **options))
    reason = f"the record at byte {entries[4].offset} of '{entries[4].shard}' has a wrong checksum"
    assert [path for path, _ in train.quarantine] == [entries[4].path]
    assert train.quarantine[0][1].startswith(reason)
    differ = [not np.array_equal(*clips) for clips in zip(np.concatenate([clips for clips, _ in found]),
                                                          np.concatenate([clips for clips, _ in whole]))]
    assert sum(differ) == 1
    same(batches(train.at(0)), found, tolerance=1e-9)
    strict = pipelines.training_clips(copy, on_error="raise", **options)
    with pytest.raises(ValueError, match="has a wrong checksum over its"), strict.plain_errors():
        batches(strict)


def test_evaluation_leaves_a_damaged_record_out(copy):
    entries = read_manifest(copy, split="val").entries
    damage(copy, entries[2])
    val = pipelines.evaluation_clips(copy, CLIP, 4, split="val")
    assert [len(labels) for _, labels in batches(val)] == [3, 4]
    assert [path for path, _ in val.quarantine] == [entries[2].path]
    views = pipelines.evaluation_views(copy, CLIP, "centre", split="val")
    assert [int(position) for *_, position in views] == [0, 1, 3, 4, 5, 6, 7]
    assert [path for path, _ in views.quarantine] == [entries[2].path]


def test_a_truncated_shard_loses_what_is_cut_off(copy):
    entries = read_manifest(copy, split="train").entries
    shard = pathlib.Path(entries[0].shard)
    inside = sorted((entry for entry in entries if entry.shard == str(shard)), key=lambda entry: entry.offset)
    shard.write_bytes(shard.read_bytes()[:inside[-2].offset + 100])
    train = pipelines.training_clips(copy, CLIP, 4, split="train")
    assert {path for path, _ in train.quarantine} == {entry.path for entry in inside[-2:]}
    assert "is cut off: the shard has" in train.quarantine[0][1]
    assert sum(len(labels) for _, labels in batches(train)) == len(entries)
    shard.unlink()
    train = pipelines.training_clips(copy, CLIP, 4, split="train")
    assert len(train.quarantine) == len(inside)


def test_nothing_readable(copy):
    for shard in copy.glob("*.tfrecord"):
        shard.write_bytes(b"")
    with pytest.raises(ValueError, match=r"Expected at least one video that decodes\. None of 24 does"):
        pipelines.training_clips(copy, CLIP, 4)


def test_clips_longer_than_every_record(prepared):
    with pytest.raises(ValueError, match=r"Expected a record at least as long as a clip of 64 frames, stride 9: 568"):
        pipelines.training_clips(prepared, CLIP.replace(frames=64, stride=9), 4)


def test_more_parts_than_the_frames_of_every_record(prepared):
    with pytest.raises(ValueError, match=r"Expected a record of at least as many frames as a clip has parts, 64\. The "
                                         r"longest of 24 is that of '.*' with [0-9]+\. Use fewer frames\.$"):
        pipelines.training_clips(prepared, CLIP.replace(frames=64, sampling="segments"), 4)


def test_a_later_schema_is_refused(copy):
    summary = copy / "summary.json"
    summary.write_text(summary.read_text().replace('"schema_version": 2', '"schema_version": 7'))
    with pytest.raises(ValueError, match=r"schema version 1 to 2\. Received version 7 in .*Update the package"):
        pipelines.training_clips(copy, CLIP, 4)


def test_videos_need_no_data_service(videos):
    with pytest.raises(ValueError, match=r"`data_service` needs records.*`res3d prepare` first"):
        pipelines.training_clips(videos, CLIP, 4, data_service="grpc://localhost:1")


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """Shards as other tools write them: no place of frames, no rate; one with a record without frames."""
    monkeypatch.setenv("RES3D_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "foreign"
    folder.mkdir()
    ramp = [np.full((64, 80, 3), 5 * value, np.uint8) for value in range(40)]

    def example(label, name, frames):
        feature = tf.train.Feature
        context = {"clip/label/index": feature(int64_list=tf.train.Int64List(value=[label])),
                   "clip/label/text": feature(bytes_list=tf.train.BytesList(value=[name])),
                   "clip/start/timestamp": feature(int64_list=tf.train.Int64List(value=[0])),
                   "clip/end/timestamp": feature(int64_list=tf.train.Int64List(value=[4_000_000]))}
        jpegs = [tf.train.BytesList(value=[opencv.encode_image(frame)]) for frame in frames]
        images = tf.train.FeatureList(feature=[feature(bytes_list=jpeg) for jpeg in jpegs])
        return tf.train.SequenceExample(context=tf.train.Features(feature=context), feature_lists=tf.train.FeatureLists(
            feature_list={"image/encoded": images})).SerializeToString()

    for split in ("train", "validation"):
        with tf.io.TFRecordWriter(str(folder / f"{split}-00000-of-00001")) as writer:
            writer.write(example(0, b"rise", ramp))
            writer.write(example(1, b"fall", ramp[::-1]))
            writer.write(example(1, b"fall", []))
    return folder


@pytest.mark.slow
def test_records_of_other_tools(foreign):
    manifest = read_manifest(foreign)
    assert manifest.labels == ["rise", "fall"]
    assert manifest.splits == {"train": 2, "val": 2}
    assert {entry.fps for entry in manifest} == {10.0}
    assert len(manifest.missing) == 2
    assert "Received a record without any" in manifest.missing[0].reason
    for clips, labels in pipelines.training_clips(foreign, CLIP, 2, split="train"):
        steps = np.diff(clips.numpy().astype(int).mean((2, 3, 4)), axis=1)
        assert (np.sign(steps.mean(1)) == [1 if label == 0 else -1 for label in labels.numpy()]).all()
        np.testing.assert_allclose(np.abs(steps), 10, atol=2)  # stride 2, of 5 each
    assert len(batches(pipelines.evaluation_clips(foreign, CLIP, 2, split="val"))) == 1


@pytest.mark.slow
def test_records_of_other_tools_where_tensorflow_has_the_file_system(foreign):
    for path in foreign.iterdir():
        files.write_bytes(f"ram://foreign/{path.name}", path.read_bytes())
    files.write_bytes("ram://foreign/test-00000-of-00001", (foreign / "train-00000-of-00001").read_bytes()[:-20_000])
    manifest = read_manifest("ram://foreign")
    assert manifest.splits == {"train": 2, "val": 2, "test": 1}
    assert any("of 'ram://foreign/test-00000-of-00001' is cut off" in row.reason for row in manifest.missing)
    there, = batches(pipelines.evaluation_clips("ram://foreign", CLIP, 2, split="val"))
    here, = batches(pipelines.evaluation_clips(foreign, CLIP, 2, split="val"))
    np.testing.assert_array_equal(there[0], here[0])


@pytest.mark.slow
def test_a_shard_of_another_tool_that_goes_away_is_no_endless_wait(foreign):
    shutil.copy(foreign / "train-00000-of-00001", foreign / "train-00001-of-00002")
    train = pipelines.training_clips(foreign, CLIP, 2, split="train")
    (foreign / "train-00001-of-00002").unlink()
    assert sum(len(labels) for _, labels in train) == 4  # others stand in
    assert len(train.quarantine) == 2
    assert all("train-00001-of-00002" in reason for _, reason in train.quarantine)


def test_a_label_out_of_range(foreign):
    (foreign / "labels.txt").write_text("rise\n")
    with pytest.raises(ValueError, match=r"Label ids must lie in 0\.\.0\. Received \(1,\)"):
        read_manifest(foreign)


def test_a_label_that_nobody_can_mean(foreign):
    data = encode(Record((opencv.encode_image(np.zeros((8, 8, 3), np.uint8)),), (2**40,)))
    with open(foreign / "test-00000-of-00001", "wb") as file:
        tfrecord.Writer(file).write(data)
    with pytest.raises(ValueError, match=r"Expected label ids below 1000000\. Received 1099511627776 in the record at "
                                         r"byte 0 of '.*test-00000-of-00001'\. Write the names"):
        read_manifest(foreign)


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


def test_a_record_that_was_swapped_is_diagnosed(copy):
    """A record whose checksum is right and whose frames are no JPEGs."""
    entry = read_manifest(copy, split="val").entries[0]
    path = pathlib.Path(entry.shard)
    with open(path, "rb") as file:
        record = decode(tfrecord.read_at(file, entry.offset))
    bad = encode(Record(tuple(b"\0" * len(frame) for frame in record.frames), record.labels,
                                        record.label_names, record.filename, record.start_us, record.end_us,
                                        record.fps, record.height, record.width, record.times_us))
    assert len(bad) == entry.length
    data = bytearray(path.read_bytes())
    import io

    framed = io.BytesIO()
    tfrecord.Writer(framed).write(bad)
    data[entry.offset:entry.offset + len(framed.getvalue())] = framed.getvalue()
    path.write_bytes(bytes(data))
    val = pipelines.evaluation_clips(copy, CLIP, 4, split="val")
    batches(val)
    assert val.quarantine[0][1] == f"frame 0 of the record at {entry} is no JPEG that decodes"
