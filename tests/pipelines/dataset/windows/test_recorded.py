"""Windows out of records of long videos: those of the videos themselves, whatever part of the records is damaged."""

import numpy as np
import pytest

from pipelines.dataset.quarantine import load
from pipelines.dataset.training import training_clips
from pipelines.dataset.windows import recorded as windows_recorded
from pipelines.dataset.windows.recorded import RecordedVideos
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.dataset.windows.training import training_windows
from pipelines.prepare import PrepareOptions, prepare
from pipelines.prepare.shard import write_shard
from pipelines.prepare.verify import verify
from pipelines.records import index
from pipelines.sample.streaming import taken_frames
from pipelines.spans import read_spans
from pipelines.video.frame_cache import FrameCache
from pipelines.video.info import VideoError
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(8, 2, 20.0, 32, 32, resize=36)
GRAY = CLIP.replace(channels=1, mean=0.5, std=0.5, resize=36)
OPTIONS = PrepareOptions(CLIP, task="spans", lossless=True, frames_per_record=12)
ROWS = ("one.avi,1.0,2.0,a,me,train", "one.avi,3.0,3.0,b,me,train", "two.avi,0.5,0.9,b,,", "bad.avi,0,1,c,,")
WINDOWS = {"seed": 3, "workers": 2, "density": 2.0}


