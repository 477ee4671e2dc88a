"""A work folder becomes a preset that says what `res3d evaluate` measured."""

import json

import pytest

import res3d
from res3d.workflows.export import export_preset

CLIP = res3d.ClipSpec(4, 1, None, 32, 32)
SEVERAL = {"mean_average_precision": 0.5, "top1": 0.745831, "top5": 1.0, "mean_class_accuracy": 0.625}
ONE = {name: SEVERAL[name] for name in ("top1", "top5", "mean_class_accuracy")}


@pytest.fixture
def folder(tmp_path):
    """The files of a work folder that a preset is made of, without figures."""
    res3d.build("resnet_10", 3, CLIP, width=0.125).save(tmp_path / "best.keras")
    CLIP.save(tmp_path / "clip.json")
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("measured", [pytest.param(ONE, id="a label each"),
                                      pytest.param(SEVERAL, id="several labels", marks=pytest.mark.slow)])
def test_figures_are_in_percent_as_those_of_publishers(folder, measured):
    metrics = {**measured, "protocol": "centre", "videos": 8, "seconds": 1.5}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    said = export_preset(folder, folder / "preset")
    (result,) = said["results"]
    assert (result.pop("dataset"), result.pop("protocol")) == ("own videos", "centre, 8 videos")
    assert result == {name: round(100 * value, 2) for name, value in measured.items()}
    assert result["top1"] == 74.58
    assert res3d.origin_of(res3d.load_preset(folder / "preset")).top1 == 74.58


@pytest.mark.slow
def test_what_was_not_evaluated_has_no_figures(folder):
    assert export_preset(folder, folder / "preset")["results"] == []
