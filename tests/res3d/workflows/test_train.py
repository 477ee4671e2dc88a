"""`res3d train`: what it leaves, what it says, and one clear line for everything that can be wrong."""

import random
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import res3d
from res3d.commands.texts.version import revision
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.train import train
from tests.res3d.workflows.flags import settings


def test_the_work_folder_is_complete(trained):
    names = {path.name for path in trained.iterdir()}
    assert names >= {"clip.json", "labels.txt", "recipe.yaml", "run.json", "best.keras", "last.keras", "history.csv",
                     "quarantine.csv", "logs", "state.npz"}
    assert not [name for name in names if ".part" in name]
    folder = WorkFolder(trained)
    assert folder.labels == sorted(folder.labels)
    assert len(folder.history) == 1
    assert res3d.clip_of(res3d.load_model(folder.best)) == folder.clip
    assert list((trained / "logs").glob("events.*"))


def test_the_run_says_what_it_was_made_with(trained, motion):
    run = WorkFolder(trained).run
    assert run["data"] == str(motion)
    assert run["training_videos"] == 16
    assert run["validation_videos"] == 8
    assert {"python", "keras", "numpy", "res3d"} <= set(run["versions"])
    assert run["revision"] is None or len(run["revision"].rstrip("+")) == 40
    assert run["revision"] is None or run["revision"].rstrip("+") == revision().rstrip("+")


@pytest.mark.slow
def test_videos_without_splits_hold_some_out_and_a_broken_one_is_named(motion, tmp_path, console, tiny):
    data = shutil.copytree(motion / "train", tmp_path / "data")
    (data / "up" / "broken.avi").write_bytes(b"not a video at all")
    code, out, _ = console("train", "--recipe=demo", f"--data={data}", f"--workdir={tmp_path / 'run'}", *settings(tiny),
                           "--set", "data.validation_fraction=0.5")
    assert code == 0
    assert "1 videos skipped" in out
    assert "broken.avi: " in out
    assert "broken.avi" in (tmp_path / "run" / "quarantine.csv").read_text()
    folder = WorkFolder(tmp_path / "run")
    assert folder.run["training_videos"] + folder.run["validation_videos"] in (16, 17)  # the broken one on either side
    assert folder.run["validation_videos"] >= 8
    assert "val_accuracy" in folder.history[0]


@pytest.mark.slow
def test_mixing_averaging_several_clips_and_half_precision_go_together(motion, tmp_path, tiny):
    recipe = find_recipe("demo", [*tiny, "data.mixup=0.3", "data.cutmix=0.5", "data.clips_per_video=2",
                                  "optimizer.ema=0.9", "loss.label_smoothing=0.1", "data.scale=[0.5, 1.0]",
                                  "precision=mixed_bfloat16", "model.recompute_blocks=true"])
    rows = train(recipe, motion, tmp_path / "run")
    assert np.isfinite(rows[0]["loss"])


@pytest.mark.slow
def test_several_labels_a_video(motion, tmp_path, tiny):
    videos = sorted((motion / "train").rglob("*.avi"))[:8]
    lines = ["path,label,split"]
    for number, video in enumerate(videos):
        lines.append(f"{video},{'a|b' if number % 2 else 'b'},{'val' if number > 5 else 'train'}")
    (tmp_path / "several.csv").write_text("\n".join(lines) + "\n")
    recipe = find_recipe("demo", [*tiny, "loss.multi_label=true"])
    rows = train(recipe, tmp_path / "several.csv", tmp_path / "run")
    assert "val_mean_average_precision" in rows[0]


@pytest.mark.slow
def test_fine_tuning_from_a_work_folder(motion, trained, tmp_path, tiny):
    recipe = find_recipe("demo", [*tiny, f"start.weights={trained}", "start.freeze=stage3"])
    train(recipe, motion, tmp_path / "run")
    old, new = (res3d.load_model(WorkFolder(path).best) for path in (trained, tmp_path / "run"))
    np.testing.assert_array_equal(old.get_layer("stem").get_weights()[0], new.get_layer("stem").get_weights()[0])


@pytest.mark.slow
@pytest.mark.parametrize("settings", [(), ("clip.sampling=segments", "multigrid.grow_batch=false")])
def test_multigrid_training_leaves_a_plain_network(motion, tmp_path, tiny, settings):
    """What is kept has the config and the answers of a network that was built; a run that goes on repeats nothing."""
    asks = [*tiny, "data.batch_size=1", "clip.frames=12", "multigrid.long=true", "multigrid.short=true",
            "optimizer.precise_norm=2", *settings]
    recipe = find_recipe("demo", asks)
    rows = train(recipe, motion, tmp_path / "run", checkpoint_steps=1)
    assert len(rows) == recipe.epochs == 2
    kept = res3d.load_model(WorkFolder(tmp_path / "run").best)
    plain = res3d.build("r3d_10", 8, recipe.clip, width=0.125)
    plain.set_weights(kept.get_weights())
    clips = np.random.default_rng(0).integers(0, 256, (2, *recipe.clip.shape), "uint8")
    np.testing.assert_allclose(kept.predict(clips, verbose=0), plain.predict(clips, verbose=0), atol=1e-5)
    assert train(recipe, motion, tmp_path / "run") == rows


