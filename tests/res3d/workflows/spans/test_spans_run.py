"""From a table of spans to a work folder that finds them: one small run, begun, stopped, gone on with, and asked."""

import json

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.annotations.spans import Span
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.sample.clips import stream
from pipelines.spans import read_spans
from pipelines.video.reading import probe, read_frames
from res3d.__main__ import main
from res3d.networks import build
from res3d.private_keras import layers_inside
from res3d.spans import SpanSpec, window_starts
from res3d.spans.windows import probabilities
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.recipe import find_recipe
from res3d.workflows.spans.evaluate import load_spans_run
from res3d.workflows.spans.figures import find_all, mean_figures
from res3d.workflows.spans.predict import follow
from res3d.workflows.spans.scoring import step_scores
from res3d.workflows.spans.train import held_out, make_span_model, train_spans

pytestmark = pytest.mark.slow

SMALL = ("clip.frames=16", "spans.density=1", "spans.filters=8", "schedule.epochs=2", "schedule.warmup_epochs=0",
         "data.batch_size=4", "model.options.width=0.25", "spans.dilations=[1, 2]")
TEN = EpochSizes.alike(10, 4)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return synthetic.write_long(tmp_path_factory.mktemp("spans") / "long", videos=3, seconds=9)


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    """A work folder of two epochs, the second gone on with by a second call."""
    folder = tmp_path_factory.mktemp("run") / "spans"
    recipe = find_recipe("spans_small", [*SMALL, "schedule.epochs=1"])
    first = train_spans(recipe, table, folder)
    rows = train_spans(find_recipe("spans_small", SMALL), table, folder)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[0] == first[0]
    assert {"loss", "val_map"} <= set(rows[1])
    return folder


def test_half_precision_is_not_deterministic_for_spans_either(table, tmp_path, capsys):
    assert main(["train", "--task=spans", "--recipe=spans_small", f"--data={table}", f"--workdir={tmp_path / 'run'}",
                 "--deterministic", "--set", "precision=mixed_bfloat16"]) == 1
    assert "`--deterministic` needs precision=float32" in capsys.readouterr().err
    assert not (tmp_path / "run" / "state.npz").exists()


def test_a_run_leaves_its_contract_and_its_figures(run, table):
    spec = SpanSpec.load(run / "spans.json")
    assert (spec.rate, spec.window, spec.step, spec.none_class) == (10.0, 16, 8, True)
    assert list(spec.labels) == read_spans(table).labels
    assert spec.alarms_per_hour == 10.0
    assert 0 <= spec.threshold <= 1
    figures = json.loads((run / "metrics.json").read_text())
    assert set(figures["map_at"]) == {"0.3", "0.4", "0.5", "0.6", "0.7"}
    assert figures["alarms_per_hour"] <= 10.0
    assert figures["chosen_on_these"] == ["alarms_per_hour", "errors"]
    assert 0 <= figures["steps"]["frame_map"] <= 1
    held = SpanSet.load(run / "held_out.json")
    assert len(held.videos) == 1
    page = (run / "report.html").read_text()
    assert "were chosen on these very videos" in page
    assert page.count('alt="Frames of ') == 1
    assert page.count('class="truth ') == len(held)


def test_scores_of_a_stream_are_those_of_whole_windows(run, table):
    model, clip, spec = load_spans_run(run)
    video = read_spans(table).videos[0]
    found = np.concatenate(list(step_scores(model, clip, spec, video)))
    frames = read_frames(video, stream(probe(video), clip), (32, 32))
    sums, counts = np.zeros((len(frames), spec.num_classes)), np.zeros((len(frames), 1))
    for start in window_starts(len(frames), 16, 8):
        logits = model.predict_on_batch(frames[None, start:start + 16])
        sums[start:start + 16] += probabilities(logits, spec)[0]
        counts[start:start + 16] += 1
    np.testing.assert_allclose(found, sums / counts, atol=1e-4)


def test_commands_predict_and_evaluate(run, table, tmp_path, capsys):
    video = read_spans(table).videos[0]
    for name in ("found.csv", "found.json", "found.vtt"):
        assert main(["predict", video, f"--model={run}", f"--output={tmp_path / name}", "--json"]) in (0, None)
    answers = json.loads(capsys.readouterr().out.split("\n]\n")[0] + "\n]")
    assert answers[0]["video"] == video
    assert (tmp_path / "found.csv").read_text().startswith("video,start,end,label")
    assert len(json.loads((tmp_path / "found.json").read_text())) == len(answers[0]["spans"])
    assert (tmp_path / "found.vtt").read_text().startswith("WEBVTT\n")
    (run / "report.html").unlink()
    assert main(["evaluate", f"--workdir={run}", f"--data={table}"]) in (0, None)
    out = capsys.readouterr().out
    assert f"times as fast as real time\nreport: {run / 'report.html'}" in out
    assert "steps: mean average precision " in out
    assert "the threshold was chosen on these very videos" not in out
    assert "on these very videos" not in (run / "report.html").read_text()
    assert main(["predict", str(tmp_path / "none.avi"), f"--model={run}"]) == 1


def test_live_and_offline_follow_the_same_steps(run, table):
    video = read_spans(table).videos[0]
    events = list(follow(run, [video]))
    assert all(event["event"] in ("open", "close") for event in events)
    assert [event["start"] for event in events] == sorted(event["start"] for event in events)
    with pytest.raises(ValueError, match="one video"):
        list(follow(run, [video, video]))


