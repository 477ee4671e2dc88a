"""`res3d evaluate`: files written, figures right for every protocol, and clear refusals."""

import json
import shutil

import pytest

import res3d
from pipelines.sample import protocols
from res3d.evaluation.predictions import Predictions
from res3d.training.workfolder import WorkFolder, save_model
from res3d.workflows.evaluate import evaluate


@pytest.fixture
def copy(trained, tmp_path):
    """A work folder of one's own."""
    return shutil.copytree(trained, tmp_path / "run")


def test_the_three_files_and_what_metrics_promise(copy, console):
    code, out, _ = console("evaluate", f"--workdir={copy}")
    assert code == 0
    assert "8 videos, 0 skipped, protocol centre" in out
    metrics = json.loads((copy / "metrics.json").read_text())
    assert set(metrics) >= {"top1", "top5", "mean_class_accuracy", "videos", "skipped", "protocol", "seconds",
                            "clip_top1", "calibration_error", "missing", "clips"}
    assert (metrics["videos"], metrics["skipped"], metrics["protocol"]) == (8, 0, "centre")
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "Confusion matrix" in page
    assert "Length of the videos: 8 values from " in page
    assert "epochs: 1" in page
    assert len(Predictions.load(copy / "predictions.csv").videos) == 8
    assert not list(copy.glob("*.part"))


@pytest.mark.slow
def test_figures_and_protocols_as_json(copy, console):
    code, out, _ = console("evaluate", f"--workdir={copy}", "--json", "--nobaselines", "--noleaks")
    assert code == 0
    assert json.loads(out) == json.loads((copy / "metrics.json").read_text())
    code, out, _ = console("evaluate", "--protocol=list", "--json")
    assert [row["name"] for row in json.loads(out)] == list(protocols.PROTOCOLS)


@pytest.mark.slow
def test_a_broken_video_is_counted(copy, motion, tmp_path, console):
    data = shutil.copytree(motion / "val", tmp_path / "val")
    (data / "up" / "broken.avi").write_bytes(b"RIFF")
    code, out, _ = console("evaluate", f"--workdir={copy}", f"--data={data}")
    assert code == 0
    assert "8 videos, 1 skipped" in out
    assert "broken.avi: " in out


@pytest.mark.slow
def test_runs_are_compared_and_explained(copy, tmp_path):
    evaluate(copy, progress=False)
    other = shutil.copytree(copy, tmp_path / "other")
    evaluate(other, compare=[copy], explain=True, progress=False)
    page = (other / "report.html").read_text(encoding="utf-8")
    assert f"{copy}</th>" in page
    assert "Where it looks in " in page


@pytest.mark.parametrize(("flags", "words"), [
    (["--protocol=centr"], "A protocol is one of centre"),
    (["--split=test"], "Expected videos in split 'test'"),
    (["--compare=/nowhere"], "A run to compare with must have been evaluated"),
    (["--data=/nowhere"], "Nothing exists at '/nowhere'"),
])
def test_what_is_wrong_is_one_line(copy, console, flags, words):
    code, _, err = console("evaluate", f"--workdir={copy}", *flags)
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith("res3d evaluate: error: ")
    assert words in line
    assert not (copy / "predictions.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "span"), [("slowfast_10x3", 4), ("torchvision_5", 4), ("tsn_25x10", 28)])
def test_all_videos_too_short_for_the_protocol(copy, motion, tmp_path, console, protocol, span):
    lines = [f"{path},{path.parent.name},0,0.1\n" for path in sorted((motion / "val").rglob("*.avi"))]
    (tmp_path / "m.csv").write_text("path,label,start,end\n" + "".join(lines))
    code, _, err = console("evaluate", f"--workdir={copy}", f"--data={tmp_path / 'm.csv'}", f"--protocol={protocol}")
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith(f"res3d evaluate: error: Expected longer videos: protocol {protocol} takes at least {span} "
                           f"frames. The longest of 8, '{motion}")
    assert ", has 3. Evaluate others, or train on a clip of fewer frames or a smaller stride." in line
    assert not (copy / "metrics.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "said", "counts"), [
    ("torchvision_5", "protocol torchvision_5 takes at least 4 frames, and it has ", (1, 1, 0)),
    ("centre", "1 of 2 videos have fewer than the 4 frames that protocol centre takes", (2, 0, 1))])
def test_a_video_too_short_is_left_out_or_told(copy, motion, tmp_path, console, caplog, protocol, said, counts):
    videos = sorted((motion / "val").rglob("*.avi"))[:2]
    (tmp_path / "m.csv").write_text(f"path,label,start,end\n{videos[0]},up,,\n{videos[1]},up,0,0.1\n")
    code, out, err = console("evaluate", f"--workdir={copy}", f"--data={tmp_path / 'm.csv'}", f"--protocol={protocol}")
    assert code == 0
    assert said in out + err + caplog.text
    metrics = json.loads((copy / "metrics.json").read_text())
    assert (metrics["videos"], metrics["skipped"], metrics["padded"]) == counts


