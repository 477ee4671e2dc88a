"""Frames read alone are those of the whole record; only damage to what a clip needs costs anything."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines import synthetic
from pipelines.augment import crops
from pipelines.dataset.from_records import frames as single_frames
from pipelines.dataset.from_records.decode import clip_decoder
from pipelines.dataset.from_records.frames import _prefix, pictures, read
from pipelines.dataset.from_records.rows import UNREADABLE, RecordRows, columns
from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.records import record, tfrecord
from pipelines.video import opencv
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, height=56, width=56)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=1, val_per_class=1)
    prepare(folder, folder / "records", PrepareOptions(CLIP, shard_clips=6), workers=1)
    return folder / "records"


@pytest.fixture
def copy(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "records")
    return tmp_path / "records"


def written(folder, frames, **fields):
    """A shard with another record before the one of `frames`; (path, offset, length)."""
    path = folder / "all.tfrecord"
    data = record.encode(record.Record(tuple(frames), **fields))
    with open(path, "wb") as file:
        writer = tfrecord.Writer(file)
        writer.write(b"before")
        offset = writer.write(data)
    return str(path), offset, len(data)


@pytest.mark.parametrize("fields", [{}, {"labels": (1, 2), "label_names": ("a" * 900, "b" * 900)},
                                    {"filename": "\n" * 3}, {"times_us": tuple(range(300))}],
                         ids=["plain", "long", "text", "times"])
def test_frames_are_those_of_the_record(fields, tmp_path):
    rng = np.random.default_rng(7)
    frames = [rng.bytes(int(size)) for size in rng.integers(0, 400, 300)]
    frames[:4] = [b"", b"\n", b"\x0a\x01", b"x" * 70_000]
    path, offset, length = written(tmp_path, frames, **fields)
    for wanted in ([0], [1, 0, 2, 1], [3], [299, 250, 299], range(300)):
        found = read(path, offset, length, 300, wanted)
        assert found == [frames[number] for number in wanted]


def test_damage_is_found_where_it_is_read(tmp_path):
    frames = [bytes([number]) * 100 for number in range(50)]
    path, offset, length = written(tmp_path, frames)
    data = bytearray(pathlib.Path(path).read_bytes())
    data[data.index(frames[20]) + 50] ^= 1
    pathlib.Path(path).write_bytes(data)
    assert read(path, offset, length, 50, [19, 21]) == [frames[19], frames[21]]
    with pytest.raises(ValueError, match=rf"Expected frame 20 of the record at byte {offset} .*checksum is another"):
        read(path, offset, length, 50, [19, 20])
    with pytest.raises(ValueError, match=rf"Expected a table of 51 frames in the record at byte {offset} "):
        read(path, offset, length, 51, [0])
    with pytest.raises(ValueError, match="a table of 50 frames"):
        read(path, offset + length, length, 50, [0])


def test_every_flipped_bit_of_the_table_is_noticed(tmp_path):
    frames = [bytes([number]) * 30 for number in range(3)]
    path, offset, length = written(tmp_path, frames)
    data = pathlib.Path(path).read_bytes()
    table = data.index(_prefix(3)) + len(_prefix(3))
    for at in range(table, table + 36):
        for bit in range(8):
            pathlib.Path(path).write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:])
            with pytest.raises(ValueError, match=r"Its checksum is another\."):
                read(path, offset, length, 3, [0, 1, 2])


def test_rows_that_cannot_be(tmp_path):
    path, offset, length = written(tmp_path, [opencv.encode_image(np.zeros((20, 30, 3), np.uint8))])
    place = columns(1)
    rows = place.zeros(1)
    rows["offset"], rows["length"], rows["box"] = offset, length, (0, 0, 20, 30)
    row = place.plain(rows)[0]
    assert pictures(path, row, 1, 3).shape == (1, 20, 30, 3)
    rows["box"] = 0, 1, 20, 30
    row = place.plain(rows)[0]
    with pytest.raises(ValueError, match=r"Expected pictures of 20x31 or more .* One has 20x30\. Prepare the data"):
        pictures(path, row, 1, 3)
    row[place["offset"]] = UNREADABLE
    with pytest.raises(ValueError, match=r"Received the row of one that is too short\. Leave it out"):
        pictures(path, row, 1, 3)


@pytest.mark.slow
def test_the_graph_gives_the_same_pixels(prepared):
    entries = read_manifest(prepared).entries
    rows = columns(CLIP.frames).plain(RecordRows(entries, CLIP).training(
        np.arange(len(entries)), np.arange(len(entries)) * 977, 1, crops.ClipCrop(CLIP), False))
    decode = tf.function(clip_decoder(CLIP, 1, True, False))
    for row, entry in zip(rows, entries):
        with open(entry.shard, "rb") as file:
            whole = decode(tfrecord.read_at(file, entry.offset), tf.constant(row)).numpy()[0]
        alone = pictures(entry.shard, row, entry.frames, 3)
        np.testing.assert_array_equal(whole, alone)


@pytest.mark.slow
def test_damage_beside_the_clip_costs_nothing(copy):
    entries = read_manifest(copy, split="val").entries
    options = {"clip": CLIP, "batch_size": 8, "split": "val"}
    before = [clips.numpy() for clips, _ in pipelines.evaluation_clips(copy, **options)]
    shard = pathlib.Path(entries[0].shard)
    data = bytearray(shard.read_bytes())
    data[entries[0].offset + tfrecord.HEADER_BYTES + entries[0].length - 5] ^= 1  # in its last frame
    shard.write_bytes(data)
    val = pipelines.evaluation_clips(copy, **options)
    np.testing.assert_array_equal([clips.numpy() for clips, _ in val], before)
    assert not val.quarantine
    views = pipelines.evaluation_views(copy, CLIP, "full_video", split="val")
    assert len(list(views)) == len(entries) - 1
    assert "has a wrong checksum" in views.quarantine[0][1]


@pytest.mark.slow
def test_a_folder_of_the_first_schema_is_read_whole(copy, prepared, monkeypatch):
    summary = copy / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"schema_version": 1}))
    options = {"clip": CLIP, "batch_size": 8, "split": "train", "seed": 2}
    alone = list(pipelines.training_clips(prepared, **options))
    monkeypatch.setattr(single_frames, "pictures", None)
    whole = list(pipelines.training_clips(copy, **options))
    for (clips, labels), (others, same_labels) in zip(alone, whole, strict=True):
        np.testing.assert_array_equal(labels, same_labels)
        np.testing.assert_array_equal(clips, others)