def here(plan, numbers):
    """Writes shards without processes of their own."""
    for number in numbers:
        write_shard(plan, number)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Two videos of noise, whose rates are not that of the steps, and one that is none."""
    folder, rng = tmp_path_factory.mktemp("long"), np.random.default_rng(0)
    for name, frames, fps in (("one.avi", 100, 25.0), ("two.avi", 20, 8.0)):
        write_video(folder / name, rng.integers(0, 256, (frames, 40, 56, 3), np.uint8), fps=fps, codec="MJPG")
    (folder / "bad.avi").write_bytes(b"no video at all")
    (folder / "spans.csv").write_text("\n".join(["video,start,end,label,group,split", *ROWS]) + "\n")
    return folder / "spans.csv"


@pytest.fixture(scope="module")
def records(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("records") / "all"
    summary = prepare(table, out, OPTIONS, runner=here)
    assert (summary["videos"], summary["spans"], summary["failures"], summary["clips"]) == (2, 4, 1, 7)
    return out


def batches(*args, **options):
    return [tuple(part.numpy() for part in batch) for batch in training_windows(*args, **WINDOWS | options)]


def assert_equal(one, other):
    for batch, same in zip(one, other, strict=True):
        for part, equal in zip(batch, same, strict=True):
            np.testing.assert_array_equal(part, equal)


@pytest.mark.parametrize("clip", [pytest.param(CLIP, id="colour"),
                                  pytest.param(GRAY, id="gray", marks=pytest.mark.slow)])
def test_windows_of_records_are_those_of_the_videos(table, records, tmp_path, clip):
    of_records = batches(records, clip, 4, quarantine_csv=tmp_path / "bad.csv")
    assert_equal(of_records, batches(table, clip, 4, cache=FrameCache("memory")))
    assert_equal(of_records[1:], batches(records, clip, 4, workers=1, start_step=1))
    assert [path for path, _ in load(tmp_path / "bad.csv")] == ["bad.avi"]
    longer = clip.replace(frames=16, resize=36)  # windows may have any length
    assert_equal(batches(records, longer, 2), batches(table, longer, 2, cache=FrameCache("memory")))


def test_jpegs_are_near_and_their_targets_the_same(table, records, tmp_path):
    prepare(table, tmp_path / "jpeg", PrepareOptions(CLIP, task="spans", quality=100), runner=here)
    for (clips, *rest), (near, *same) in zip(batches(records, CLIP, 4), batches(tmp_path / "jpeg", CLIP, 4)):
        assert 0 < np.abs(clips.astype(int) - near).mean() < 40  # noise, whose colours JPEG halves
        assert_equal([rest], [same])


def test_what_is_labelled_comes_back_as_it_was(table, records, tmp_path):
    spans, again = read_spans(table), read_spans(records)
    assert again.records == str(records)
    assert [(*row.video.rpartition("/")[2:], row.start, row.end, row.label, row.group, row.split) for row in spans] == [
        (row.video, row.start, row.end, row.label, row.group, row.split) for row in again]
    SpanSet(again).select(["two.avi"]).save(tmp_path / "held.json")
    held = SpanSet.load(tmp_path / "held.json")
    assert (held.records, held.videos, held.labels) == (str(records), ["two.avi"], ["a", "b", "c"])


def test_a_network_sees_of_records_what_it_sees_of_the_video(table, records):
    for clip in (CLIP, GRAY):
        recorded = RecordedVideos(records, clip)
        frames = np.stack(list(recorded.network_frames("one.avi")))
        np.testing.assert_array_equal(frames, np.stack(list(taken_frames(str(table.parent / "one.avi"), clip))))
    with pytest.raises(VideoError, match=r"bad\.avi"):
        next(recorded.network_frames("bad.avi"))


def test_frames_of_a_bucket_are_those_of_a_disk(records, monkeypatch):
    """From elsewhere a piece is read whole."""
    steps = [3, 11, 12, 30]
    near = RecordedVideos(records).pictures("one.avi", steps)
    monkeypatch.setattr(windows_recorded.addresses, "is_remote", lambda path: str(path).endswith(".tfrecord"))
    monkeypatch.setattr(windows_recorded.files, "open_file", lambda path: open(path, "rb"))  # noqa: SIM115
    far = RecordedVideos(records).pictures("one.avi", steps)
    assert list(near) == list(far) == steps
    assert_equal([near.values()], [far.values()])


def test_a_folder_that_lacks_its_labels_is_told(table, tmp_path):
    out = tmp_path / "records"
    prepare(table, out, OPTIONS, runner=here)
    for text in ("", '{"videos": [], "columns": [], "spans": []}'):
        (out / "labelled.json").write_text(text)
        with pytest.raises(ValueError, match=r"labelled\.json' as it was prepared.* Copy the folder again"):
            read_spans(out)
    assert any("labelled.json" in problem for problem in verify(out))


def test_a_damaged_piece_is_named_and_others_stand_in_the_same_from_any_step(table, records, tmp_path):
    out = tmp_path / "records"
    prepare(table, out, OPTIONS, runner=here)
    assert verify(out) == []
    piece = index.read(out, task="spans").entries[1]
    data = bytearray((out / piece.shard.rpartition("/")[2]).read_bytes())
    end = piece.offset + piece.length
    data[end - 20_000:end - 19_990] = bytes(10)
    (out / piece.shard.rpartition("/")[2]).write_bytes(data)
    assert len(verify(out)) == 2  # the shard's checksum and the record's
    found = batches(out, CLIP, 2, quarantine_csv=tmp_path / "bad.csv")
    part = f"{piece.start:g} s to {piece.end:g} s"
    (_, _), (path, reason) = load(tmp_path / "bad.csv")
    assert (path, part in reason, "checksum" in reason) == ("one.avi", True, True)
    whole = batches(records, CLIP, 2)
    assert len(found) == len(whole)
    untouched = [(clip == same).all() for (clips, *_), (others, *_) in zip(found, whole)
                 for clip, same in zip(clips, others)]
    assert 0.5 < np.mean(untouched) < 1
    for step in (1, len(found) - 1):
        assert_equal(found[step:], batches(out, CLIP, 2, start_step=step, workers=1))
    with pytest.raises(Exception, match="checksum is another"):
        batches(out, CLIP, 2, on_error="raise")
    with pytest.raises(VideoError, match="checksum is another"):
        list(RecordedVideos(out).network_frames("one.avi"))
    (out / piece.shard.rpartition("/")[2]).unlink()
    with pytest.raises(VideoError, match=r"its shard .* cannot be read: No such file"):
        next(RecordedVideos(out).network_frames("one.avi"))


def test_an_interrupted_preparation_goes_on_to_the_same_bytes(table, records, tmp_path):
    def one_alone(plan, numbers):
        write_shard(plan, numbers[0])
        raise KeyboardInterrupt

    out = tmp_path / "records"
    with pytest.raises(KeyboardInterrupt):
        prepare(table, out, OPTIONS, runner=one_alone)
    with pytest.raises(ValueError, match="is not finished"):
        read_spans(out)
    left = []
    prepare(table, out, OPTIONS, runner=lambda plan, numbers: left.extend(numbers) or here(plan, numbers))
    assert len(left) == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in records.iterdir()}


def test_records_are_refused_for_what_they_are_not(table, records, tmp_path):
    for clip in (CLIP.replace(fps=25.0), CLIP.replace(resize=40), CLIP.replace(height=36, width=36, resize=40)):
        with pytest.raises(ValueError, match=r"10 steps a second .* --set clip\.fps=20\.0 --set clip\.stride=2"):
            training_windows(records, clip, 2)
    with pytest.raises(ValueError, match="Expected records of clips"):
        training_clips(records, CLIP, 2)
    with pytest.raises(ValueError, match="Records know their videos"):
        read_spans(records, videos=tmp_path)
    with pytest.raises(ValueError, match="cost more to decode"):
        training_windows(records, CLIP, 2, cache=FrameCache("memory"))
    (tmp_path / "clips.csv").write_text(f"path,label\n{table.parent / 'one.avi'},a\n")
    prepare(tmp_path / "clips.csv", tmp_path / "clips", PrepareOptions(CLIP), runner=here)
    with pytest.raises(ValueError, match="Expected records of long videos"):
        training_windows(tmp_path / "clips", CLIP, 2)


@pytest.mark.parametrize(("options", "said"), [
    ({"clip": ClipSpec()}, "`clip` needs `fps`"),
    ({"fps": 5.0}, "kept as `clip` takes them"),
    ({"task": "segments"}, "must be one of 'clips', 'spans'"),
    ({"task": "clips", "lossless": True}, "`lossless` is for task spans"),
])
def test_options_that_do_not_go_together(options, said):
    with pytest.raises(ValueError, match=said):
        PrepareOptions(**{"clip": CLIP, "task": "spans"} | options)
    assert PrepareOptions.from_dict(OPTIONS.to_dict()) == OPTIONS


def test_labels_without_times_are_not_prepared(tmp_path):
    (tmp_path / "whole.csv").write_text("video,start,end,label\na.mp4,1,2,run\na.mp4,,,jump\n")
    with pytest.raises(ValueError, match="start and an end for every span"):
        prepare(tmp_path / "whole.csv", tmp_path / "out", OPTIONS)
    with pytest.raises(ValueError, match="--split=train"):
        prepare(tmp_path / "whole.csv", tmp_path / "out", OPTIONS, split="train")
    assert not (tmp_path / "out").exists()
