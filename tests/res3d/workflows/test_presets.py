"""Wherever a model is asked for, a preset folder is one."""

import json
import pathlib

import numpy as np
import pytest

import res3d
from res3d.workflows.export import exported
from res3d.workflows.start import load_start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def preset(trained, tmp_path_factory):
    """The preset of a work folder; read it, do not write to it."""
    folder = tmp_path_factory.mktemp("presets") / "motions"
    labels = (trained / "labels.txt").read_text().split()
    res3d.save_preset(res3d.load_model(trained / "best.keras"), folder, labels=labels)
    return folder


def test_predict_as_the_run_does(preset, trained, motion, console):
    video = sorted(motion.rglob("*.avi"))[0]
    told = [json.loads(console("predict", video, f"--model={model}", "--json")[1])[0] for model in (preset, trained)]
    assert told[0]["top"] == told[1]["top"]
    assert len(told[0]["top"]) == 5


def test_features_as_of_the_run(preset, trained, motion, tmp_path, console):
    for name, model in (("a", preset), ("b", trained)):
        code, _, _ = console("features", f"--model={model}", f"--data={motion}", "--split=val",
                             f"--output={tmp_path / name}.npz")
        assert code == 0
    ours, theirs = (np.load(tmp_path / f"{name}.npz") for name in "ab")
    np.testing.assert_array_equal(ours["head_pool"], theirs["head_pool"])


def test_evaluate_as_the_run_is(preset, trained, motion, tmp_path, console):
    code, out, err = console("evaluate", f"--model={preset}", f"--data={motion}", "--split=val", "--nobaselines",
                             "--noleaks", f"--workdir={tmp_path / 'figures'}", "--protocol=centre")
    assert code == 0, err
    metrics = json.loads((tmp_path / "figures" / "metrics.json").read_text())
    assert out.startswith(f"top1 {100 * metrics['top1']:.2f} %")
    assert (metrics["videos"], metrics["protocol"]) == (8, "centre")
    assert (tmp_path / "figures" / "report.html").is_file()
    code, _, err = console("evaluate", f"--model={preset}", f"--data={motion}", f"--workdir={trained}")
    assert code == 1
    assert "which holds no run. Received:" in err
    code, _, err = console("evaluate", f"--model={preset}", f"--workdir={tmp_path / 'other'}")
    assert code == 1
    assert "`data` must name videos, since a model does not say what it was trained on" in err
    assert not (tmp_path / "other").exists()


def test_weights_to_train_from(preset, trained):
    model, other = res3d.load_model(trained / "best.keras"), res3d.load_model(trained / "best.keras")
    other.set_weights([np.zeros(weight.shape, weight.dtype) for weight in other.get_weights()])
    assert load_start(other, preset) == []
    for ours, theirs in zip(other.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), ours.path)


def test_to_serve_it_is_exported_once(preset, trained, tmp_path, monkeypatch):
    asked = []

    def export(workdir, model, output):
        asked.append((workdir, model))
        (pathlib.Path(output) / "1").mkdir()

    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("res3d.workflows.export.export", export)
    folders = [exported(str(model)) for model in (preset, preset, trained, trained / "best.keras")]
    assert asked == [(None, str(preset)), (str(trained), None), (None, str(trained / "best.keras"))]
    assert folders[0] == folders[1]
    assert [pathlib.Path(folder).name for folder in folders[1:]] == ["motions", "trained", "best"]
    assert len({pathlib.Path(folder).parent for folder in folders}) == 3


def test_an_export_has_the_presets_labels(preset, tmp_path, monkeypatch):
    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    exported(str(preset))
    card = json.loads(next((tmp_path / "home").rglob("model_card.json")).read_text())
    assert card["labels"] == list(res3d.origin_of(res3d.load_preset(preset)).labels)
