"""Many parts of one long recording: the records are those of decoding it for each, at a fraction of the cost."""

import pytest

from pipelines.prepare import pool, shard
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.video import jumps, walk
from res3d.geometry import ClipSpec

OPTIONS = PrepareOptions(ClipSpec(frames=4, stride=2, height=16, width=16, resize=16))


@pytest.fixture
def table(recording, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "write_shards", lambda out, shards, *_: [
        shard.write_shard(shard.load(out), number) for number in shards])
    path = tmp_path / "parts.csv"
    rows = [f"{recording},{'ab'[number % 2]},{number * 10},{number * 10 + 2}" for number in range(12)]
    path.write_text("\n".join(["path,label,start,end", *rows]) + "\n")
    return path


@pytest.mark.slow
def test_the_records_are_the_same_and_cost_few_decodes(table, tmp_path, grabs, monkeypatch):
    cost, written = {}, {}
    for name, many in (("known", jumps.PARTS), ("each", 10**6)):
        grabs.clear()
        monkeypatch.setattr(shard, "PARTS", many)
        prepare(table, tmp_path / name, OPTIONS)
        cost[name] = grabs["grabs"]
        written[name] = {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.tfrecord")}
    assert written["each"]
    assert written["known"] == written["each"]
    assert cost["each"] > 12 * 3200
    assert cost["known"] < 5 * 3200


def test_a_recording_that_changes_meanwhile_is_quarantined(table, tmp_path, monkeypatch):
    def moved(*_):
        raise walk.MovedError
        yield

    monkeypatch.setattr(walk, "pictures", moved)
    with pytest.raises(ValueError, match="it has changed since another part of it was read"):
        prepare(table, tmp_path / "records", OPTIONS)