def test_labels_that_the_network_does_not_know(copy, motion, tmp_path, console):
    video_file = next((motion / "val").rglob("*.avi"))
    (tmp_path / "m.csv").write_text(f"path,label\n{video_file},juggling\n")
    code, _, err = console("evaluate", f"--workdir={copy}", f"--data={tmp_path / 'm.csv'}")
    assert code == 1
    assert "Received label 'juggling'" in err


def test_labels_that_do_not_fit_the_head(copy, console):
    (copy / "labels.txt").write_text("a\nb\n")
    code, _, err = console("evaluate", f"--workdir={copy}")
    assert code == 1
    assert "The network has 8 classes, so 8 labels must go with it. Received 2: a, b" in err


@pytest.mark.slow
def test_a_model_of_other_classes(copy, console):
    save_model(res3d.build("r3d_10", 3, WorkFolder(copy).clip, width=0.125), copy / "best.keras")
    code, _, err = console("evaluate", f"--workdir={copy}")
    assert code == 1
    assert "The network has 3 classes, so 3 labels must go with it. Received 8: anticlockwise" in err


@pytest.mark.slow
def test_a_model_of_other_clips(copy, console):
    clip = WorkFolder(copy).clip
    save_model(res3d.build("r3d_10", 8, clip.replace(frames=8), width=0.125), copy / "best.keras")
    code, _, err = console("evaluate", f"--workdir={copy}")
    assert code == 1
    line = err.strip().splitlines()[-1]
    assert line.startswith("res3d evaluate: error: The network of a run must take the clips of its clip.json: ClipSpec")
    assert line.endswith("Put the run's own model there.")


@pytest.mark.parametrize("file", ["best.keras", "labels.txt"])
def test_a_file_is_no_work_folder(trained, console, file):
    code, _, err = console("evaluate", f"--workdir={trained / file}")
    assert code == 1
    assert f"A work folder of `res3d train` must hold recipe.yaml. '{trained / file}' does not." in err


@pytest.mark.slow
def test_a_network_that_gives_no_numbers_is_wrong_and_said(sick, tmp_path, console, caplog):
    run = shutil.copytree(sick, tmp_path / "run")
    assert console("evaluate", f"--workdir={run}")[0] == 0
    assert "the network gives no numbers (NaN or infinity) for 8 of 8 videos, such as '" in caplog.text
    metrics = json.loads((run / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["top1"] == metrics["top5"] == metrics["mean_class_accuracy"] == metrics["clip_top1"] == 0.0


def test_several_labels_do_not_fit_a_run_of_one(copy, motion, tmp_path, console):
    videos = sorted((motion / "val").rglob("*.avi"))[:2]
    (tmp_path / "m.csv").write_text(f"path,label\n{videos[0]},up\n{videos[1]},up|down\n")
    code, _, err = console("evaluate", f"--workdir={copy}", f"--data={tmp_path / 'm.csv'}")
    assert code == 1
    assert "The videos must have one label each, as those that '" in err
    assert f"Received: several for 1 of 2, such as '{videos[1]}'. Evaluate a run of loss.multi_label=true" in err


def test_videos_without_a_label_have_no_figures_with_several_labels_either(copy, motion, tmp_path, console):
    (copy / "recipe.yaml").write_text((copy / "recipe.yaml").read_text().replace("multi_label: false",
                                                                                 "multi_label: true"))
    (tmp_path / "m.csv").write_text(f"path,labels\n{next((motion / 'val').rglob('*.avi'))},\n")
    code, _, err = console("evaluate", f"--workdir={copy}", f"--data={tmp_path / 'm.csv'}")
    assert code == 1
    assert "needs a label" in err or "Expected a label" in err


@pytest.mark.slow
def test_without_the_validation_split_what_was_not_trained_on_is_evaluated(copy, lists, console):
    """UCF101 and HMDB51 have `train` and `test`; the figures of both together would say nothing."""
    folder, videos = lists
    (copy / "labels.txt").write_text("left\nright\n")
    run = json.loads((copy / "run.json").read_text()) | {"data": str(folder), "lists": {"videos": str(videos)}}
    (copy / "run.json").write_text(json.dumps(run))
    (copy / "split.csv").unlink()  # of the videos that it really was trained on
    save_model(res3d.build("r3d_10", 2, WorkFolder(copy).clip, width=0.125), copy / "best.keras")
    code, out, _ = console("evaluate", f"--workdir={copy}")
    assert code == 0
    assert out.splitlines()[1].startswith("2 videos, 0 skipped")
    code, out, _ = console("evaluate", f"--workdir={copy}", "--fold=2")
    assert out.splitlines()[1].startswith("4 videos, 0 skipped")


def test_a_model_cut_short(copy, console):
    (copy / "best.keras").write_bytes((copy / "best.keras").read_bytes()[:1000])
    code, _, err = console("evaluate", f"--workdir={copy}")
    assert code == 1
    assert f"A model must be a whole .keras file. Received: '{copy / 'best.keras'}'" in err


def test_a_folder_that_is_no_run(tmp_path, console):
    code, _, err = console("evaluate", f"--workdir={tmp_path}")
    assert code == 1
    assert "must hold recipe.yaml" in err
