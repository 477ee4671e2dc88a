"""TFRecord files: TensorFlow reads what is written here, and the other way round; damage is told from an end."""

import os

import pytest
import tensorflow as tf

from serving.tensors import tfrecord

RECORDS = [b"", b"a", bytes(range(256)) * 300]


def test_tensorflow_reads_what_is_written_here(tmp_path):
    tfrecord.write(tmp_path / "f", RECORDS)
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(tmp_path / "f"))] == RECORDS


def test_what_tensorflow_writes_is_read_here(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "f")) as writer:
        for record in RECORDS:
            writer.write(record)
    assert list(tfrecord.read(tmp_path / "f")) == RECORDS


@pytest.mark.parametrize(("damage", "message"), [
    (lambda path: os.truncate(path, 20), r"'.*f' must be a TFRecord file. The header of record 1 is damaged\."),
    (lambda path: os.truncate(path, 60), r"'.*f' must be a whole TFRecord file. Record 2 of 76800 bytes is damaged"),
    (lambda path: path.write_bytes(path.read_bytes()[:-5] + b"x" + path.read_bytes()[-4:]), "Record 2 of 76800 bytes"),
], ids=["in a head", "in a record", "a byte"])
def test_damage_is_named(tmp_path, damage, message):
    tfrecord.write(tmp_path / "f", RECORDS)
    damage(tmp_path / "f")
    with pytest.raises(ValueError, match=message):
        list(tfrecord.read(tmp_path / "f"))