def test_groups_are_held_out_whole():
    spans = SpanSet([Span(f"{n}.mp4", 0, 1, "a", group=f"g{n // 3}") for n in range(12)])
    for seed in range(5):
        train, held = held_out(spans, 0.25, seed)
        assert len(held.videos) == 3
        assert not {span.group for span in train.spans} & {span.group for span in held.spans}
    assert held_out(spans, 0.0, 0)[1].videos == []
    named = SpanSet([Span("a.mp4", 0, 1, "a", split="val"), Span("b.mp4", 0, 1, "a", split="train")])
    assert [side.videos for side in held_out(named, 0.5, 0)] == [["b.mp4"], ["a.mp4"]]


def test_a_video_that_is_added_moves_none_that_was_trained_on(tmp_path):
    """Names decide: what a run trained on is never held out for it later, and a run that goes on keeps its own."""
    names = [f"d/{n}.mp4" for n in range(20)]
    trained, out = (set(side.videos) for side in held_out(SpanSet([Span(n, 0, 1, "a") for n in names]), 0.25, 1))
    for extra in ("0_first.mp4", "d/5b.mp4", "zz.mp4"):
        more = SpanSet([Span(name, 0, 1, "a") for name in sorted([*names, extra])])
        assert not trained & set(held_out(more, 0.25, 1)[1].videos) - {extra}
    SpanSet([], sorted(out)[:2]).save(tmp_path / "held_out.json")
    assert set(held_out(more, 0.25, 1, begun=tmp_path / "held_out.json")[1].videos) == set(sorted(out)[:2])
    with pytest.raises(ValueError, match=r"1 are gone, such as 'd/\d+\.mp4'"):
        held_out(more.select(set(more.videos) - {min(out)}), 0.25, 1, begun=tmp_path / "held_out.json")


def test_a_label_of_one_video_is_trained_on_and_said(caplog):
    spans = SpanSet([Span(f"{n}.mp4", 0, 1, "rare" if n == 3 else "a") for n in range(6)])
    for seed in range(4):
        assert "3.mp4" in held_out(spans, 0.3, seed)[0].videos
    assert "nothing of them can be held out: rare" in caplog.text


def test_a_video_that_does_not_decode_is_skipped_by_name(run, table, tmp_path):
    (tmp_path / "bad.avi").write_bytes(b"nothing")
    model, clip, spec = load_spans_run(run)
    spans = SpanSet(read_spans(table))
    found, seconds, skipped = find_all(model, clip, spec, SpanSet(spans.spans[:1], [str(tmp_path / "bad.avi")]))
    assert [path for path, _ in skipped] == [str(tmp_path / "bad.avi")]
    assert seconds == pytest.approx(9, abs=0.2)
    assert {span.label for span in found} <= set(spec.labels)


def test_spans_and_instants_each_have_their_rule():
    truths = [Span("v", 0, 2, "walk"), Span("v", 5, 5, "hit")]
    figures = mean_figures([], truths, ("hit",))
    assert figures["map"] == 0
    assert set(figures["map_within_seconds"]) == {"0.25", "0.5", "1", "2"}
    assert set(figures["labels"]) == {"walk", "hit"}


def test_flags_of_clips_are_refused_for_spans(table, tmp_path, capsys):
    assert main(["train", "--task=spans", f"--data={table}", f"--workdir={tmp_path / 'w'}", "--devices=2"]) == 1
    assert "`--devices` is for clips" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(("command", "says"), [
    (["predict", "a.avi", "--window=3"], "`--window` is for clips"),
    (["evaluate", "--motion"], "`--motion` is for clips. Received --motion with"),
])
def test_what_a_run_of_spans_has_no_use_for_is_refused(run, command, says, capsys):
    where = f"--model={run}" if command[0] == "predict" else f"--workdir={run}"
    assert main([*command, where]) == 1
    assert says in capsys.readouterr().err


def test_labels_that_a_run_does_not_know_are_refused_by_name(run, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("video,start,end,label\na.avi,1,2,somersault\n")
    assert main(["evaluate", f"--workdir={run}", f"--data={tmp_path / 'other.csv'}"]) == 1
    assert "somersault" in capsys.readouterr().err


def test_weights_of_a_network_of_clips_begin_a_network_of_spans(tmp_path):
    recipe = find_recipe("spans_small", SMALL)
    clips = build(recipe.model.name, 7, recipe.clip, **recipe.model.options)
    clips.save(tmp_path / "clips.keras")
    model = make_span_model(find_recipe("spans_small", [*SMALL, f"start.weights={tmp_path / 'clips.keras'}"]), 5, TEN)
    given = {weight.path: weight for weight in clips.weights if not weight.path.startswith("logits")}
    taken = {weight.path: weight for weight in model.weights if weight.path in given}
    assert set(taken) == set(given)
    for path, weight in taken.items():
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(given[path]))


def test_blocks_are_recomputed_where_the_recipe_asks():
    asks = [*SMALL, "model.options={width: 0.125}", "model.recompute_blocks=true"]
    model = make_span_model(find_recipe("spans_small", [*asks, "model.name=r3d_10"]), 5, TEN)
    assert [layer.recompute for layer in layers_inside(model) if hasattr(layer, "recompute")] == [True] * 4
    clips = np.zeros((2, *model.input_shape[1:]), "uint8")
    steps = np.eye(5, dtype="float32")[np.zeros(clips.shape[:2], int)]
    assert np.isfinite(model.train_on_batch(clips, steps))
    with pytest.raises(ValueError, match=r"model\.name='plain3d_5', which has none"):
        make_span_model(find_recipe("spans_small", [*asks, "model.name=plain3d_5"]), 5, TEN)
