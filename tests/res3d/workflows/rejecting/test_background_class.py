"""A class of background, from labelled long videos to an evaluated run that may answer it."""

import json

import pytest

from pipelines import synthetic
from pipelines.spans import read_spans
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.rejection import Rejection
from res3d.training.workfolder import WorkFolder
from res3d.weights.store.digests import digest_of

SMALL = ["clip.fps=10", "clip.stride=1", "clip.frames=8", "schedule.epochs=2"]


@pytest.mark.slow
def test_a_run_is_trained_on_what_labels_none_writes_and_evaluated(tiny, tmp_path, console):
    table = synthetic.write_long(tmp_path / "long", videos=6, seconds=12)
    labels = tmp_path / "with_none.csv"
    assert console("labels", table, "--none=1", f"--output={labels}")[0] == 0
    parts = [span for span in read_spans(labels) if span.label == "none"]
    taken = list(read_spans(table))
    assert len(parts) > 10
    assert not any(part.video == span.video and part.start < span.end and span.start < part.end
                   for part in parts for span in taken)
    settings = [flag for setting in (*tiny, *SMALL) for flag in ("--set", setting)]
    run = tmp_path / "run"
    code, _, err = console("train", "--recipe=demo", "--task=clips", f"--data={labels}", f"--workdir={run}", *settings)
    assert code == 0, err
    assert WorkFolder(run).labels == sorted({"none", *(span.label for span in taken)})

    code, out, err = console("evaluate", f"--workdir={run}", "--nobaselines", "--noleaks", "--json")
    assert code == 0, err
    figures, predictions = json.loads(out), Predictions.load(run / "predictions.csv")
    none = predictions.labels.index("none")
    assert figures["videos"] == len(predictions.videos) > (predictions.single == none).sum() > 0
    assert figures["top1"] == pytest.approx((predictions.predicted == predictions.single).mean())

    # A threshold that any class reaches; `none` is no answer all the same.
    Rejection(1.0, 0.0, model=digest_of(run / "best.keras")).save(run / "rejection.json")
    code, out, _ = console("predict", parts[0].video, f"--model={run}", "--sliding")
    windows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert windows
    assert all(window["none"] == (window["top"][0]["label"] == "none") for window in windows)
