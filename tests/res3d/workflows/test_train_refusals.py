"""`res3d train` says in one clear line whatever is wrong, before anything is written."""

import re
import shutil

import pytest

import res3d
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import save_model
from tests.res3d.workflows.flags import settings


def errors():
    yield "unknown model", ["--set", "model.name=r3d_81"], r"`model.name` must be one of.*Received: 'r3d_81'"
    yield "unknown field", ["--set", "optimizer.raet=1"], r"no field 'optimizer.raet'. Did you mean 'rate'\?"
    yield "long clip", ["--set", "clip.frames=64"], "at least as long as a clip of 64 frames"
    yield "many parts", ["--sampling=segments", "--set", "clip.frames=64"], "as many frames as a clip has parts, 64"
    yield "crop in time", ["--set", "data.temporal_crop=0.5"], "temporal_crop` needs clip.sampling='segments'"
    yield "protocol of parts", ["--set", "protocol=tsm_2x3"], "tsm_2x3 is for networks that take one frame of each of"
    yield "protocol of all", ["--sampling=segments", "--set", "protocol=full_video"], "full_video takes every frame"
    yield "several labels", ["--set", "loss.multi_label=true"], "`loss.multi_label` must fit the data"
    yield "no weights", ["--weights=/nowhere.keras"], "Weights must come from a work folder"
    yield "devices", ["--devices=64"], "`--devices` must be 1 to"
    yield "accumulation", ["--devices=1", "--set", "optimizer.accumulate=2"], "accumulate` must be 1 with --devices"
    yield "recomputing on devices", ["--devices=1", "--set", "model.recompute_blocks=true"], "for one device a process"
    yield "recomputing nothing", ["--set", "model.name=plain3d_5", "--set", "clip.frames=8",
                                  "--set", "model.recompute_blocks=true"], "has none"
    coarse = ["--set", "multigrid.short=true"]
    yield "multigrid on devices", [*coarse, "--devices=1"], "`multigrid` is for one device. Received: --devices=1"
    yield "multigrid of few videos", coarse, r"up to 4 times data.batch_size.*=8 for 16 videos. Use 4 or fewer"
    yield "multigrid of frames", [*coarse, "--set", "model.name=resnet_10", "--set", "data.batch_size=2"], (
        "needs a network that sees clips, and not frames one by one")
    yield "multigrid of tiny clips", ["--set", "multigrid.long=true", "--set", "data.batch_size=2"], (
        "makes clips of 1x23x23 out of 4x32x32. The strides of r3d_10 need")
    yield "processes", ["--process_count=2"], "train together on the JAX backend only"
    yield "one of how many", ["--process_id=1"], "give all of them the same --process_count, 2 or more. Received: 1"
    yield "no process", ["--process_count=0"], "give all of them the same --process_count, 2 or more. Received: 0"
    yield "protocol", ["--set", "protocol=slowfast_10x4"], "slowfast_10x3"
    yield "determinism", ["--deterministic", "--set", "precision=mixed_bfloat16"], "needs precision=float32 on a CPU"
    yield "monitor", ["--set", "stop.monitor=val_acuracy"], "`stop.monitor` must be auto or one of loss, accuracy"


@pytest.mark.parametrize(("flags", "words"), [pytest.param(flags, words, id=name) for name, flags, words in errors()])
def test_what_is_wrong_is_one_line(motion, tmp_path, console, tiny, flags, words):
    code, _, err = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={tmp_path / 'run'}",
                           *settings(tiny), *flags)
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith("res3d train: error: ")
    assert re.search(words, line), line


def test_a_folder_with_no_usable_video(tmp_path, console, tiny):
    for label in ("a", "b"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for name in ("x.avi", "y.avi"):
            (tmp_path / "data" / label / name).write_bytes(b"nonsense")
    code, _, err = console("train", "--recipe=demo", f"--data={tmp_path / 'data'}", f"--workdir={tmp_path / 'run'}",
                           *settings(tiny))
    assert code == 1
    assert "Expected at least one video that decodes. None of 2 does" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("split", "words"), [
    ("train", "Each class needs a video to train on. 1 of 2 have none: 'b'"),
    ("test", "Expected videos in split 'train'. The data set has test: 1, val: 1. Name one of those"),
])
def test_a_class_or_all_without_training_videos(motion, tmp_path, console, tiny, split, words):
    video = next((motion / "train").rglob("*.avi"))
    (tmp_path / "m.csv").write_text(f"path,label,split\n{video},a,{split}\n{video},b,val\n")
    code, _, err = console("train", "--recipe=demo", f"--data={tmp_path / 'm.csv'}", f"--workdir={tmp_path / 'run'}",
                           *settings(tiny))
    assert code == 1
    assert words in err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width", "words"), [
    ("best.keras", 0.25, "must be those of the same network. Only there: stem"),
    ("run", 0.25, "must be those of the same network. Only there: stem"),
    ("cut.keras", None, "Weights in a .keras file must be whole. Received: '"),
    ("cut.pth", None, "cut.pth"),
    ("empty", None, "A work folder of `res3d train` must hold last.keras"),
])
def test_weights_of_another_network_and_what_is_none(motion, tmp_path, console, tiny, name, width, words):
    source = tmp_path / name
    if width is None and not source.suffix:
        source.mkdir()
    elif width is None:
        source.write_bytes(b"PK\x03\x04 and no more")
    else:
        file = source if source.suffix else source / "best.keras"
        file.parent.mkdir(exist_ok=True)
        clip = find_recipe("demo", tiny).clip
        save_model(res3d.build("r3d_10", 8, clip, width=width), file)
    code, _, err = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={tmp_path / 'mine'}",
                           f"--weights={source}", *settings(tiny))
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith("res3d train: error: ")
    assert words in line
    assert not (tmp_path / "mine" / "recipe.yaml").exists()  # the corrected command finds no other run


def test_a_work_folder_of_another_recipe(motion, trained, console, tiny):
    code, _, err = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={trained}", *settings(tiny),
                           "--set", "seed=9")
    assert code == 1
    assert "holds a run with another recipe. It differs in seed: 0 -> 9" in err


@pytest.mark.parametrize("wrong", ["--data=/nowhere", "--weights=/nowhere.keras", "--devices=64"])
def test_a_start_that_fails_overwrites_nothing(motion, trained, tmp_path, console, tiny, wrong):
    run = shutil.copytree(trained, tmp_path / "run")
    code, _, _ = console("train", "--recipe=demo", f"--data={motion}", f"--workdir={run}", *settings(tiny),
                         "--overwrite", wrong)
    assert code == 1
    assert {path.name for path in run.iterdir()} == {path.name for path in trained.iterdir()}
