"""None of these for a run of several labels a video: one threshold for all, chosen, kept to and served."""

import json
import shutil

import keras
import numpy as np
import pytest

from res3d.evaluation.metrics import sigmoid
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.rejection import Rejection
from res3d.workflows.loading import load_network
from res3d.workflows.rejecting.background import background_windows
from res3d.workflows.rejecting.judging import digest_of_names

FAST = ("--nobaselines", "--noleaks", "--json")


@pytest.fixture(scope="module")
def several(trained, motion, tmp_path_factory):
    """A run as it were of several labels a video, and a list of videos that it was not trained on, with two each."""
    run = shutil.copytree(trained, tmp_path_factory.mktemp("several") / "run")
    recipe = (run / "recipe.yaml").read_text()
    (run / "recipe.yaml").write_text(recipe.replace("multi_label: false", "multi_label: true"))
    labels = (run / "labels.txt").read_text().split()
    rows = [(video, video.parent.name, labels[(labels.index(video.parent.name) + 3) % len(labels)])
            for video in sorted((motion / "val").rglob("*.avi"))]
    data = run.parent / "several.csv"
    data.write_text("path,labels\n" + "".join(f"{video},{one}|{other}\n" for video, one, other in rows))
    return run, data


@pytest.fixture(scope="module")
def kept(several):
    from res3d.commands.main import main

    run, data = several
    assert main(["evaluate", f"--workdir={run}", f"--data={data}", "--calibrate", "--keep=0.75", *FAST]) in (0, None)
    return run, data


def test_a_threshold_keeps_a_share_of_the_true_labels(kept):
    run, _ = kept
    found, predictions = Rejection.load(run / "rejection.json"), Predictions.load(run / "predictions.csv")
    told, hot = predictions.scores >= found.threshold, predictions.hot > 0
    assert hot.sum() == 16
    assert told[hot].sum() >= 12 > (predictions.scores > found.threshold)[hot].sum()
    figures = json.loads((run / "metrics.json").read_text())["rejection"]
    assert figures["answered"] == pytest.approx(told.any(axis=1).mean())
    assert figures["right_of_answered"] == pytest.approx(hot[told].mean())
    assert figures["right_kept"] == pytest.approx(told[hot].mean())
    assert figures["chosen_on_these"] == ["answered", "right_of_answered", "right_kept"]
    assert set(figures["held_out"]) == set(figures["chosen_on_these"])
    assert found.on == digest_of_names(predictions.videos)


def test_predict_tells_all_labels_that_reach_it_and_so_does_a_server(kept, motion, tmp_path, console):
    run, _ = kept
    rejection, predictions = Rejection.load(run / "rejection.json"), Predictions.load(run / "predictions.csv")
    video = str(next((motion / "val").rglob("*.avi")))
    scores = dict(zip(predictions.labels, predictions.scores[predictions.videos.index(video)]))
    threshold = sorted(scores.values())[-2] - 1e-4  # which two labels reach
    Rejection(rejection.temperature, float(threshold), model=rejection.model).save(tmp_path / "rejection.json")
    run = shutil.copytree(run, tmp_path / "run")
    shutil.copyfile(tmp_path / "rejection.json", run / "rejection.json")
    code, out, _ = console("predict", video, f"--model={run}", "--top=1", "--json")
    (answer,) = json.loads(out)
    assert code == 0
    assert answer["labels"] == sorted(scores, key=scores.get)[:-3:-1]
    assert (answer["none"], len(answer["top"])) == (False, 1)
    assert "below   the threshold are" in console("predict", video, f"--model={run}")[1]


def test_alarms_are_those_of_every_label(kept, motion, tmp_path, console):
    run, data = shutil.copytree(kept[0], tmp_path / "run"), kept[1]
    (tmp_path / "background").mkdir()
    videos = [tmp_path / "background" / f"{name}.avi" for name in "ab"]
    for source, video in zip(sorted((motion / "val").rglob("*.avi")), videos):
        shutil.copyfile(source, video)
    network, clip, labels, multi_label = load_network(run)
    assert multi_label
    found = background_windows(network, clip, labels, tmp_path / "background", True)
    assert {(video, label) for video, label, _ in found.windows} == {(str(v), name) for v in videos for name in labels}
    code, out, _ = console("evaluate", f"--workdir={run}", f"--data={data}", "--calibrate", "--alarms=0",
                           f"--background={tmp_path / 'background'}", *FAST)
    assert code == 0
    figures = json.loads(out)["rejection"]
    assert figures["alarms_per_hour"] == 0
    assert figures["chosen_on_these"] == ["alarms_per_hour"]
    assert figures["held_out"]["alarms_per_hour"] >= 0  # of each of two videos by the threshold of the other
    network, clip, labels, _ = load_network(run)
    again = background_windows(network, clip, labels, tmp_path / "background", True)
    assert max(score for _, _, score in again.windows) < figures["threshold"]
    code, out, err = console("predict", str(videos[0]), f"--model={run}", "--sliding")
    assert code == 0
    assert all(json.loads(line)["none"] and json.loads(line)["labels"] == [] for line in out.splitlines())
    assert "0 answers in " in err


@pytest.mark.slow
def test_scores_are_those_of_the_logits_divided(kept):
    run, _ = kept
    network, clip, *_ = load_network(run)
    temperature = Rejection.load(run / "rejection.json").temperature
    plain = keras.saving.load_model(run / "best.keras", compile=False)
    pixels = np.random.default_rng(0).integers(0, 256, (2, *clip.shape), "uint8")
    np.testing.assert_allclose(sigmoid(network.predict_on_batch(pixels)),
                               sigmoid(plain.predict_on_batch(pixels) / temperature), atol=1e-5)


@pytest.mark.slow
def test_a_server_tells_the_labels_that_the_run_does(kept, both_answers):
    run, _ = kept
    own, served = both_answers(run)
    threshold = Rejection.load(run / "rejection.json").threshold
    for mine, theirs in zip(own, served):
        sure = {row["label"] for row in mine["top"] if abs(row["score"] - threshold) > 0.02}  # frames go as JPEG
        assert sure & set(mine["labels"]) == sure & set(theirs["labels"])
        assert theirs["none"] == (not theirs["labels"])
