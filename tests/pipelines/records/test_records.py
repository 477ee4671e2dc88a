"""Records round trip exactly, in TensorFlow's own reading of them too, and damage is named."""

import contextlib
import hashlib
import io

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.records import layout, tfrecord, wire
from pipelines.records.record import (
    END,
    FRAME_BYTES,
    FRAME_FROM_END,
    FRAME_RATE,
    HEIGHT,
    LABEL_INDEX,
    START,
    VERSION,
    Record,
    RecordError,
    decode,
    encode,
    is_indexed,
)

NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=9), st.lists(st.tuples(st.integers(0, 2**40), NAMES),
       max_size=4), NAMES, st.integers(0, 2**50), st.floats(0, 1000, width=32), st.booleans())
def test_round_trip(frames, labels, filename, start, fps, timed):
    record = Record(tuple(frames), tuple(i for i, _ in labels), tuple(name for _, name in labels), filename, start,
                    start + 5, fps, 128, 170, tuple(range(start, start + len(frames))) if timed else ())
    data = encode(record)
    assert decode(data) == record
    assert encode(decode(data)) == data
    example = tf.train.SequenceExample.FromString(data)
    assert example.SerializeToString(deterministic=True) == data
    context = example.context.feature
    for place, size, frame in zip(context[FRAME_FROM_END].int64_list.value,
                                  context[FRAME_BYTES].int64_list.value, frames):
        assert data[len(data) - place:len(data) - place + size] == frame


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_record_error(data):
    with contextlib.suppress(RecordError):
        decode(data)


def test_keys_of_other_readers():
    data = encode(Record((b"a", b"b"), (3, 5), ("jump", "run"), "x.mp4", 1_000_000, 3_000_000, 25.0, 4, 6))
    context, lists = tf.io.parse_single_sequence_example(
        data, {"clip/label/index": tf.io.VarLenFeature(tf.int64), "clip/label/text": tf.io.VarLenFeature(tf.string),
               "clip/label/string": tf.io.VarLenFeature(tf.string),
               "video/filename": tf.io.FixedLenFeature((), tf.string),
               "clip/start/timestamp": tf.io.FixedLenFeature((), tf.int64),
               "clip/end/timestamp": tf.io.FixedLenFeature((), tf.int64),
               "image/frame_rate": tf.io.FixedLenFeature((), tf.float32),
               "image/height": tf.io.FixedLenFeature((), tf.int64),
               "image/width": tf.io.FixedLenFeature((), tf.int64)},
        {"image/encoded": tf.io.FixedLenSequenceFeature((), tf.string)})
    assert lists["image/encoded"].numpy().tolist() == [b"a", b"b"]
    found = {key: (value.values if key.startswith("clip/label") else value).numpy() for key, value in context.items()}
    assert found.pop("clip/label/index").tolist() == [3, 5]
    assert found.pop("clip/label/text").tolist() == found.pop("clip/label/string").tolist() == [b"jump", b"run"]
    assert [value.item() if isinstance(value, np.generic) else value for value in found.values()] == [
        3_000_000, 1_000_000, 25.0, 4, 6, b"x.mp4"]


def feature(*values):
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(context, **lists):
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={key: feature(*values) for key, values in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={
            key: tf.train.FeatureList(feature=[feature(value) for value in values]) for key, values in lists.items()}),
    ).SerializeToString()


def test_a_dmvr_record_parses():
    data = example({"clip/label/index": [2], "clip/label/text": [b"jump"], "caption/string": [b"a jump"],
                    "video/filename": [b"a.mp4"], "clip/start/timestamp": [0], "clip/end/timestamp": [2_000_000]},
                   **{"image/encoded": [b"x", b"y"], "WAVEFORM/feature/floats": [0.5]})
    assert decode(data) == Record((b"x", b"y"), (2,), ("jump",), "a.mp4", 0, 2_000_000)
    assert not is_indexed(data)


def test_a_model_garden_record_parses():
    data = example({"clip/label/index": [2, 7]}, **{"image/encoded": [b"x"]})
    assert decode(data) == Record((b"x",), (2, 7))


def test_a_media_sequence_record_parses():
    data = example({"clip/label/index": [2, 7], "clip/label/string": [b"jump", b"run"], "clip/data_path": [b"a.mp4"],
                    "clip/start/timestamp": [0], "clip/end/timestamp": [80_000], "image/frame_rate": [25.0],
                    "image/height": [4], "image/width": [6]},
                   **{"image/encoded": [b"x", b"y"], "image/timestamp": [0, 40_000]})
    assert decode(data) == Record((b"x", b"y"), (2, 7), ("jump", "run"), "a.mp4", 0, 80_000, 25.0, 4, 6,
                                          (0, 40_000))


