"""From `res3d evaluate --calibrate` to every answer of the run: one temperature, one threshold, kept to by all."""

import json
import shutil

import keras
import numpy as np
import pytest

from res3d import ending
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.rejection import Rejection
from res3d.training.workfolder import WorkFolder
from res3d.weights.store.digests import digest_of
from res3d.workflows.export import rejection_facts
from res3d.workflows.loading import load_network, load_rejection, load_trained
from res3d.workflows.rejecting import applying
from res3d.workflows.rejecting.applying import cool
from res3d.workflows.rejecting.background import background_windows

FAST = ("--nobaselines", "--noleaks", "--json")


@pytest.fixture(scope="module")
def calibrated(trained, motion, tmp_path_factory):
    """A run that was calibrated on its validation videos, by alarms in a video of which some is labelled."""
    from res3d.commands.main import main

    folder = tmp_path_factory.mktemp("calibrated")
    run = shutil.copytree(trained, folder / "run")
    video = next((motion / "val").rglob("*.avi"))
    (folder / "spans.csv").write_text(f"video,start,end,label\n{video},0.0,0.05,up\n")
    assert main(["evaluate", f"--workdir={run}", "--calibrate", "--alarms=0", f"--background={folder / 'spans.csv'}",
                 "--nobaselines", "--noleaks"]) in (0, None)
    return run


@pytest.mark.slow
def test_it_is_kept_with_the_run_and_told(calibrated):
    found = Rejection.load(calibrated / "rejection.json")
    assert (found.chosen, found.videos) == ("alarms=0", 8)
    told = json.loads((calibrated / "metrics.json").read_text())["rejection"]
    assert (told["temperature"], told["threshold"]) == (found.temperature, found.threshold)
    assert told["alarms_per_hour"] == 0
    assert told["background_hours"] > 0
    assert told["chosen_on_these"] == ["alarms_per_hour"]
    assert told["held_out"] is None  # of one video of background there are no halves


@pytest.mark.slow
def test_logits_of_the_run_are_divided_by_whatever_name_it_is_loaded(calibrated, trained):
    plain, clip, *_ = load_trained(trained)
    cooled, *_ = load_trained(calibrated)
    temperature = load_rejection(calibrated).temperature
    assert temperature != pytest.approx(1.0)
    pixels = ending.probes(clip)
    np.testing.assert_allclose(np.asarray(cooled(pixels)), np.asarray(plain(pixels)) / temperature, atol=1e-5)
    np.testing.assert_allclose(np.asarray(load_trained(calibrated / "best.keras")[0](pixels)),
                               np.asarray(cooled(pixels)), atol=1e-6)


@pytest.mark.slow
def test_evaluated_again_the_figures_are_those_it_was_chosen_with(calibrated, console):
    before = json.loads((calibrated / "metrics.json").read_text())
    code, out, _ = console("evaluate", f"--workdir={calibrated}", *FAST)
    assert code == 0
    again = json.loads(out)
    assert again["calibration_error"] == pytest.approx(before["calibration_error"], abs=1e-4)
    for name in ("answered", "threshold", "temperature"):
        assert again["rejection"][name] == pytest.approx(before["rejection"][name], abs=1e-6)
    assert "alarms_per_hour" not in again["rejection"]
    assert again["rejection"]["chosen_on_these"] == []  # the threshold was chosen on background, which was not given


def test_the_digest_of_a_network_is_computed_once_for_its_temperature_and_its_threshold(calibrated, tmp_path,
                                                                                        monkeypatch):
    run, asked = shutil.copytree(calibrated, tmp_path / "run"), []
    monkeypatch.setattr(applying, "digest_of", lambda file: asked.append(file) or digest_of(file))
    network, *_ = load_network(run)
    assert load_rejection(run, network).chosen == "alarms=0"
    assert len(asked) == 1
    shutil.copyfile(run / "best.keras", run / "other.keras")
    (run / "other.keras").replace(run / "best.keras")  # written anew, it is looked at anew
    assert load_rejection(run).chosen == "alarms=0"
    assert len(asked) == 2


@pytest.mark.slow
def test_calibrated_again_it_finds_the_same(calibrated, tmp_path, console):
    run = shutil.copytree(calibrated, tmp_path / "run")
    before = Rejection.load(run / "rejection.json")
    predictions = Predictions.load(run / "predictions.csv")
    code, _, err = console("evaluate", f"--workdir={run}", "--calibrate", "--keep=0.5", *FAST)
    if not (predictions.predicted == predictions.single).any():  # which a network of two steps may come to
        assert code == 1
        assert "Received none that is right: train longer first." in err
        return
    assert code == 0, err
    after = Rejection.load(run / "rejection.json")
    assert after.temperature == pytest.approx(before.temperature, rel=0.01)
    assert after.chosen == "keep=0.5"


