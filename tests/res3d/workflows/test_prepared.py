"""A prepared folder does wherever videos do: training, evaluation, features and prediction."""

import json
import pathlib
import shutil

import numpy as np
import pytest

from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.video import reading
from res3d.evaluation.predictions import Predictions
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.ask import find_videos
from res3d.workflows.predict import predict
from res3d.workflows.scoring import middle_clip
from res3d.workflows.train import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(motion, trained, tmp_path_factory):
    """The generated videos as records."""
    folder = tmp_path_factory.mktemp("prepared") / "records"
    prepare(motion, folder, PrepareOptions(WorkFolder(trained).clip, quality=95), workers=1)
    return folder


@pytest.fixture(scope="module")
def run(prepared, tiny, tmp_path_factory):
    """A work folder after one epoch on the records."""
    folder = tmp_path_factory.mktemp("runs") / "of_records"
    train(find_recipe("demo", tiny), prepared, folder)
    return folder


def test_it_trains_on_records_as_on_videos(run, trained, prepared):
    mine, other = WorkFolder(run), WorkFolder(trained)
    assert mine.labels == other.labels
    assert mine.run["data"] == str(prepared)
    assert (mine.run["training_videos"], mine.run["validation_videos"]) == (16, 8)
    # The same clips in the same order; a JPEG more lies between them.
    assert mine.history[0]["loss"] == pytest.approx(other.history[0]["loss"], rel=0.05)


def test_it_evaluates_the_records_of_the_run(run, console):
    code, out, _ = console("evaluate", f"--workdir={run}", "--protocol=torchvision_5")
    assert code == 0
    assert "8 videos, 0 skipped, protocol torchvision_5" in out
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/") >= 8  # stills, of the records: no video is called as their names say
    assert len(set(Predictions.load(run / "predictions.csv").videos)) == 8


def test_scores_are_those_of_the_videos(trained, motion, prepared):
    found = {item["video"]: item for item in predict(trained, [prepared], top=8)}
    videos = {item["video"]: item for item in predict(trained, [motion], top=8)}
    assert len(found) == len(videos) == 24
    for path, item in videos.items():
        (mine,) = (record for name, record in found.items() if path.endswith(name))
        scores = [{row["label"]: row["score"] for row in rows["top"]} for rows in (item, mine)]
        assert max(abs(scores[0][label] - scores[1][label]) for label in scores[0]) < 0.02


def test_features_of_records(run, prepared, tmp_path, console):
    code, _, _ = console("features", f"--model={run}", f"--data={prepared}", "--split=val",
                         f"--output={tmp_path / 'f.npz'}")
    assert code == 0
    assert np.load(tmp_path / "f.npz")["head_pool"].shape[0] == 8


@pytest.fixture
def alone(prepared, tmp_path):
    """A prepared folder whose videos are not at hand, and the name of one."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(prepared, folder)
    return folder, read_manifest(folder).entries[5].path


def test_one_record_is_named_and_explained_by_its_own_frames(trained, alone, tmp_path, console):
    folder, name = alone
    assert not pathlib.Path(name).exists()
    code, out, _ = console("predict", folder / name, f"--model={trained}", "--json",
                           f"--explain={tmp_path / 'heat.avi'}")
    assert code == 0
    (found,) = json.loads(out)
    assert found["video"] == name
    clip = WorkFolder(trained).clip
    pixels, rate = middle_clip(*find_videos([folder / name]), clip)
    assert pixels.shape == clip.shape
    made = reading.probe(tmp_path / "heat.avi")
    assert (made.num_frames, made.height) == (clip.frames, 336)
    assert made.fps == pytest.approx(rate)


def test_a_name_that_no_record_has(trained, alone, console):
    code, _, err = console("predict", alone[0] / "val" / "none.avi", f"--model={trained}")
    assert code == 1
    assert "none of the videos could be classified" in err


def test_a_heat_map_of_a_prepared_folder_takes_one_video(trained, alone, tmp_path, console):
    code, _, err = console("predict", alone[0], f"--model={trained}", f"--explain={tmp_path / 'heat.avi'}")
    assert code == 1
    assert "`--explain` takes one video that can be classified. Received 24: " in err
    assert "Name one; that of a prepared folder is PREPARED/NAME." in err


def test_a_preparation_that_is_not_finished(trained, tmp_path, console):
    (tmp_path / "records" / ".prepare").mkdir(parents=True)
    for command in (["predict", tmp_path / "records", f"--model={trained}", "--json"],
                    ["evaluate", f"--workdir={trained}", f"--data={tmp_path / 'records'}"]):
        code, _, err = console(*command)
        assert code == 1
        assert "is not finished. Run the same `res3d prepare` again" in err.strip().splitlines()[-1]