def test_values_of_other_kinds_are_passed_over():
    data = example({LABEL_INDEX: [b"two"], START: [b"soon"], END: [float("nan")],
                    FRAME_RATE: [b"25"], HEIGHT: [float("inf")], VERSION: [b"1"]},
                   **{"image/encoded": [b"x", b"y"], "image/timestamp": [b"0", b"1"]})
    assert decode(data) == Record((b"x", b"y"))


def test_a_record_without_frames():
    with pytest.raises(RecordError, match=r"Expected frames under 'image/encoded' at byte 7\. Received a record "
                                          r"without any: it has sound\."):
        decode(example({"clip/label/index": [2]}, sound=[1.0]), "byte 7")
    with pytest.raises(RecordError, match="A record must have frames"):
        Record(())


def test_a_later_schema_is_refused():
    data = example({VERSION: [9]}, **{"image/encoded": [b"x"]})
    with pytest.raises(RecordError, match=r"schema version 1 to 2\. Received version 9\. Update the package"):
        decode(data)


def test_times_and_names_must_fit():
    with pytest.raises(RecordError, match=r"one time a frame\. Received 1 times for 2 frames of 'a'"):
        Record((b"x", b"y"), filename="a", times_us=(1,))
    with pytest.raises(RecordError, match="one name a label"):
        Record((b"x",), (1, 2), ("jump",))


@pytest.mark.parametrize(("data", "checksum"), [  # RFC 3720, appendix B.4
    (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C)])
def test_checksums_are_those_of_the_standard_masked(data, checksum):
    masked = tfrecord.masked_crc(data)
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (rotated >> 17 | rotated << 15) & 0xFFFFFFFF == checksum


@pytest.mark.parametrize(("split", "name"), [("train", "train"), (None, layout.NO_SPLIT), ("a-b", "a-b")])
def test_shards_are_known_by_the_name_that_they_are_given(split, name):
    shard = layout.shard_name(split, 3, 12)
    assert layout.SHARD_NAME.match(shard)["split"] == name
    assert layout.OURS.fullmatch(shard)
    assert not layout.OURS.fullmatch(layout.account_name(shard))


def test_the_bytes_of_a_record_stay_what_they_are():
    record = Record((b"one", b"", b"x" * 300), (1, 2), ("jump", "l\u00e4uft"), "a/b.mp4", 5, 10**7, 12.5, 48, 64,
                    (5, 6, 7))
    data = encode(record)
    assert (len(data), hashlib.sha256(data).hexdigest()[:16]) == (853, "e4f9a1a47815faaa")
    assert decode(data) == record


def test_tensorflow_reads_what_is_written_and_the_other_way(tmp_path):
    values = [b"", b"one", bytes(range(256)) * 200]
    with open(tmp_path / "ours", "wb") as file:
        writer = tfrecord.Writer(file)
        places = [writer.write(value) for value in values]
    assert list(tf.data.TFRecordDataset(str(tmp_path / "ours")).as_numpy_iterator()) == values
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for value in values:
            writer.write(value)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    with open(tmp_path / "theirs", "rb") as file:
        assert list(tfrecord.read_all(file)) == list(zip(places, values))


def shard(*values):
    file = io.BytesIO()
    writer = tfrecord.Writer(file)
    return file, [writer.write(value) for value in values]


def test_flipped_bytes_are_named_by_file_and_offset():
    file, places = shard(b"a" * 50, b"b" * 50)
    file.getbuffer()[places[1] + 20] ^= 1
    with pytest.raises(tfrecord.DamagedRecordError, match=r"the record at byte 66 of 's' has a wrong checksum over "
                                                             r"its 50 bytes"):
        tfrecord.read_at(file, places[1], "s")
    assert tfrecord.read_at(file, places[0]) == b"a" * 50


def test_a_truncated_shard_keeps_what_is_whole():
    file, places = shard(b"a" * 50, b"b" * 50)
    file.truncate(100)
    with pytest.raises(tfrecord.DamagedRecordError, match=r"byte 66 of 's' is cut off: 50 bytes were promised, 22 "
                                                             r"are there") as error:
        tfrecord.offsets(file, "s")
    assert error.value.found == [(places[0], 50)]


def test_wire_errors():
    with pytest.raises(wire.WireError, match="10 bytes with 1 left"):
        wire.decode(b"\x0a\x0a\x00")