@pytest.mark.slow
def test_predict_says_none_of_these(calibrated, motion, tmp_path, console):
    Rejection(1.0, 2.0, model=Rejection.load(calibrated / "rejection.json").model).save(tmp_path / "r.json")
    run = shutil.copytree(calibrated, tmp_path / "run")
    shutil.copyfile(tmp_path / "r.json", run / "rejection.json")  # which nothing reaches
    video = str(next((motion / "val").rglob("*.avi")))
    code, out, _ = console("predict", video, f"--model={run}", f"--output={tmp_path / 'a.html'}")
    assert code == 0
    assert f"{video}  none    of these; the best are" in out
    assert "<b>none of these</b>" in (tmp_path / "a.html").read_text()
    code, out, err = console("predict", video, f"--model={run}", "--sliding")
    assert code == 0
    assert all(json.loads(line)["none"] is True for line in out.splitlines())
    assert "0 answers in " in err


@pytest.mark.slow
def test_that_of_an_earlier_network_is_not_used_and_said(calibrated, tmp_path, caplog):
    run = shutil.copytree(calibrated, tmp_path / "run")
    Rejection(3.0, 0.9, model="another").save(run / "rejection.json")
    assert load_rejection(run) is None
    load_trained(run)
    assert caplog.text.count("is of another network than") == 1


@pytest.mark.slow
def test_background_is_what_no_label_touches(trained, motion, tmp_path):
    network, clip, labels, _ = load_trained(trained)
    videos = sorted(str(path) for path in (motion / "val").rglob("*.avi"))[:2]
    free = background_windows(network, clip, labels, videos[0])
    assert len(free.windows) > 1
    assert free.hours > 0
    assert free.skipped == []
    (tmp_path / "s.csv").write_text("video,start,end,label\n" + "".join(
        f"{video},{times},up\n" for video, times in zip(videos, ("0,0.05", "0,100"))))
    some = background_windows(network, clip, labels, str(tmp_path / "s.csv"))
    assert {video for video, _, _ in some.windows} == {videos[0]} == set(some.seconds)
    assert len(some.windows) < len(free.windows)
    assert some.hours < free.hours
    (tmp_path / "gone.avi").write_bytes(b"")
    with pytest.raises(ValueError, match="Expected background"):
        background_windows(network, clip, labels, str(tmp_path / "gone.avi"))


@pytest.mark.parametrize(("flags", "words"), [
    (["--keep=0.9"], "`--keep` says what --calibrate chooses"),
    (["--calibrate", "--keep=0.9", "--alarms=1"], "Leave one out"),
    (["--calibrate", "--keep=2"], "`--keep` must be a share"),
    (["--calibrate", "--alarms=1"], "--background"),
    (["--background=x"], "Add --calibrate"),
    (["--calibrate", "--model=slow_r50", "--data=x"], "keeps what it chooses with a run"),
])
def test_what_cannot_be_chosen_is_refused_before_any_video(trained, console, flags, words):
    code, _, err = console("evaluate", f"--workdir={trained}", *flags)
    assert code == 1
    assert words in err


@pytest.mark.slow
def test_videos_trained_on_are_refused(trained, motion, tmp_path, console):
    run = shutil.copytree(trained, tmp_path / "run")
    code, _, err = console("evaluate", f"--workdir={run}", "--calibrate", f"--data={motion}", "--split=train", *FAST)
    assert code == 1
    assert "`--calibrate` needs videos that the run was not trained on. Received 16, of which 16 were." in err
    assert not (run / "rejection.json").exists()


def test_a_network_without_a_dense_layer_at_its_end_cannot_be_cooled():
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="last dense layer"):
        cool(keras.Model(inputs, keras.layers.Softmax()(keras.layers.Dense(2)(inputs))), 2.0)


@pytest.mark.slow
def test_an_export_tells_it(calibrated):
    assert rejection_facts(calibrated)["rejection"]["threshold"] == load_rejection(calibrated).threshold
    assert rejection_facts(WorkFolder(calibrated).best) == rejection_facts(calibrated)


@pytest.mark.slow
def test_a_server_answers_none_of_these_as_the_run_does(calibrated, both_answers):
    own, served = both_answers(calibrated)
    assert [row["none"] for row in served] == [row["none"] for row in own]
    np.testing.assert_allclose([row["top"][0]["score"] for row in served], [row["top"][0]["score"] for row in own],
                               atol=0.02)  # frames go as JPEG
