"""A network by name with weights by name, from an empty cache, and what is known of it."""

import csv
import inspect
import pathlib

import numpy as np
import pytest

import res3d
from tests.golden import formula

pytestmark = pytest.mark.usefixtures("home")


def test_weights_by_name():
    model = res3d.build("x3d_xs", weights="kinetics400")
    origin = res3d.origin_of(model)
    assert model.output_shape == (None, 400)
    assert res3d.clip_of(model) == origin.clip == res3d.preset("x3d_xs")
    assert origin.labels[:2] == ("abseiling", "air drumming")
    assert (origin.name, origin.metric, origin.top1) == ("x3d_xs/pytorchvideo/kinetics400", "top-1", 69.12)
    assert origin.protocol == "Kinetics-400 val, 10 clips x 3 crops of 256"
    bias = next(weight for weight in model.weights if weight.path == "logits/bias")
    np.testing.assert_array_equal(bias.numpy(), formula.tensor("blocks.5.proj.bias", (400,)))


@pytest.mark.slow
def test_other_classes_get_a_new_classifier(mirror):
    clip = res3d.ClipSpec(frames=4, height=64, width=64)
    path = next(pathlib.Path(mirror).rglob("*.pyth"))
    model = res3d.build("x3d_xs", 7, clip, weights=path)
    assert model.output_shape == (None, 7)
    assert res3d.origin_of(model).labels is None
    assert res3d.origin_of(model).name == "x3d_xs/pytorchvideo/kinetics400"
    bias = next(weight for weight in model.weights if weight.path == "logits/bias")
    assert not np.any(bias.numpy())


@pytest.mark.slow
def test_a_model_of_ones_own(tmp_path):
    clip = res3d.ClipSpec(frames=4, height=32, width=32)
    first = res3d.build("r3d_10", 5, clip, width=0.125)
    first.save(tmp_path / "m.keras")
    second = res3d.build("r3d_10", weights=tmp_path / "m.keras", width=0.125)
    assert res3d.clip_of(second) == clip
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert res3d.origin_of(first) is None


@pytest.mark.slow
def test_own_rows(tmp_path, monkeypatch, mirror):
    (tmp_path / "mine.txt").write_text("\n".join(f"class {i}" for i in range(400)))
    row = {"network": "x3d_xs", "tag": "mine", "address": next(pathlib.Path(mirror).rglob("*.pyth")),
           "classes": 400, "labels": "mine.txt", "clip": "x3d_xs", "top1": "12.5", "protocol": "mine"}
    with open(tmp_path / "own.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    monkeypatch.setenv("RES3D_CATALOG", str(tmp_path / "own.csv"))
    origin = res3d.origin_of(res3d.build("x3d_xs", weights="own/mine"))
    assert (origin.name, origin.labels[399], origin.top1) == ("x3d_xs/own/mine", "class 399", 12.5)


def test_errors():
    with pytest.raises(ValueError, match=r"Published weights of x3d_xs are .*Received: 'kinetics4000'"):
        res3d.build("x3d_xs", weights="kinetics4000")
    with pytest.raises(FileNotFoundError, match=r"Expected weights at 'none.pth'"):
        res3d.build("x3d_xs", weights="none.pth")
    with pytest.raises(res3d.weights.FetchError, match=r"X3D_S.pyth"):
        res3d.build("x3d_s", weights="kinetics400")


def test_it_takes_what_a_network_without_weights_takes():
    ours, theirs = (dict(inspect.signature(build).parameters) for build in (res3d.build, res3d.networks.build))
    del ours["weights"]
    assert ours == theirs
