"""Windows over long videos: which frames, which targets, and that any rest of an epoch can be had again."""

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.annotations.spans import Span
from pipelines.dataset.windows.slots import Slots
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.dataset.windows.targets import happens, step_targets, steps_of
from pipelines.dataset.windows.training import training_windows
from pipelines.spans import read_spans
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(8, 1, 10.0, 32, 32, resize=(32, 32))
IDS = {"a": 0, "b": 1}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Two videos of 4 s at 20 fps whose gray is the number of the frame, and what happens in them."""
    folder = tmp_path_factory.mktemp("windows")
    for name in ("one.avi", "two.avi"):
        ramp = np.arange(80, dtype=np.uint8)[:, None, None, None] * 3
        write_video(folder / name, np.broadcast_to(ramp, (80, 32, 32, 3)), fps=20.0, codec="MJPG")
    spans = [Span(str(folder / "one.avi"), 1.0, 2.0, "a", group="me"),
             Span(str(folder / "one.avi"), 3.0, 3.0, "b")]
    return SpanSet(spans, [str(folder / "one.avi"), str(folder / "two.avi")])


def test_a_set_of_spans_comes_back_from_its_file_and_refuses_what_has_no_times(table, tmp_path):
    assert [span.label for span in table.of(table.videos[0])] == ["a", "b"]
    assert (len(table.videos), table.instants, table.of(table.videos[1])) == (2, ["b"], [])
    assert table.select(table.videos[1:]).labels == ["a", "b"]
    table.save(tmp_path / "spans.json")
    again = SpanSet.load(tmp_path / "spans.json")
    assert (again.labels, again.videos) == (table.labels, table.videos)
    assert [again.of(video) for video in again.videos] == [table.of(video) for video in table.videos]
    with pytest.raises(ValueError, match="label of a whole video"):
        SpanSet([Span("a.mp4", None, None, "run")])
    with pytest.raises(ValueError, match="without run"):
        SpanSet([Span("a.mp4", 0.0, 1.0, "run")], labels=["walk"])


def test_overlaps_are_of_different_labels():
    def overlapping(*times):
        return SpanSet([Span("v", start, end, label) for start, end, label in times]).overlapping

    assert overlapping((0, 5, "a"), (4, 6, "b"))
    assert overlapping((0, 9, "a"), (1, 2, "a"), (3, 4, "b"))
    assert not overlapping((0, 5, "a"), (5, 6, "b"), (5.5, 7, "b"))


@pytest.mark.parametrize("rate", [5.0, 12.5, 29.97])
def test_a_span_is_at_the_steps_whose_middle_it_covers(rate):
    rng = np.random.default_rng(0)
    middles = (np.arange(200) + 0.5) / rate
    for _ in range(50):
        start, length = rng.uniform(0, 4), rng.uniform(1.01 / rate, 2)
        inside = np.flatnonzero((middles >= start) & (middles < start + length))
        assert steps_of(start, start + length, rate) == (inside[0], inside[-1] + 1)
    assert [steps_of(k / rate, k / rate, rate) for k in range(50)] == [(k, k + 1) for k in range(50)]


def test_targets_of_one_class_a_step_or_several():
    spans = [Span("v", 0.2, 0.6, "a"), Span("v", 0.5, 0.8, "b"), Span("v", 1.1, 1.1, "a")]
    one = step_targets(spans, IDS, 10, 0, 14, dilation=1)
    assert one.argmax(1).tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 1, 1, 1, 0]
    assert (one.sum(1) == 1).all()
    several = step_targets(spans, IDS, 10, 4, 4, none_class=False)
    assert several.tolist() == [[1, 0], [1, 1], [0, 1], [0, 1]]
    assert happens(one).tolist() == [step in {2, 3, 4, 5, 6, 7, 10, 11, 12} for step in range(14)]


def test_slots_cover_each_video_and_background_stays_as_often_as_asked():
    def busy(video, start):
        return video == 0 and start <= 40 < start + 8

    for background in (0.0, 0.5, 1.0):
        slots = Slots([400, 200, 5], 8, [[40.5], [], []], busy, background)
        assert [len([1 for video, _ in slots.places if video == number]) for number in range(3)] == [50, 25, 1]
        drawn = [slots.drawn(slot, 1000 * key + slot) for key in range(20) for slot in range(len(slots.places))]
        assert all(0 <= start <= max([400, 200, 5][video] - 8, 0) for video, start in drawn)
        share = 1 - np.mean([busy(*place) for place in drawn])
        assert share == pytest.approx(background, abs=0.05)
    with pytest.raises(ValueError, match="share from 0 to 1"):
        Slots([5], 8, [[]], busy, 2)


def test_frames_and_targets_go_together_and_an_epoch_can_be_gone_on_with(table):
    options = {"seed": 3, "workers": 2, "background": 0.3, "foreground_weight": 5.0, "density": 2.0}
    train = training_windows(table, CLIP, 4, **options)
    batches = [tuple(part.numpy() for part in batch) for batch in train]
    assert len(batches) == len(train) == 5
    spans = table
    for clips, targets, weights in batches:
        steps = np.round(clips[..., 0].mean((2, 3)) / 6).astype(int)  # frame 2k, of gray 6k, is at step k
        assert (np.diff(steps, axis=1) == 1).all()
        for row, first in enumerate(steps[:, 0]):
            true = step_targets(spans.of(spans.videos[0]), IDS, 10, first, 8)
            nothing = step_targets([], IDS, 10, first, 8)
            assert any((targets[row] == expected).all() for expected in (true, nothing))
        np.testing.assert_array_equal(weights, np.where(targets[..., 0] == 1, 1, 5))
    again = training_windows(table, CLIP, 4, **options | {"workers": 1}, start_step=2)
    for one, other in zip(batches[2:], again, strict=True):
        for part, same in zip(one, other):
            np.testing.assert_array_equal(part, same.numpy())
    other = [targets.numpy() for _, targets, _ in train]  # the next epoch
    assert any((mine != theirs[1]).any() for mine, theirs in zip(other, batches))


def test_a_video_shorter_than_a_window_weighs_nothing_past_its_end(table):
    clip = CLIP.replace(frames=48)
    _, targets, weights = next(iter(training_windows(table, clip, 2, mixup=0.2, none_class=False)))
    assert targets.shape == (2, 48, 2)
    assert (weights.numpy()[:, 40:] == 0).all()
    assert (weights.numpy()[:, :40] > 0).all()


def test_what_cannot_be_windows_is_refused(table):
    with pytest.raises(ValueError, match="needs `fps`"):
        training_windows(table, ClipSpec(8, 1, None, 32, 32), 2)
    with pytest.raises(ValueError, match="Received none in 1 videos"):
        training_windows(SpanSet([], ["a.avi"]), CLIP, 2)
    with pytest.raises(ValueError, match="decodes"):
        training_windows(SpanSet([Span("missing.avi", 0, 1, "a")]), CLIP, 2)


def test_a_broken_video_is_quarantined_and_the_others_are_read(table, tmp_path):
    spans = table
    (tmp_path / "bad.avi").write_bytes(b"no video" * 100)
    more = SpanSet([*spans.spans, Span(str(tmp_path / "bad.avi"), 0, 1, "a")], spans.videos)
    train = training_windows(more, CLIP, 4, quarantine_csv=tmp_path / "q.csv")
    assert [path for path, _ in train.quarantine] == [str(tmp_path / "bad.avi")]
    assert sum(len(clips) for clips, _, _ in train) == 10


@pytest.mark.slow
def test_generated_long_videos_show_what_their_table_says(tmp_path):
    table = synthetic.write_long(tmp_path / "long", videos=2, seconds=20, split="val")
    spans = SpanSet(read_spans(table))
    assert len(spans.videos) == 2
    assert set(spans.labels) <= set(synthetic.EVENTS)
    assert 5 <= len(spans) <= 24
    assert synthetic.write_long(tmp_path / "long", videos=2, seconds=20, split="val") == table
    with pytest.raises(ValueError, match="something else"):
        synthetic.write_long(tmp_path / "long", videos=1, seconds=20)
