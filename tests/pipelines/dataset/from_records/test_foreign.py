"""Records that other tools wrote: read without places of frames, and what is wrong with them named."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.manifest import read_manifest
from pipelines.records import tfrecord
from pipelines.records.record import Record, encode
from pipelines.storage import files
from pipelines.video import opencv
from tests.pipelines.dataset.from_records.compared import CLIP, batches


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