@pytest.mark.slow
def test_lists_with_their_videos_elsewhere_go_through_every_command(lists, tmp_path, console, tiny):
    folder, videos = lists
    code, _, err = console("train", "--recipe=demo", f"--data={folder}", f"--workdir={tmp_path / 'run'}",
                           *settings(tiny))
    assert code == 1
    assert "Expected at least one of the 6 videos" in err
    where = [f"--data={folder}", f"--videos={videos}"]
    code, out, _ = console("train", "--recipe=demo", *where, f"--workdir={tmp_path / 'run'}", *settings(tiny),
                           "--set", "data.validation_split=test")
    assert code == 0
    assert "0 videos skipped" in out
    run = WorkFolder(tmp_path / "run").run
    assert (run["training_videos"], run["validation_videos"], run["lists"]) == (4, 2, {"videos": str(videos)})
    code, out, _ = console("evaluate", f"--workdir={tmp_path / 'run'}")
    assert code == 0
    assert "2 videos, 0 skipped" in out
    file = tmp_path / "f.npz"
    assert console("features", f"--model={tmp_path / 'run'}", *where, "--fold=2", "--split=test",
                   f"--output={file}")[0] == 0
    assert all(str(videos) in video for video in np.load(file)["videos"])
    assert len(np.load(file)["videos"]) == 4


@pytest.mark.slow
def test_overwriting_starts_anew_with_other_settings(motion, trained, tmp_path, tiny):
    run = shutil.copytree(trained, tmp_path / "run")
    rows = train(find_recipe("demo", [*tiny, "seed=9", f"start.weights={run}"]), motion, run, overwrite=True)
    assert [row["epoch"] for row in rows] == [1]
    assert WorkFolder(run).recipe.seed == 9


@pytest.mark.slow
def test_what_was_skipped_before_stays_listed_when_the_run_goes_on(motion, trained, tmp_path, console, tiny):
    run = shutil.copytree(trained, tmp_path / "run")
    with open(run / "quarantine.csv", "a") as file:
        file.write("left/broken.avi,the file is empty\n")
    code, out, _ = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={run}", *settings(tiny))
    assert code == 0
    assert "1 videos skipped" in out
    assert "left/broken.avi" in (run / "quarantine.csv").read_text()


@pytest.mark.slow
def test_a_folder_of_a_few_real_clips_runs_to_a_model(clips, tmp_path, console, tiny):
    chosen = {"archery": ["ucf101_Archery.avi", "ucf101_Archery.webm"],
              "cleaning pool": ["k400_cleaning_pool.mp4", "k400_cleaning_pool_part0.mp4"],
              "baseball": ["baseball.mp4"], "pancake": ["kinetics_flipping_pancake.mkv"]}
    for label, names in chosen.items():
        (tmp_path / "data" / label).mkdir(parents=True)
        for name in names:
            shutil.copy(clips / "action" / name, tmp_path / "data" / label)
    code, out, _ = console("train", "--recipe=demo", f"--data={tmp_path / 'data'}", f"--workdir={tmp_path / 'run'}",
                           *settings(tiny), "--set", "data.flip=true")
    assert code == 0
    assert "0 videos skipped" in out
    assert WorkFolder(tmp_path / "run").labels == sorted(chosen)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_change_nothing(motion, tmp_path, tiny):
    """Two of whole processes, which take long to begin; tests/res3d/training breaks off at every kind of step."""
    rich = [*tiny, "schedule.epochs=5", "optimizer.ema=0.9", "data.mixup=0.2", "model.dropout=0.3",
            "optimizer.accumulate=2", "data.batch_size=4", "clip.sampling=segments", "data.temporal_crop=0.25"]
    flags = ["train", "--recipe=demo", f"--data={motion}", "--deterministic", "--checkpoint_steps=1", *settings(rich)]
    command = [sys.executable, "-m", "res3d.commands.main", *flags]
    subprocess.run([*command, f"--workdir={tmp_path / 'a'}"], check=True, capture_output=True, timeout=600)
    state, draw = tmp_path / "b" / "state.npz", random.Random(1)
    for _ in range(2):
        process = subprocess.Popen([*command, f"--workdir={tmp_path / 'b'}"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        before = state.stat().st_mtime_ns if state.exists() else 0
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline and (
                not state.exists() or state.stat().st_mtime_ns == before):
            time.sleep(0.005)
        time.sleep(draw.random() * 0.15)
        process.kill()
        process.wait()
    subprocess.run([*command, f"--workdir={tmp_path / 'b'}"], check=True, capture_output=True, timeout=600)
    assert (tmp_path / "a" / "history.csv").read_bytes() == (tmp_path / "b" / "history.csv").read_bytes()
