"""Damage costs the damaged record and no other."""

import pathlib
import shutil

import numpy as np
import pytest

import pipelines
from pipelines.manifest import read_manifest
from pipelines.records import tfrecord
from pipelines.records.record import Record, decode, encode
from tests.pipelines.dataset.from_records.compared import CLIP, batches, same


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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_later_schema_is_refused(copy):
    summary = copy / "summary.json"
    summary.write_text(summary.read_text().replace('"schema_version": 2', '"schema_version": 7'))
    with pytest.raises(ValueError, match=r"schema version 1 to 2\. Received version 7 in .*Update the package"):
        pipelines.training_clips(copy, CLIP, 4)


@pytest.mark.slow
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
