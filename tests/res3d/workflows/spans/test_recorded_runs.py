"""Runs on records of long videos: prepared as the labels are, found as the videos are."""

import json
import pathlib
import shutil

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.prepare import PrepareOptions, prepare
from pipelines.spans import read_spans
from res3d.__main__ import main
from res3d.saving import load_model
from res3d.spans import SpanSpec
from res3d.workflows.showing.strips import recorded_strips
from res3d.workflows.spans.choosing import chosen_for
from res3d.workflows.spans.evaluate import evaluate_spans
from res3d.workflows.spans.figures import find_all
from res3d.workflows.spans.labels import span_line
from res3d.workflows.spans.step_figures import Steps
from tests.pipelines.dataset.windows.test_recorded import here


def test_a_run_finds_in_records_what_it_finds_in_the_videos(untrained, long_video, tmp_path):
    table = pathlib.Path(long_video).parent / "spans.csv"
    prepare(table, tmp_path / "records", PrepareOptions(untrained.clip, task="spans", lossless=True), runner=here)
    model, spec = load_model(untrained.best, compile=False), SpanSpec.load(untrained.spans_file)
    found = {}
    for data in (table, tmp_path / "records"):
        spans = SpanSet(read_spans(data), labels=spec.labels)
        steps = Steps(spans, spec)
        detections, seconds, skipped = find_all(model, untrained.clip, spec, spans, steps)
        found[data] = ([(span.start, span.end, span.label, span.score) for span in detections], seconds,
                       steps.figures(), skipped)
    assert found[table] == found[tmp_path / "records"]
    assert found[table][0]
    film, seconds = recorded_strips(tmp_path / "records")("0000.avi")
    assert film
    assert seconds == pytest.approx(6, abs=0.1)
    folder = tmp_path / "run"
    shutil.copytree(untrained.path, folder)
    assert evaluate_spans(folder, tmp_path / "records")["skipped"] == []
    assert (folder / "report.html").read_text().count('alt="Frames of ') == 1


def test_the_command_finds_spans_and_trains_at_the_steps_of_records(long_video, tmp_path, capsys):
    table, out = str(pathlib.Path(long_video).parent / "spans.csv"), str(tmp_path / "records")
    flags = ["--task=spans", "--recipe=spans_small", "--fps=12", "--quality=95"]
    assert main(["prepare", table, out, *flags]) in (0, None)
    said = capsys.readouterr().out
    assert "spans in 1 videos; all: 1 pieces in 1 shards" in said
    assert main(["prepare", "--verify", out]) == 0
    assert "were prepared for them" in span_line(out)
    recipe, lines = chosen_for(read_spans(out), settings=["clip.frames=16"])
    assert (recipe.clip.fps, recipe.clip.resize, recipe.clip.frames) == (12.0, (32, 32), 16)
    assert any("12 steps a second, resized to (32, 32): the records hold them so" in line for line in lines)
    assert main(["train", "--task=spans", "--recipe=spans_small", f"--data={out}",
                 f"--workdir={tmp_path / 'run'}"]) == 1
    assert "--set clip.fps=12.0" in capsys.readouterr().err
    assert main(["prepare", table, str(tmp_path / "clips"), "--task=clips", "--lossless"]) == 1
    assert "`--lossless` is for spans in long videos" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_on_records_is_the_run_on_their_videos(tmp_path):
    table = synthetic.write_long(tmp_path / "long", videos=3, seconds=9)
    rows = (tmp_path / "long" / "spans.csv").read_text().splitlines()
    rows = [rows[0] + ",split"] + [f"{row},{'val' if row.startswith('0002') else 'train'}" for row in rows[1:]]
    (tmp_path / "long" / "spans.csv").write_text("\n".join(rows) + "\n")
    settings = ["clip.frames=16", "spans.density=1", "spans.filters=8", "schedule.epochs=1", "schedule.warmup_epochs=0",
                "data.batch_size=4", "model.options.width=0.25", "spans.dilations=[1, 2]"]
    assert main(["prepare", str(table), str(tmp_path / "records"), "--recipe=spans_small", "--lossless"]) in (0, None)
    figures = {}
    for name, data in (("videos", str(table)), ("records", str(tmp_path / "records"))):
        command = ["train", f"--data={data}", "--recipe=spans_small", f"--workdir={tmp_path / name}", "--deterministic"]
        assert main([*command, *(f"--set={setting}" for setting in settings)]) in (0, None)
        figures[name] = json.loads((tmp_path / name / "metrics.json").read_text())
        assert main(["evaluate", f"--workdir={tmp_path / name}"]) in (0, None)
    assert figures["videos"]["map"] == figures["records"]["map"]
    np.testing.assert_equal(figures["videos"]["steps"], figures["records"]["steps"])
